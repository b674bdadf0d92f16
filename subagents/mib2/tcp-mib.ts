/** The module of TCP-MIB: counters, connections and listeners, with the processes that may be seen. */
import type { RowOf } from '../../lib/mib/declare.ts'
import { fill } from '../../lib/mib/generator.ts'
import { anyServing, type MibModule, serve } from '../../lib/mib/module.ts'
import { oid } from '../../lib/smi/oid.ts'
import { dotted } from './address.ts'
import { type Counters, countersOf, low32, parseProtocols } from './counters.ts'
import type { SystemFiles } from './files.ts'
import { breathe, collect } from './lines.ts'
import { type TcpState, tcpConnectionTable, tcpConnTable, tcpGroup, tcpListenerTable } from './mib.ts'
import { SocketOwners } from './owners.ts'
import { Sampler } from './sampler.ts'
import { parseSockets, type Socket, SocketAddresses } from './sockets.ts'

const countersEveryMs = 5_000
/** The kernel goes over its whole table of connections for each list: 5 ms of a thread on a small machine. */
const socketsEveryMs = 10_000
const listenState = 10

/** By the kernel's number (include/net/tcp_states.h); 12 is a connection whose SYN is not answered to the end yet. */
const states: readonly (TcpState | undefined)[] = [
  undefined,
  'established',
  'synSent',
  'synReceived',
  'finWait1',
  'finWait2',
  'timeWait',
  'closed',
  'closeWait',
  'lastAck',
  'listen',
  'closing',
  'synReceived',
]

type PidOf = (inode: number) => number

export function tcpModule(files: SystemFiles): MibModule {
  const scalars = serve(tcpGroup)
  const connections = serve(tcpConnectionTable)
  const listeners = serve(tcpListenerTable)
  const old = serve(tcpConnTable)
  const addresses = new SocketAddresses()
  let owners: SocketOwners | undefined

  const counters = new Sampler('tcp counters', countersEveryMs, async () => {
    const row = toTcpRow(countersOf(parseProtocols(await files.wanted('/proc/net/snmp')), 'Tcp'))
    if (row) scalars.table.put(row)
  })
  const sockets = new Sampler('tcp sockets', socketsEveryMs, async ({ signal }) => {
    const [four, six] = await Promise.all([files.wanted('/proc/net/tcp'), files.text('/proc/net/tcp6')])
    const found = await collect(parseSockets(four, addresses), signal)
    found.push(...(await collect(parseSockets(six ?? '', addresses), signal)))
    addresses.turn()
    const pidOf: PidOf = (inode) => owners?.pidOf(inode) ?? 0
    await fill(anyServing(listeners).table, toListenerRows(found, pidOf), signal)
    await breathe()
    await fill(anyServing(connections).table, toConnectionRows(found, pidOf), signal)
    await breathe()
    await fill(anyServing(old).table, toConnRows(found), signal)
    await breathe()
    // Not waited for: the processes are in the next sample.
    void owners?.search(new Set(found.map(({ inode }) => inode).filter((inode) => inode !== 0)), signal)
  })

  return {
    name: 'tcp',
    description: 'TCP-MIB (RFC 4022)',
    oid: oid('1.3.6.1.2.1.49'),
    tables: [scalars, connections, listeners, old].map(anyServing),
    async start(host) {
      owners = new SocketOwners(files, host.clock)
      await counters.start(host)
      await sockets.start(host)
    },
  }
}

const algorithms = ['other', 'constant', 'rsre', 'vanj', 'rfc2988'] as const

/** Nothing where the kernel says nothing of TCP. */
export function toTcpRow(tcp: Counters): RowOf<typeof tcpGroup> | undefined {
  if (tcp.size === 0) return undefined
  const count = (name: string): number => low32(tcp.get(name))
  return {
    tcpRtoAlgorithm: algorithms[Number(tcp.get('RtoAlgorithm') ?? 1) - 1] ?? 'other',
    tcpRtoMin: count('RtoMin'),
    tcpRtoMax: count('RtoMax'),
    tcpMaxConn: Number(tcp.get('MaxConn') ?? -1), // -1: as many as there is memory for
    tcpActiveOpens: count('ActiveOpens'),
    tcpPassiveOpens: count('PassiveOpens'),
    tcpAttemptFails: count('AttemptFails'),
    tcpEstabResets: count('EstabResets'),
    tcpCurrEstab: count('CurrEstab'),
    tcpInSegs: count('InSegs'),
    tcpOutSegs: count('OutSegs'),
    tcpRetransSegs: count('RetransSegs'),
    tcpInErrs: count('InErrs'),
    tcpOutRsts: count('OutRsts'),
    tcpHCInSegs: tcp.get('InSegs') ?? 0n,
    tcpHCOutSegs: tcp.get('OutSegs') ?? 0n,
  }
}

export const typeOf = ({ length }: Uint8Array): 'ipv4' | 'ipv6' => (length === 4 ? 'ipv4' : 'ipv6')

export function* toConnectionRows(
  sockets: readonly Socket[],
  pidOf: PidOf,
): Generator<RowOf<typeof tcpConnectionTable>> {
  for (const { local, localPort, remote, remotePort, state, inode } of sockets) {
    const tcpConnectionState = states[state]
    if (!tcpConnectionState || state === listenState) continue
    yield {
      tcpConnectionLocalAddressType: typeOf(local),
      tcpConnectionLocalAddress: local,
      tcpConnectionLocalPort: localPort,
      tcpConnectionRemAddressType: typeOf(remote),
      tcpConnectionRemAddress: remote,
      tcpConnectionRemPort: remotePort,
      tcpConnectionState,
      tcpConnectionProcess: pidOf(inode),
    }
  }
}

/** Sockets that share an address and port (SO_REUSEPORT) are one row, that of the first. */
export function* toListenerRows(sockets: readonly Socket[], pidOf: PidOf): Generator<RowOf<typeof tcpListenerTable>> {
  const seen = new Set<string>()
  for (const { local, localPort, state, inode } of sockets) {
    const key = `${local} ${localPort}`
    if (state !== listenState || seen.has(key)) continue
    seen.add(key)
    yield {
      tcpListenerLocalAddressType: typeOf(local),
      tcpListenerLocalAddress: local,
      tcpListenerLocalPort: localPort,
      tcpListenerProcess: pidOf(inode),
    }
  }
}

/** RFC 1213: IPv4 alone, listeners among connections. */
export function* toConnRows(sockets: readonly Socket[]): Generator<RowOf<typeof tcpConnTable>> {
  for (const { local, localPort, remote, remotePort, state } of sockets) {
    const tcpConnState = states[state]
    if (!tcpConnState || local.length !== 4 || remote.length !== 4) continue
    yield {
      tcpConnLocalAddress: dotted(local),
      tcpConnLocalPort: localPort,
      tcpConnRemAddress: dotted(remote),
      tcpConnRemPort: remotePort,
      tcpConnState,
    }
  }
}
