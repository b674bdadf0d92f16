/** The directives of next-hop routing: where requests go, by patterns of their Request-URI. */
import { list, one } from '../declare/directive.ts'
import { fileName, hex, onOff, path, port, readHost, whole, words } from '../declare/kinds.ts'

const noFarms = 'farms are not implemented yet'

export const routing = {
  Cisco_Routing: one(onOff, 'On', {
    help: 'Send calls by static routes: those to numbers of ours that nobody registered. `castellan routes` shows and changes them.',
    changes: 'reload',
    inForce: true,
  }),
  Cisco_Routing_Shared_Memory_Address: one(hex(0xffff_ffff), '0x35000000', {
    help: 'Where the table lies in memory.',
    changes: 'restart',
    inForce: 'no memory is shared here',
  }),
  Cisco_Routing_Rendezvous_Name: one(fileName, 'routing_db', {
    help: 'The file of the routes.',
    changes: 'reload',
    inForce: true,
  }),
  Cisco_Routing_Rendezvous_Directory: one(path, 'data/sipd', {
    help: 'The folder of it. Cisco SIP Proxy Server 2.2 has data.',
    changes: 'reload',
    inForce: true,
  }),
  Cisco_Routing_Remote_Update_Port: one(port, '22913', {
    help: 'The port on which members of a farm tell each other changes.',
    changes: 'restart',
    inForce: noFarms,
  }),
  Cisco_Routing_Use_Domain_Routing: one(onOff, 'Off', {
    help: 'Send requests to other domains by static routes of type ip: the longest suffix of the host of the Request-URI.',
    changes: 'reload',
    inForce: true,
  }),
  Cisco_Routing_Farm_Members: list(
    words('host', (name) => readHost(name) !== undefined),
    {
      help: 'The other members of the farm.',
      changes: 'restart',
      inForce: noFarms,
    },
  ),
  Cisco_Routing_Max_DB_Age_on_Boot: one(whole(1, 4_294_967_295, 's'), '86400', {
    help: 'How old the file may be at a start.',
    changes: 'restart',
    inForce: 'routes stay until somebody removes them, however old the file is: nobody would enter them again',
  }),
  Cisco_Routing_Global_Less_Specific_Route_Search: one(onOff, 'Off', {
    help: 'Try the routes of less specific patterns when those of the best gave no final response, or a 5xx.',
    changes: 'reload',
    inForce: true,
  }),
} as const
