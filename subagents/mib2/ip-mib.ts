/** The module of IP-MIB: counters of IP and ICMP, settings of interfaces, addresses, neighbours and default routers. */
import { networkInterfaces } from 'node:os'
import { anyServing, type MibModule, type ModuleHost, serve } from '../../lib/mib/module.ts'
import { serveOnDemand } from '../../lib/mib/on-demand.ts'
import { readReport } from '../../lib/program/program-report.ts'
import { oid } from '../../lib/smi/oid.ts'
import type { Octets } from '../../lib/text/octets.ts'
import { isLinkScoped } from './address.ts'
import { type Address, addresses4, isLeftOut, type NetworkOf, parseIfInet6, parseLocalAddresses } from './addresses.ts'
import { type Counters, countersOf, parseProtocols, parseProtocols6 } from './counters.ts'
import type { SystemFiles } from './files.ts'
import {
  Times,
  toAddressRow,
  toAddrRow,
  toAtRow,
  toMediaRow,
  toPhysicalRow,
  toPrefixRow,
  toRouterRows,
} from './ip-addresses.ts'
import type { Routes } from './ip-forward-mib.ts'
import { toIcmpMsgRows, toIcmpRow, toIcmpStatsRow, toIfStatsRow, toIpRow, toSystemStatsRow } from './ip-statistics.ts'
import type { Links } from './known-links.ts'
import * as mib from './mib.ts'
import { type Neighbour, parseArp } from './neighbours.ts'
import { neighbours6StaleMs, parseNeighbours6 } from './neighbours6.ts'
import { Sampler, sweep } from './sampler.ts'

const countersEveryMs = 5_000
const addressesEveryMs = 5_000
const settingsEveryMs = 30_000

export interface IpSources {
  readonly files: SystemFiles
  readonly links: Links
  readonly routes: Routes
  /** getifaddrs, as node:os has it. */
  readonly interfaces?: typeof networkInterfaces
  /** Where another daemon keeps the neighbours of IPv6; without it they are not shown. */
  readonly neighbours6?: string | undefined
}

export function ipModule({ files, links, routes, interfaces = networkInterfaces, neighbours6 }: IpSources): MibModule {
  const indexOf = (name: Octets): number => links.indexOf(name)
  const linkOf = (text: string): Octets => links.named(text)
  const networkOf: NetworkOf = (octets) => {
    const route = routes.table.networkAround(octets)
    return route && { prefixLength: route.prefixLength, link: links.nameOf(route.ifIndex) }
  }
  const counters = countersPart(files, links)
  const settings = settingsPart(files, links)

  const addresses = serve(mib.ipAddressTable)
  const prefixes = serve(mib.ipAddressPrefixTable)
  const oldAddresses = serve(mib.ipAddrTable)
  const neighbours = serve(mib.ipNetToPhysicalTable)
  const oldNeighbours = serve(mib.ipNetToMediaTable)
  const translations = serve(mib.atTable)
  const routers = serve(mib.ipDefaultRouterTable)
  const addressTimes = new Times()
  const neighbourTimes = new Times()
  let isFirst = true

  const sampler = new Sampler('addresses', addressesEveryMs, async (host, work) => {
    const [six, arp, report] = await Promise.all([
      files.text('/proc/net/if_inet6'),
      files.wanted('/proc/net/arp'),
      neighbours6 === undefined ? undefined : readReport(neighbours6, neighbours6StaleMs),
    ])
    const now = isFirst ? 0 : host.upTimeTicks()
    function* show(): Generator<void> {
      const local = new Map<string, Uint8Array>()
      // The trie has all routes as well, and is long where they are many.
      if (links.all.some(isLeftOut)) yield* parseLocalAddresses(files.lines('/proc/net/fib_trie'), local)
      const four = addresses4(interfaces(), local.values(), networkOf, linkOf)
      yield
      const found: Address[] = [...four, ...parseIfInet6(six ?? '')]
      yield* showAddresses(found, now)
      yield* showNeighbours([...parseArp(arp), ...parseNeighbours6(report ?? '[]', linkOf)], now)
      routers.table.replaceAll(toRouterRows([...routes.table.defaults()]))
      settings.identifiers(found)
    }
    if (await work.run(show())) isFirst = false
  })

  function* showAddresses(found: readonly Address[], now: number): Generator<void> {
    const placed = found.filter(({ link }) => indexOf(link) > 0)
    const toRow = (one: Address) =>
      toAddressRow(one, indexOf, ({ key, state }) => addressTimes.seen(key, state, now)) ?? []
    yield* sweep(addresses.table, lazily(placed, toRow))
    addressTimes.turn()
    yield* sweep(
      prefixes.table,
      lazily(placed, (one) => toPrefixRow(one, indexOf(one.link))),
    )
    yield* sweep(
      oldAddresses.table,
      lazily(placed, (one) => toAddrRow(one, indexOf)),
    )
  }

  function* showNeighbours(known: readonly Neighbour[], now: number): Generator<void> {
    const toRow = (one: Neighbour) =>
      toPhysicalRow(one, indexOf, ({ key, state }) => neighbourTimes.seen(key, state, now)) ?? []
    yield* sweep(neighbours.table, lazily(known, toRow))
    neighbourTimes.turn()
    const toMedia = (one: Neighbour) => toMediaRow(one, indexOf)
    yield* sweep(oldNeighbours.table, lazily(known, toMedia))
    yield* sweep(
      translations.table,
      lazily(known, (one) => toMedia(one).map(toAtRow)),
    )
  }

  const tables = [addresses, prefixes, oldAddresses, neighbours, oldNeighbours, translations, routers]
  return {
    name: 'ip',
    description: 'IP-MIB (RFC 4293), and the ip, at and icmp groups of RFC 1213',
    oid: oid('1.3.6.1.2.1.48'),
    tables: [...tables.map(anyServing), ...counters.tables, ...settings.tables],
    async start(host) {
      await counters.start(host)
      await sampler.start(host)
      await settings.start(host)
    },
  }
}

