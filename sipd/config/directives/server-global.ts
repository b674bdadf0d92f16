/** Server-global directives: how the daemon as a whole runs, whatever it speaks. */
import { many, one, optional } from '../declare/directive.ts'
import { endpoint, path, whole } from '../declare/kinds.ts'

const noPrefork = 'there is no pool of processes to keep at a size; StartServers says how many workers there are'

export const serverGlobal = {
  ServerRoot: optional(path, {
    help: 'The folder of everything.',
    changes: 'restart',
    inForce: 'the home that sipd is started with (--home) takes its place',
  }),
  LockFile: one(path, 'logs/accept.lock', {
    help: "The lock of processes that share a socket in the ancestor's way.",
    changes: 'restart',
    inForce: 'the workers share their sockets without a lock file',
  }),
  PidFile: one(path, 'run/sipd/sipd.pid', {
    help: 'Where the process ID is written, for programs of others. The commands of this appliance read run/sipd/sipd.pid, which is written in any case. Cisco SIP Proxy Server 2.2 has logs/sipd.pid.',
    changes: 'restart',
    inForce: true,
  }),
  ScoreBoardFile: one(path, 'logs/apache_runtime_status', {
    help: 'The file with which processes tell each other how they are.',
    changes: 'restart',
    inForce: 'the workers tell the first process how they are without a file',
  }),
  StartServers: one(whole(1, 64), '1', {
    help: 'Worker processes. The ancestor starts 5, for each of its processes serves one request at a time; a worker here serves thousands at once, so that a second one is worth its memory only when a whole processor is busy.',
    changes: 'restart',
    inForce: true,
  }),
  MinSpareServers: one(whole(0, 1000), '5', {
    help: 'Idle processes at least.',
    changes: 'reload',
    inForce: noPrefork,
  }),
  MaxSpareServers: one(whole(1, 1000), '10', {
    help: 'Idle processes at most.',
    changes: 'reload',
    inForce: noPrefork,
  }),
  MaxClients: one(whole(1, 100_000), '20', {
    help: 'Requests that are served at once.',
    changes: 'reload',
    inForce: 'MaxTransactions bounds the work instead',
  }),
  MaxRequestsPerChild: one(whole(0, 4_294_967_295), '0', {
    help: 'Requests after which a worker is replaced by a new one; 0 is never.',
    changes: 'reload',
    inForce: true,
  }),
  Listen: many(
    endpoint,
    {
      help: 'Where requests are taken, over UDP and TCP; a port alone is every IPv4 address. Without a line it is 127.0.0.1 and Port.',
      changes: 'restart',
      inForce: true,
    },
    { keyOf: ({ address, port }) => `${address} port ${port}`, most: 64 },
  ),
} as const
