/** Server-global directives: how the daemon as a whole runs, whatever it speaks. */
import { many, one, optional } from '../declare/directive.ts'
import { endpoint, path, whole } from '../declare/kinds.ts'

const noPrefork = 'sipd has no pool of spare processes; StartServers sets the number of workers'

export const serverGlobal = {
  ServerRoot: optional(path, {
    help: 'The folder that relative paths start from.',
    changes: 'restart',
    inForce: 'sipd uses the home that it is started with (--home)',
  }),
  LockFile: one(path, 'logs/accept.lock', {
    help: 'The lock file of processes that share a socket in Cisco SIP Proxy Server 2.2.',
    changes: 'restart',
    inForce: 'the workers of sipd share their sockets without a lock file',
  }),
  PidFile: one(path, 'run/sipd/sipd.pid', {
    help: 'Where the process ID is written for other programs. The commands of this appliance read run/sipd/sipd.pid, which is always written. Cisco SIP Proxy Server 2.2 writes logs/sipd.pid.',
    changes: 'restart',
    inForce: true,
  }),
  ScoreBoardFile: one(path, 'logs/apache_runtime_status', {
    help: 'The file in which processes of Cisco SIP Proxy Server 2.2 exchange their state.',
    changes: 'restart',
    inForce: 'the workers report their state to the parent process without a file',
  }),
  StartServers: one(whole(1, 64), '1', {
    help: 'The number of worker processes. A worker serves thousands of requests at once, so a second one is worth its memory only when a whole processor is busy. Cisco SIP Proxy Server 2.2 starts 5, because each of its processes serves one request at a time.',
    changes: 'restart',
    inForce: true,
  }),
  MinSpareServers: one(whole(0, 1000), '5', {
    help: 'The least number of idle processes.',
    changes: 'reload',
    inForce: noPrefork,
  }),
  MaxSpareServers: one(whole(1, 1000), '10', {
    help: 'The most idle processes.',
    changes: 'reload',
    inForce: noPrefork,
  }),
  MaxClients: one(whole(1, 100_000), '20', {
    help: 'The most requests that are served at once.',
    changes: 'reload',
    inForce: 'MaxTransactions limits the work instead',
  }),
  MaxRequestsPerChild: one(whole(0, 4_294_967_295), '0', {
    help: 'The number of requests after which a worker is replaced by a new one; 0 means never.',
    changes: 'reload',
    inForce: true,
  }),
  Listen: many(
    endpoint,
    {
      help: 'Where sipd listens, over UDP and TCP; a port alone means every IPv4 address. Without this directive: 127.0.0.1 and Port.',
      changes: 'restart',
      inForce: true,
    },
    { keyOf: ({ address, port }) => `${address} port ${port}`, most: 64 },
  ),
} as const