/** Rows as they are needed: all at once would be a long slice. */
function* lazily<T, R>(items: Iterable<T>, toRows: (item: T) => R | readonly R[]): Generator<R> {
  for (const item of items) yield* [toRows(item)].flat() as R[]
}

function countersPart(files: SystemFiles, links: Links) {
  const ip = serve(mib.ipGroup)
  const icmp = serve(mib.icmpGroup)
  const system = serve(mib.ipSystemStatsTable)
  const perInterface = serveOnDemand(mib.ipIfStatsTable)
  const traffic = serve(mib.ipTrafficStats)
  const icmpStats = serve(mib.icmpStatsTable)
  const icmpMessages = serve(mib.icmpMsgStatsTable)
  traffic.table.put({ ipIfStatsTableLastChange: 0 })
  let shownIndexes: string | undefined

  const sampler = new Sampler('ip counters', countersEveryMs, async () => {
    const [snmp, netstat, snmp6, fragmentTime] = await Promise.all([
      files.wanted('/proc/net/snmp'),
      files.wanted('/proc/net/netstat'),
      files.text('/proc/net/snmp6'),
      files.text('/proc/sys/net/ipv4/ipfrag_time'),
    ])
    const four = parseProtocols(snmp)
    const six = parseProtocols6(snmp6 ?? '')
    const ip4 = countersOf(four, 'Ip')
    const icmp4 = countersOf(four, 'Icmp')
    const both: Counters = new Map([...ip4, ...countersOf(parseProtocols(netstat), 'IpExt')])
    const ip6 = countersOf(six, 'Ip6')
    const icmp6 = countersOf(six, 'Icmp6')
    if (ip4.size > 0) ip.table.put(toIpRow(ip4, Number(fragmentTime ?? 0)))
    if (icmp4.size > 0) icmp.table.put(toIcmpRow(icmp4))
    system.table.replaceAll([
      ...(ip4.size > 0 ? [toSystemStatsRow('ipv4', both, countersEveryMs)] : []),
      ...(ip6.size > 0 ? [toSystemStatsRow('ipv6', ip6, countersEveryMs)] : []),
    ])
    icmpStats.table.replaceAll([
      ...(icmp4.size > 0 ? [toIcmpStatsRow('ipv4', icmp4)] : []),
      ...(icmp6.size > 0 ? [toIcmpStatsRow('ipv6', icmp6)] : []),
    ])
    icmpMessages.table.replaceAll([
      ...toIcmpMsgRows('ipv4', countersOf(four, 'IcmpMsg')),
      ...toIcmpMsgRows('ipv6', icmp6),
    ])
  })
  // A file for each link: of many links they are looked at less often, and understood when somebody asks.
  const interfaceSampler = new Sampler('ip counters of interfaces', countersEveryMs, async (host, work) => {
    const next: InterfaceText[] = []
    function* read(): Generator<void> {
      for (const { name, index } of links.all) {
        const text = files.textNow(`/proc/net/dev_snmp6/${name}`)
        if (text !== undefined) next.push({ index, text })
        yield
      }
    }
    if (!(await work.run(read()))) return
    const { periodMs } = interfaceSampler
    perInterface.table.source = {
      size: next.length,
      rowAt: (position) => {
        const { index, text } = next[position]!
        return toIfStatsRow(index, countersOf(parseProtocols6(text), 'Ip6'), periodMs)
      },
    }
    const indexes = next.map(({ index }) => index).join(' ')
    if (shownIndexes !== undefined && shownIndexes !== indexes) {
      traffic.table.put({ ipIfStatsTableLastChange: host.upTimeTicks() })
    }
    shownIndexes = indexes
  })
  return {
    tables: [ip, icmp, system, perInterface, traffic, icmpStats, icmpMessages].map(anyServing),
    async start(host: ModuleHost): Promise<void> {
      await sampler.start(host)
      await interfaceSampler.start(host)
    },
  }
}

