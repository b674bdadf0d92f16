/** The counters of IP and ICMP: of the host, by version of IP, and by interface. */
import { anyServing, type ModuleHost, type Serving, serve } from '../../lib/mib/module.ts'
import { serveOnDemand } from '../../lib/mib/on-demand.ts'
import { SingleRow } from '../../lib/mib/single-row.ts'
import { type Counters, countersOf, parseProtocols, parseProtocols6 } from './counters.ts'
import type { SystemFiles } from './files.ts'
import { toIcmpMsgRows, toIcmpRow, toIcmpStatsRow, toIfStatsRow, toIpRow, toSystemStatsRow } from './ip-statistics.ts'
import type { Links } from './known-links.ts'
import * as mib from './mib.ts'
import { Sampler, type Work } from './sampler.ts'

const countersEveryMs = 5_000

/** What /proc/net/dev_snmp6 has of a link. */
interface InterfaceText {
  readonly index: number
  readonly text: string
}

export class IpCounters {
  readonly #files: SystemFiles
  readonly #links: Links
  readonly #ip = serve(mib.ipGroup)
  readonly #icmp = serve(mib.icmpGroup)
  readonly #system = serve(mib.ipSystemStatsTable)
  readonly #perInterface = serveOnDemand(mib.ipIfStatsTable)
  readonly #traffic = new SingleRow(mib.ipTrafficStats, { ipIfStatsTableLastChange: 0 })
  readonly #icmpStats = serve(mib.icmpStatsTable)
  readonly #icmpMessages = serve(mib.icmpMsgStatsTable)
  readonly #sampler = new Sampler('ip counters', countersEveryMs, () => this.#sample())
  // A file for each link: of many links they are looked at less often, and understood when somebody asks.
  readonly #interfaceSampler = new Sampler('ip counters of interfaces', countersEveryMs, (host, work) =>
    this.#sampleInterfaces(host, work),
  )
  #shownIndexes: string | undefined

  constructor(files: SystemFiles, links: Links) {
    this.#files = files
    this.#links = links
  }

  get tables(): Serving[] {
    const ofHost = [this.#ip, this.#icmp, this.#system, this.#icmpStats, this.#icmpMessages]
    return [...ofHost, this.#perInterface, this.#traffic].map(anyServing)
  }

  async start(host: ModuleHost): Promise<void> {
    await this.#sampler.start(host)
    await this.#interfaceSampler.start(host)
  }

  async #sample(): Promise<void> {
    const [snmp, netstat, snmp6, fragmentTime] = await Promise.all([
      this.#files.wanted('/proc/net/snmp'),
      this.#files.wanted('/proc/net/netstat'),
      this.#files.text('/proc/net/snmp6'),
      this.#files.text('/proc/sys/net/ipv4/ipfrag_time'),
    ])
    const four = parseProtocols(snmp)
    const six = parseProtocols6(snmp6 ?? '')
    const ip4 = countersOf(four, 'Ip')
    const icmp4 = countersOf(four, 'Icmp')
    const both: Counters = new Map([...ip4, ...countersOf(parseProtocols(netstat), 'IpExt')])
    const ip6 = countersOf(six, 'Ip6')
    const icmp6 = countersOf(six, 'Icmp6')
    if (ip4.size > 0) this.#ip.table.put(toIpRow(ip4, Number(fragmentTime ?? 0)))
    if (icmp4.size > 0) this.#icmp.table.put(toIcmpRow(icmp4))
    this.#system.table.replaceAll([
      ...(ip4.size > 0 ? [toSystemStatsRow('ipv4', both, countersEveryMs)] : []),
      ...(ip6.size > 0 ? [toSystemStatsRow('ipv6', ip6, countersEveryMs)] : []),
    ])
    this.#icmpStats.table.replaceAll([
      ...(icmp4.size > 0 ? [toIcmpStatsRow('ipv4', icmp4)] : []),
      ...(icmp6.size > 0 ? [toIcmpStatsRow('ipv6', icmp6)] : []),
    ])
    this.#icmpMessages.table.replaceAll([
      ...toIcmpMsgRows('ipv4', countersOf(four, 'IcmpMsg')),
      ...toIcmpMsgRows('ipv6', icmp6),
    ])
  }

  async #sampleInterfaces(host: ModuleHost, work: Work): Promise<void> {
    const next: InterfaceText[] = []
    if (!(await work.run(this.#readInterfaces(next)))) return
    const { periodMs } = this.#interfaceSampler
    this.#perInterface.table.source = {
      size: next.length,
      rowAt: (position) => {
        const { index, text } = next[position]!
        return toIfStatsRow(index, countersOf(parseProtocols6(text), 'Ip6'), periodMs)
      },
    }
    const indexes = next.map(({ index }) => index).join(' ')
    if (this.#shownIndexes !== undefined && this.#shownIndexes !== indexes)
      this.#traffic.table.put({ ipIfStatsTableLastChange: host.upTimeTicks() })
    this.#shownIndexes = indexes
  }

  /** A step is a link. */
  *#readInterfaces(into: InterfaceText[]): Generator<void> {
    for (const { name, index } of this.#links.all) {
      const text = this.#files.textNow(`/proc/net/dev_snmp6/${name}`)
      if (text !== undefined) into.push({ index, text })
      yield
    }
  }
}
