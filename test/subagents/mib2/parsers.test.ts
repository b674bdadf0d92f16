import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { anyDefinition } from '../../../lib/mib/declare.ts'
import { instanceOf } from '../../../lib/mib/instance.ts'
import { socketInode } from '../../../lib/proc/processes.ts'
import { programRoot } from '../../../lib/program-root.ts'
import { compareOid } from '../../../lib/smi/oid.ts'
import {
  dotted,
  inetAddressOf,
  maskOf,
  networkOf,
  parseDotted,
  parseOctets,
  parseWords,
} from '../../../subagents/mib2/address.ts'
import { addresses4, parseIfInet6, parseLocalAddresses } from '../../../subagents/mib2/addresses.ts'
import { countersOf, low32, parseProtocols, parseProtocols6 } from '../../../subagents/mib2/counters.ts'
import { toIcmpMsgRows, toSystemStatsRow } from '../../../subagents/mib2/ip-statistics.ts'
import { inetCidrRouteTable } from '../../../subagents/mib2/mib.ts'
import { parseArp } from '../../../subagents/mib2/neighbours.ts'
import { parseIpv6, parseNeighbours6 } from '../../../subagents/mib2/neighbours6.ts'
import { toIpRouteRow, toRouteRow } from '../../../subagents/mib2/route-rows.ts'
import { RouteTable } from '../../../subagents/mib2/route-table.ts'
import { parseSockets, SocketAddresses } from '../../../subagents/mib2/sockets.ts'
import { toConnectionRows, toListenerRows } from '../../../subagents/mib2/tcp-mib.ts'
import { toEndpointRows, toUdpRow } from '../../../subagents/mib2/udp-mib.ts'

const snmp = `Ip: Forwarding DefaultTTL InReceives InHdrErrors FragOKs FragFails ForwDatagrams
Ip: 2 64 18446744073709551615 1 5 2 9
IcmpMsg: InType3 OutType3 OutType8
IcmpMsg: 109071 109068 4
Tcp: MaxConn InSegs
Tcp: -1 1911532
`

test('counters are read by protocol and name, negative ones and those of 64 bits too', () => {
  const protocols = parseProtocols(snmp)
  assert.equal(countersOf(protocols, 'Ip').get('InReceives'), 18_446_744_073_709_551_615n)
  assert.equal(countersOf(protocols, 'Tcp').get('MaxConn'), -1n)
  assert.equal(countersOf(protocols, 'Udp').size, 0, 'a kernel without it')
  assert.equal(parseProtocols('Ip: A B\nTcp: 1 2\nodd').size, 0, 'lines that do not belong together')
  assert.equal(low32(0x1_0000_0005n), 5)
  assert.equal(low32(undefined), 0)
})

test('a counter that the kernel does not have is no instance, and not zero', () => {
  const row = toSystemStatsRow('ipv4', countersOf(parseProtocols(snmp), 'Ip'), 5000)
  assert.equal(row.ipSystemStatsHCInReceives, 18_446_744_073_709_551_615n)
  assert.equal(row.ipSystemStatsInReceives, 0xffff_ffff)
  assert.equal(row.ipSystemStatsOutFragReqds, 7, 'those that were fragmented and those that could not be')
  assert.equal(row.ipSystemStatsInOctets, undefined)
  assert.equal(row.ipSystemStatsRefreshRate, 5000)
})

test('ICMP messages are counted by type, in and out', () => {
  const four = toIcmpMsgRows('ipv4', countersOf(parseProtocols(snmp), 'IcmpMsg'))
  assert.deepEqual(
    four.map((row) => [row.icmpMsgStatsType, row.icmpMsgStatsInPkts, row.icmpMsgStatsOutPkts]),
    [
      [3, 109_071, 109_068],
      [8, 0, 4],
    ],
  )
  const six = parseProtocols6('Icmp6InMsgs   7\nIcmp6OutType135   6\nIp6InReceives   184\nUdp6InDatagrams 3\n')
  assert.deepEqual(
    toIcmpMsgRows('ipv6', countersOf(six, 'Icmp6')).map((row) => [row.icmpMsgStatsType, row.icmpMsgStatsOutPkts]),
    [[135, 6]],
  )
  assert.equal(
    toUdpRow(new Map([['InDatagrams', 0xffff_ffffn]]), countersOf(six, 'Udp6')).udpHCInDatagrams,
    0x1_0000_0002n,
  )
})

