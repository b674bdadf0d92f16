/** The module of UDP-MIB: counters and endpoints, with the processes that may be seen. */
import type { RowOf } from '../../lib/mib/declare.ts'
import { fill } from '../../lib/mib/generator.ts'
import { anyServing, type MibModule, serve } from '../../lib/mib/module.ts'
import { oid } from '../../lib/smi/oid.ts'
import { dotted } from './address.ts'
import { type Counters, countersOf, low32, parseProtocols, parseProtocols6 } from './counters.ts'
import type { SystemFiles } from './files.ts'
import { breathe, collect } from './lines.ts'
import { udpEndpointTable, udpGroup, udpTable } from './mib.ts'
import { SocketOwners } from './owners.ts'
import { Sampler } from './sampler.ts'
import { parseSockets, type Socket, SocketAddresses } from './sockets.ts'
import { typeOf } from './tcp-mib.ts'

const countersEveryMs = 5_000
const socketsEveryMs = 10_000
const connectedState = 1

export function udpModule(files: SystemFiles): MibModule {
  const scalars = serve(udpGroup)
  const endpoints = serve(udpEndpointTable)
  const old = serve(udpTable)
  const addresses = new SocketAddresses()
  let owners: SocketOwners | undefined

  const counters = new Sampler('udp counters', countersEveryMs, async () => {
    const four = countersOf(parseProtocols(await files.wanted('/proc/net/snmp')), 'Udp')
    const six = countersOf(parseProtocols6((await files.text('/proc/net/snmp6')) ?? ''), 'Udp6')
    if (four.size > 0 || six.size > 0) scalars.table.put(toUdpRow(four, six))
  })
  const sockets = new Sampler('udp sockets', socketsEveryMs, async ({ signal }) => {
    const [four, six] = await Promise.all([files.wanted('/proc/net/udp'), files.text('/proc/net/udp6')])
    const found = await collect(parseSockets(four, addresses), signal)
    found.push(...(await collect(parseSockets(six ?? '', addresses), signal)))
    addresses.turn()
    await fill(
      anyServing(endpoints).table,
      toEndpointRows(found, (inode) => owners?.pidOf(inode) ?? 0),
      signal,
    )
    await breathe()
    await fill(anyServing(old).table, toUdpRows(found), signal)
    await breathe()
    // Not waited for: the processes are in the next sample.
    void owners?.search(new Set(found.map(({ inode }) => inode).filter((inode) => inode !== 0)), signal)
  })

  return {
    name: 'udp',
    description: 'UDP-MIB (RFC 4113)',
    oid: oid('1.3.6.1.2.1.50'),
    tables: [scalars, endpoints, old].map(anyServing),
    async start(host) {
      owners = new SocketOwners(files, host.clock)
      await counters.start(host)
      await sockets.start(host)
    },
  }
}

/** RFC 4113 counts datagrams of both versions together; the kernel counts them apart. */
export function toUdpRow(four: Counters, six: Counters): RowOf<typeof udpGroup> {
  const sum = (name: string): bigint => (four.get(name) ?? 0n) + (six.get(name) ?? 0n)
  return {
    udpInDatagrams: low32(sum('InDatagrams')),
    udpNoPorts: low32(sum('NoPorts')),
    udpInErrors: low32(sum('InErrors')),
    udpOutDatagrams: low32(sum('OutDatagrams')),
    udpHCInDatagrams: BigInt.asUintN(64, sum('InDatagrams')),
    udpHCOutDatagrams: BigInt.asUintN(64, sum('OutDatagrams')),
  }
}

const nobody = new Uint8Array(0)

/** Sockets of the same endpoint are told apart by udpEndpointInstance, in the order of their inodes. */
export function* toEndpointRows(
  sockets: readonly Socket[],
  pidOf: (inode: number) => number,
): Generator<RowOf<typeof udpEndpointTable>> {
  const instances = new Map<string, number>()
  for (const { local, localPort, remote, remotePort, state, inode } of sockets.toSorted((a, b) => a.inode - b.inode)) {
    const isConnected = state === connectedState
    const key = `${local} ${localPort} ${remote} ${remotePort}`
    const instance = (instances.get(key) ?? 0) + 1
    instances.set(key, instance)
    yield {
      udpEndpointLocalAddressType: typeOf(local),
      udpEndpointLocalAddress: local,
      udpEndpointLocalPort: localPort,
      // RFC 4113: unknown(0), of no length, and port 0 while there is no remote side.
      udpEndpointRemoteAddressType: isConnected ? typeOf(remote) : 'unknown',
      udpEndpointRemoteAddress: isConnected ? remote : nobody,
      udpEndpointRemotePort: isConnected ? remotePort : 0,
      udpEndpointInstance: instance,
      udpEndpointProcess: pidOf(inode),
    }
  }
}

/** RFC 1213: IPv4 alone. */
export function* toUdpRows(sockets: readonly Socket[]): Generator<RowOf<typeof udpTable>> {
  for (const { local, localPort } of sockets) {
    if (local.length === 4) yield { udpLocalAddress: dotted(local), udpLocalPort: localPort }
  }
}
