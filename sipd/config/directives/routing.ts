/** The directives of next-hop routing: where requests go, by patterns of their Request-URI. */
import { list, one } from '../declare/directive.ts'
import { hex, onOff, path, port, readHost, text, whole, words } from '../declare/kinds.ts'

const inForce = 'next-hop routing is not implemented yet'
const farmToCome = 'farms are not implemented yet'

export const routing = {
  Cisco_Routing: one(onOff, 'On', { help: 'Look up next hops in the routing table.', changes: 'reload', inForce }),
  Cisco_Routing_Shared_Memory_Address: one(hex(0xffff_ffff), '0x35000000', {
    help: 'The address of the shared memory for the routing table.',
    changes: 'restart',
    inForce: 'sipd uses no shared memory',
  }),
  Cisco_Routing_Rendezvous_Name: one(text('file name'), 'routing_db', {
    help: 'The file that keeps the routing table.',
    changes: 'restart',
    inForce,
  }),
  Cisco_Routing_Rendezvous_Directory: one(path, 'data', {
    help: 'The folder of that file.',
    changes: 'restart',
    inForce,
  }),
  Cisco_Routing_Remote_Update_Port: one(port, '22913', {
    help: 'The port on which members of a farm exchange changes.',
    changes: 'restart',
    inForce: farmToCome,
  }),
  Cisco_Routing_Use_Domain_Routing: one(onOff, 'Off', {
    help: 'Look up next hops by the host of the Request-URI.',
    changes: 'reload',
    inForce,
  }),
  Cisco_Routing_Farm_Members: list(
    words('host', (name) => readHost(name) !== undefined),
    {
      help: 'The other members of the farm.',
      changes: 'restart',
      inForce: farmToCome,
    },
  ),
  Cisco_Routing_Max_DB_Age_on_Boot: one(whole(1, 4_294_967_295, 's'), '86400', {
    help: 'How old the file of the routing table may be at a start.',
    changes: 'restart',
    inForce,
  }),
  Cisco_Routing_Global_Less_Specific_Route_Search: one(onOff, 'Off', {
    help: 'Try less specific patterns when all routes failed.',
    changes: 'reload',
    inForce,
  }),
} as const
