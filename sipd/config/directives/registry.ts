/** The directives of the registry: whether registrations are kept, and in which file. */
import { list, one } from '../declare/directive.ts'
import { fileName, hex, onOff, path, port, readHost, whole, words } from '../declare/kinds.ts'

const farmToCome = 'farms are not implemented yet'

export const registry = {
  Cisco_Registry: one(onOff, 'On', {
    help: 'Accept registrations; with Off, REGISTER is answered with 405.',
    changes: 'reload',
    inForce: true,
  }),
  Cisco_Registry_Use_Virtual_Proxy_Host: one(onOff, 'On', {
    help: 'Accept registrations for the domains of <VirtualProxyHost> too.',
    changes: 'reload',
    inForce: true,
  }),
  Cisco_Registry_Shared_Memory_Address: one(hex(0xffff_ffff), '0x30000000', {
    help: 'The address of the shared memory for registrations.',
    changes: 'restart',
    inForce: 'sipd uses no shared memory',
  }),
  Cisco_Registry_Rendezvous_Name: one(fileName, 'registry_db', {
    help: 'The file that keeps registrations.',
    changes: 'restart',
    inForce: true,
  }),
  Cisco_Registry_Rendezvous_Directory: one(path, 'data/sipd', {
    help: 'The folder of that file.',
    changes: 'restart',
    inForce: true,
  }),
  Cisco_Registry_Remote_Update_Port: one(port, '22913', {
    help: 'The port on which members of a farm exchange registrations.',
    changes: 'restart',
    inForce: farmToCome,
  }),
  Cisco_Registry_Farm_Members: list(
    words('host', (name) => readHost(name) !== undefined),
    {
      help: 'The other members of the farm.',
      changes: 'restart',
      inForce: farmToCome,
    },
  ),
  Cisco_Registry_Max_DB_Age_on_Boot: one(whole(1, 4_294_967_295, 's'), '86400', {
    help: 'How old the file of registrations may be at a start; an older one is not read. Set at least RegistrarMaxExpires, or valid registrations are lost.',
    changes: 'restart',
    inForce: true,
  }),
} as const
