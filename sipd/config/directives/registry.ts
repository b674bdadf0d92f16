/** The directives of the registry: whether registrations are kept, and in which file. */
import { list, one } from '../declare/directive.ts'
import { fileName, hex, onOff, path, port, readHost, whole, words } from '../declare/kinds.ts'

const farmToCome = 'farms are to come'

export const registry = {
  Cisco_Registry: one(onOff, 'On', {
    help: 'Take registrations; Off answers REGISTER with 405.',
    changes: 'reload',
    inForce: true,
  }),
  Cisco_Registry_Use_Virtual_Proxy_Host: one(onOff, 'On', {
    help: 'Take registrations for the domains of <VirtualProxyHost> too.',
    changes: 'reload',
    inForce: true,
  }),
  Cisco_Registry_Shared_Memory_Address: one(hex(0xffff_ffff), '0x30000000', {
    help: 'Where registrations lie in memory.',
    changes: 'restart',
    inForce: 'no memory is shared here',
  }),
  Cisco_Registry_Rendezvous_Name: one(fileName, 'registry_db', {
    help: 'The file of the registrations.',
    changes: 'restart',
    inForce: true,
  }),
  Cisco_Registry_Rendezvous_Directory: one(path, 'data/sipd', {
    help: 'The folder of it.',
    changes: 'restart',
    inForce: true,
  }),
  Cisco_Registry_Remote_Update_Port: one(port, '22913', {
    help: 'The port on which members of a farm tell each other registrations.',
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
    help: 'How old the file may be at a start; an older one is not read. At least RegistrarMaxExpires, or registrations that still count are lost.',
    changes: 'restart',
    inForce: true,
  }),
} as const