test('addresses of the kernel are read in their byte orders', () => {
  assert.deepEqual([...parseOctets('fe80')], [0xfe, 0x80])
  assert.equal(dotted(parseWords('0100007F')), '127.0.0.1')
  assert.equal(parseDotted('1.2.3.256'), undefined)
  assert.equal(maskOf(20), '255.255.240.0')
  assert.equal(dotted(networkOf(parseDotted('10.9.130.7')!, 17)), '10.9.128.0')
  const linkLocal = inetAddressOf(parseOctets('fe800000000000000000000000000001'), 258)
  assert.equal(linkLocal.type, 'ipv6z')
  assert.deepEqual([...linkLocal.octets.subarray(16)], [0, 0, 1, 2], 'RFC 4001: the zone is the interface')
})

const route = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth0\t00000000\t010200C0\t0003\t0\t0\t200\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
*\t0000000A\t00000000\t0201\t0\t0\t0\t000000FF\t0\t0\t0
broken
`
const zeros = '0'.repeat(32)
const route6 = `fd000000000000000000000000000000 40 ${zeros} 00 ${zeros} 00000100 00000001 00000000 00000001     eth0
${zeros} 00 ${zeros} 00 fe800000000000000000000000000001 00000400 00000003 00000000 00450003     eth0
fd000000000000000000000000000002 80 ${zeros} 00 ${zeros} 00000000 00000004 00000000 80200001     eth0
ff000000000000000000000000000000 08 ${zeros} 00 ${zeros} 00000100 00000003 00000000 00000001     eth0
${zeros} 00 ${zeros} 00 ${zeros} ffffffff 00000001 00000000 00200200       lo
`

function* linesOf(text: string): Iterable<Buffer> {
  for (const line of text.split('\n')) yield Buffer.from(line)
}

function readRoutes(four: string, six = '', before = RouteTable.empty): RouteTable {
  const steps = RouteTable.read({ four: linesOf(four), six: linesOf(six) }, (name) => (name === 'eth0' ? 4 : 0), before)
  for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value
}

const rowsOf = (table: RouteTable) =>
  Array.from({ length: table.size }, (_, at) => toRouteRow(table.routeAt(at), table.isAlternative(at)))

test('the order of routes is that of their instances, whatever the order of the kernel; the same list is the same table', () => {
  const networks = Array.from({ length: 300 }, (_, at) => ((at * 7919) % 300).toString(16).padStart(4, '0'))
  const lines = networks.map((one) => `eth0\t00${one}0A\t010200C0\t0003\t0\t0\t${one.length}\t00FFFFFF\t0\t0\t0`)
  const again = lines.slice(0, 9)
  const table = readRoutes(['Iface', ...lines, ...again, ...again].join('\n'), route6)
  const instances = rowsOf(table).map((row) => instanceOf(anyDefinition(inetCidrRouteTable), row))
  assert.equal(table.size, 300 + 9 + 2, 'lines that are there three times are a route and an alternative')
  assert.deepEqual(instances, [...instances].sort(compareOid))
  assert.equal(readRoutes(['Iface', ...lines, ...again, ...again].join('\n'), route6, table), table)
  assert.notEqual(readRoutes(['Iface', ...lines].join('\n'), route6, table), table)
})

test('a route of IPv4 through a gateway of IPv6 is no route on the link; RFC 1213 has one row for each destination', () => {
  const via6 = 'eth0\t0002000A\t00000000\t0003\t0\t0\t20\t00FFFFFF\t0\t0\t0'
  const table = readRoutes(`${route}${via6}\neth0\t0002000A\t010200C0\t0003\t0\t0\t5\t80FFFFFF\t0\t0\t0\n`)
  const [row] = rowsOf(table).filter(({ inetCidrRouteMetric1 }) => inetCidrRouteMetric1 === 20)
  assert.deepEqual([row?.inetCidrRouteType, row?.inetCidrRouteNextHopType], ['remote', 'unknown'])
  const old = Array.from({ length: table.destinationCount4 }, (_, at) => toIpRouteRow(table.destinationAt4(at)))
  assert.deepEqual(
    old.map((one) => [one.ipRouteDest, one.ipRouteMask, one.ipRouteNextHop, one.ipRouteType]),
    [
      ['0.0.0.0', '0.0.0.0', '192.0.2.1', 'indirect'],
      ['10.0.0.0', '255.0.0.0', '0.0.0.0', 'other'],
      ['10.0.2.0', '255.255.255.0', '0.0.0.0', 'indirect'],
      ['192.0.2.0', '255.255.255.0', '0.0.0.0', 'direct'],
    ],
  )
})

test('routes of the main tables are rows, told apart by policy where destination and next hop are the same', () => {
  const rows = rowsOf(readRoutes(route, route6))
  assert.deepEqual(
    rows.map((row) => [
      row.inetCidrRouteDestType,
      row.inetCidrRoutePfxLen,
      row.inetCidrRoutePolicy.join('.'),
      row.inetCidrRouteNextHopType,
      row.inetCidrRouteIfIndex,
      row.inetCidrRouteType,
      row.inetCidrRouteProto,
      row.inetCidrRouteMetric1,
    ]),
    [
      ['ipv4', 0, '0.0', 'ipv4', 4, 'remote', 'netmgmt', 100],
      ['ipv4', 0, '0.0.4.200', 'ipv4', 4, 'remote', 'netmgmt', 200],
      ['ipv4', 8, '0.0', 'unknown', 0, 'reject', 'netmgmt', 0],
      ['ipv4', 24, '0.0', 'unknown', 4, 'local', 'local', 0],
      ['ipv6', 0, '0.0', 'ipv6z', 4, 'remote', 'other', 1024],
      ['ipv6', 64, '0.0', 'unknown', 4, 'local', 'local', 256],
    ],
  )
})

test('an address without a carrier is found in the trie, and its link by its network', () => {
  const trie = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 192.0.2.0
        /24 link UNICAST
     |-- 192.0.2.2
        /32 host LOCAL
     |-- 192.0.2.255
        /32 link BROADCAST
Local:
     |-- 192.0.2.2
        /24 link UNICAST
        /32 host LOCAL
     |-- 10.0.0.1
        /32 host LOCAL
`
  const found = new Map<string, Uint8Array>()
  for (const _ of parseLocalAddresses(linesOf(trie), found));
  const local = [...found.values()]
  assert.deepEqual(local.map(dotted), ['192.0.2.2', '10.0.0.1'])
  const interfaces = {
    'br0:1': [
      { family: 'IPv4', address: '10.0.0.1', netmask: '255.0.0.0', cidr: '10.0.0.1/8', mac: '', internal: false },
    ],
  } as const
  assert.deepEqual(
    addresses4(interfaces, local, (octets) => {
      const network = readRoutes(route).networkAround(octets)
      return network && { prefixLength: network.prefixLength, link: network.ifIndex === 4 ? 'eth0' : '' }
    }).map(({ octets, prefixLength, link }) => [dotted(octets), prefixLength, link]),
    [
      ['10.0.0.1', 8, 'br0'],
      ['192.0.2.2', 24, 'eth0'],
    ],
  )
  const [six] = parseIfInet6('fe8000000000000000fc00fffe000001 04 40 20 80     eth0\nodd\n')
  assert.deepEqual([six?.link, six?.prefixLength, six?.flags], ['eth0', 64, 0x80])
})