/** What /proc/net/dev_snmp6 has of a link. */
interface InterfaceText {
  readonly index: number
  readonly text: string
}

function settingsPart(files: SystemFiles, links: Links) {
  const host6 = serve(mib.ipv6Group)
  const four = serve(mib.ipv4InterfaceTable)
  const six = serve(mib.ipv6InterfaceTable)
  const changes = serve(mib.interfaceTableChanges)
  changes.table.put({ ipv4InterfaceTableLastChange: 0, ipv6InterfaceTableLastChange: 0 })
  let identifiers = new Map<string, Uint8Array>()
  let isFirst = true

  const number = (path: string): number | undefined => {
    const text = files.textNow(path)
    return text === undefined ? undefined : Number(text)
  }
  const forwardingOf = (value: number | undefined) => (value ? ('forwarding' as const) : ('notForwarding' as const))

  const sampler = new Sampler('ip settings', settingsEveryMs, async (host, work) => {
    const forwarding = number('/proc/sys/net/ipv6/conf/all/forwarding')
    const hopLimit = number('/proc/sys/net/ipv6/conf/default/hop_limit')
    if (forwarding === undefined || hopLimit === undefined) host6.table.delete({})
    else host6.table.put({ ipv6IpForwarding: forwardingOf(forwarding), ipv6IpDefaultHopLimit: hopLimit })
    const before = [four.table.size, six.table.size]
    if (!(await work.run(putInterfaces()))) return
    if (!isFirst) {
      const { ipv4InterfaceTableLastChange, ipv6InterfaceTableLastChange } = changes.table.get({})!
      const now = host.upTimeTicks()
      changes.table.put({
        ipv4InterfaceTableLastChange: four.table.size === before[0] ? ipv4InterfaceTableLastChange : now,
        ipv6InterfaceTableLastChange: six.table.size === before[1] ? ipv6InterfaceTableLastChange : now,
      })
    }
    isFirst = false
  })
  /** A step is a link. */
  function* putInterfaces(): Generator<void> {
    four.table.beginSweep()
    six.table.beginSweep()
    for (const { name, index, isAdminUp } of links.all) {
      const retransmit4 = number(`/proc/sys/net/ipv4/neigh/${name}/retrans_time_ms`)
      const retransmit6 = number(`/proc/sys/net/ipv6/neigh/${name}/retrans_time_ms`)
      if (retransmit4 !== undefined) {
        four.table.put({
          ipv4InterfaceIfIndex: index,
          ipv4InterfaceReasmMaxSize: 65_535,
          ipv4InterfaceEnableStatus: isAdminUp ? 'up' : 'down',
          ipv4InterfaceRetransmitTime: retransmit4,
        })
      }
      if (retransmit6 !== undefined) {
        const isDisabled = number(`/proc/sys/net/ipv6/conf/${name}/disable_ipv6`) !== 0
        six.table.put({
          ipv6InterfaceIfIndex: index,
          ipv6InterfaceReasmMaxSize: 65_535,
          ipv6InterfaceIdentifier: identifiers.get(name) ?? new Uint8Array(0),
          ipv6InterfaceEnableStatus: isAdminUp && !isDisabled ? 'up' : 'down',
          ipv6InterfaceReachableTime: number(`/proc/sys/net/ipv6/neigh/${name}/base_reachable_time_ms`) ?? 0,
          ipv6InterfaceRetransmitTime: retransmit6,
          ipv6InterfaceForwarding: forwardingOf(number(`/proc/sys/net/ipv6/conf/${name}/forwarding`)),
        })
      }
      yield
    }
    four.table.endSweep()
    six.table.endSweep()
  }

  return {
    tables: [host6, four, six, changes].map(anyServing),
    start: (host: ModuleHost) => sampler.start(host),
    /** The interface identifier is the end of the link's own link-local address (RFC 4291 §2.5.6). */
    identifiers(addresses: readonly Address[]): void {
      const linkLocal = addresses.filter(({ octets }) => octets.length === 16 && isLinkScoped(octets))
      identifiers = new Map(linkLocal.map(({ link, octets }) => [link, octets.subarray(8)]))
    },
  }
}
