/** The settings of IP: of the host for IPv6, and of each interface. */
import { anyServing, type ModuleHost, type Serving, serve } from '../../lib/mib/module.ts'
import { SingleRow } from '../../lib/mib/single-row.ts'
import type { Octets } from '../../lib/text/octets.ts'
import { isLinkScoped } from './address.ts'
import type { Address } from './addresses.ts'
import type { SystemFiles } from './files.ts'
import type { Links } from './known-links.ts'
import type { Link } from './links.ts'
import * as mib from './mib.ts'
import { Sampler, type Work } from './sampler.ts'

const settingsEveryMs = 30_000

export class IpSettings {
  readonly #files: SystemFiles
  readonly #links: Links
  readonly #host6 = serve(mib.ipv6Group)
  readonly #four = serve(mib.ipv4InterfaceTable)
  readonly #six = serve(mib.ipv6InterfaceTable)
  readonly #changes = new SingleRow(mib.interfaceTableChanges, {
    ipv4InterfaceTableLastChange: 0,
    ipv6InterfaceTableLastChange: 0,
  })
  readonly #sampler = new Sampler('ip settings', settingsEveryMs, (host, work) => this.#sample(host, work))
  #identifiers = new Map<Octets, Uint8Array>()
  #isFirst = true

  constructor(files: SystemFiles, links: Links) {
    this.#files = files
    this.#links = links
  }

  get tables(): Serving[] {
    return [this.#host6, this.#four, this.#six, this.#changes].map(anyServing)
  }

  start(host: ModuleHost): Promise<void> {
    return this.#sampler.start(host)
  }

  /** The interface identifier is the end of the link's own link-local address (RFC 4291 §2.5.6). */
  takeIdentifiers(addresses: readonly Address[]): void {
    const linkLocal = addresses.filter(({ octets }) => octets.length === 16 && isLinkScoped(octets))
    this.#identifiers = new Map(linkLocal.map(({ link, octets }) => [link, octets.subarray(8)]))
  }

  async #sample(host: ModuleHost, work: Work): Promise<void> {
    const forwarding = this.#number('/proc/sys/net/ipv6/conf/all/forwarding')
    const hopLimit = this.#number('/proc/sys/net/ipv6/conf/default/hop_limit')
    if (forwarding === undefined || hopLimit === undefined) this.#host6.table.delete({})
    else this.#host6.table.put({ ipv6IpForwarding: forwardingOf(forwarding), ipv6IpDefaultHopLimit: hopLimit })
    const before = { four: this.#four.table.size, six: this.#six.table.size }
    if (!(await work.run(this.#putInterfaces()))) return
    if (!this.#isFirst) {
      const now = host.upTimeTicks()
      const { ipv4InterfaceTableLastChange, ipv6InterfaceTableLastChange } = this.#changes.values
      this.#changes.table.put({
        ipv4InterfaceTableLastChange: this.#four.table.size === before.four ? ipv4InterfaceTableLastChange : now,
        ipv6InterfaceTableLastChange: this.#six.table.size === before.six ? ipv6InterfaceTableLastChange : now,
      })
    }
    this.#isFirst = false
  }

  /** A step is a link. */
  *#putInterfaces(): Generator<void> {
    this.#four.table.beginSweep()
    this.#six.table.beginSweep()
    for (const link of this.#links.all) {
      this.#putInterface4(link)
      this.#putInterface6(link)
      yield
    }
    this.#four.table.endSweep()
    this.#six.table.endSweep()
  }

  #putInterface4({ name, index, isAdminUp }: Link): void {
    const retransmitMs = this.#number(`/proc/sys/net/ipv4/neigh/${name}/retrans_time_ms`)
    if (retransmitMs === undefined) return
    this.#four.table.put({
      ipv4InterfaceIfIndex: index,
      ipv4InterfaceReasmMaxSize: 65_535,
      ipv4InterfaceEnableStatus: isAdminUp ? 'up' : 'down',
      ipv4InterfaceRetransmitTime: retransmitMs,
    })
  }

  #putInterface6({ name, index, isAdminUp }: Link): void {
    const retransmitMs = this.#number(`/proc/sys/net/ipv6/neigh/${name}/retrans_time_ms`)
    if (retransmitMs === undefined) return
    const isDisabled = this.#number(`/proc/sys/net/ipv6/conf/${name}/disable_ipv6`) !== 0
    this.#six.table.put({
      ipv6InterfaceIfIndex: index,
      ipv6InterfaceReasmMaxSize: 65_535,
      ipv6InterfaceIdentifier: this.#identifiers.get(name) ?? new Uint8Array(0),
      ipv6InterfaceEnableStatus: isAdminUp && !isDisabled ? 'up' : 'down',
      ipv6InterfaceReachableTime: this.#number(`/proc/sys/net/ipv6/neigh/${name}/base_reachable_time_ms`) ?? 0,
      ipv6InterfaceRetransmitTime: retransmitMs,
      ipv6InterfaceForwarding: forwardingOf(this.#number(`/proc/sys/net/ipv6/conf/${name}/forwarding`)),
    })
  }

  #number(path: Octets): number | undefined {
    const text = this.#files.textNow(path)
    return text === undefined ? undefined : Number(text)
  }
}

function forwardingOf(value: number | undefined) {
  return value ? ('forwarding' as const) : ('notForwarding' as const)
}