test('neighbours are complete, permanent or looked for', () => {
  const arp = `IP address       HW type     Flags       HW address            Mask     Device
192.0.2.1        0x1         0x2         02:fc:00:00:00:05     *        eth0
192.0.2.7        0x1         0x6         02:fc:00:00:00:07     *        eth0
192.0.2.9        0x1         0x0         00:00:00:00:00:00     *        eth0
`
  assert.deepEqual(
    parseArp(arp).map(({ octets, hardware, isComplete, isPermanent }) => [
      octets[3],
      hardware.length,
      isComplete,
      isPermanent,
    ]),
    [
      [1, 6, true, false],
      [7, 6, true, true],
      [9, 0, false, false],
    ],
  )
})

const heading = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
const rest = '00000000:00000000 00:00000000 00000000     0        0'
const tcp = `${heading}   0: 0100007F:6D46 00000000:0000 0A ${rest} 1413971 1 000000004c2264c8 100 0 0 10 0
   1: 0100007F:6D46 00000000:0000 0A ${rest} 1413972 1 000000004c2264c8 100 0 0 10 0
   2: 0100007F:6D46 0100007F:9C40 06 ${rest} 0 3 00000000abcdef12
  13: 0000000000000000FFFF00000100007F:15B4 0000000000000000FFFF00000100007F:C350 01 ${rest} 77 1 0
  14: 00000000000000000000000001000000:15B0 00000000000000000000000000000000:0000 0A ${rest} 78 1 0
broken line
`

test('sockets of TCP become listeners and connections; IPv4 within IPv6 is IPv4, and a closed one has no process', () => {
  const sockets = [...parseSockets(tcp)]
  assert.equal(sockets.length, 5)
  const pidOf = (inode: number): number => (inode === 0 ? 0 : inode + 1)
  assert.deepEqual(
    [...toConnectionRows(sockets, pidOf)].map((row) => [
      dotted(row.tcpConnectionLocalAddress),
      row.tcpConnectionRemPort,
      row.tcpConnectionState,
      row.tcpConnectionProcess,
    ]),
    [
      ['127.0.0.1', 40_000, 'timeWait', 0],
      ['127.0.0.1', 50_000, 'established', 78],
    ],
  )
  assert.deepEqual(
    [...toListenerRows(sockets, pidOf)].map((row) => [row.tcpListenerLocalAddressType, row.tcpListenerProcess]),
    [
      ['ipv4', 1_413_972],
      ['ipv6', 79],
    ],
    'two that share a port are one row',
  )
})

test('an address is the same array in the next sample, so that an unchanged row is not encoded again', () => {
  const addresses = new SocketAddresses()
  const [first] = parseSockets(tcp, addresses)
  addresses.turn()
  const [second] = parseSockets(tcp, addresses)
  assert.equal(first?.local, second?.local)
})

test('endpoints of UDP without a remote side have none, and equal ones count up', () => {
  const udp = `${heading} 1757: 0100007F:2976 00000000:0000 07 ${rest} 5 2 0 0
 1758: 0100007F:2976 00000000:0000 07 ${rest} 3 2 0 0
 1759: 0100007F:2977 0200007F:0035 01 ${rest} 4 2 0 0
`
  assert.deepEqual(
    [...toEndpointRows([...parseSockets(udp)], (inode) => inode)].map((row) => [
      row.udpEndpointLocalPort,
      row.udpEndpointRemoteAddressType,
      row.udpEndpointRemotePort,
      row.udpEndpointInstance,
      row.udpEndpointProcess,
    ]),
    [
      [10_614, 'unknown', 0, 1, 3],
      [10_615, 'ipv4', 53, 1, 4],
      [10_614, 'unknown', 0, 2, 5],
    ],
  )
  assert.equal(socketInode('socket:[1413971]'), 1_413_971)
  assert.equal(socketInode('pipe:[5]'), undefined)
})

test('neighbours of IPv6 have the states of the kernel; what is not of the form is left out', () => {
  const known = parseNeighbours6(readFileSync(join(programRoot, 'test/fixtures/proc/ip-6-neigh.json'), 'utf8'))
  assert.deepEqual(
    known.map(({ octets, hardware, link, state, isComplete, isPermanent }) => {
      const words = [isComplete ? 'complete' : '', isPermanent ? 'permanent' : '']
      return [Buffer.from(octets).toString('hex'), Buffer.from(hardware).toString('hex'), link, state, ...words]
    }),
    [
      ['fe80000000000000505400fffe123502', '52550a000202', 'eth0', 'stale', 'complete', ''],
      ['fd000009000000000000000000000077', '020000000077', 'eth0', 'unknown', 'complete', 'permanent'],
      ['fd000000000000000000000000000001', '', 'eth0', 'invalid', '', ''],
      ['fd000000000000000000000000000002', '', 'eth0', 'incomplete', '', ''],
      ['fd000000000000000000000000000003', '020000000003', 'eth0', 'reachable', 'complete', ''],
    ],
  )
  assert.deepEqual(parseNeighbours6('half of a li'), [])
  assert.deepEqual(parseNeighbours6('{}'), [])
})

test('addresses of IPv6 are read in all forms of RFC 4291, and nothing else is one', () => {
  const hex = (text: string): string | undefined => {
    const octets = parseIpv6(text)
    return octets && Buffer.from(octets).toString('hex')
  }
  assert.equal(hex('2001:db8:0:0:8:800:200c:417a'), '20010db80000000000080800200c417a')
  assert.equal(hex('::'), '0'.repeat(32))
  assert.equal(hex('::1'), `${'0'.repeat(31)}1`)
  assert.equal(hex('fe80::'), `fe80${'0'.repeat(28)}`)
  assert.equal(hex('::ffff:192.0.2.1'), '00000000000000000000ffffc0000201')
  for (const text of [
    '',
    '1',
    '1:2:3',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    '::12345',
    'g::',
    '::1.2.3.256',
    '1:2:3:4:5:6:7:8::',
  ])
    assert.equal(hex(text), undefined, text)
})
