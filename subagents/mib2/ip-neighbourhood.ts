/** Addresses, their prefixes, neighbours and default routers of IP, in the tables of RFC 4293 and in those of RFC 1213. */
import type { networkInterfaces } from 'node:os'
import { anyServing, type ModuleHost, type Serving, serve } from '../../lib/mib/module.ts'
import { readReport } from '../../lib/program/program-report.ts'
import type { Octets } from '../../lib/text/octets.ts'
import { type Address, addresses4, isLeftOut, parseIfInet6, parseLocalAddresses } from './addresses.ts'
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
import type { Links } from './known-links.ts'
import * as mib from './mib.ts'
import { type Neighbour, parseArp } from './neighbours.ts'
import { neighbours6StaleMs, parseNeighbours6 } from './neighbours6.ts'
import { Sampler, sweep, type Work } from './sampler.ts'

const addressesEveryMs = 5_000

export interface NeighbourhoodOptions {
  readonly files: SystemFiles
  readonly links: Links
  readonly routes: Routes
  /** getifaddrs, as node:os has it. */
  readonly interfaces: typeof networkInterfaces
  /** Where another daemon keeps the neighbours of IPv6; without it they are not shown. */
  readonly neighbours6: string | undefined
  /** Called with the addresses that each sample found. */
  found(addresses: readonly Address[]): void
}

/** Of the kernel's files, and the report of the neighbours of IPv6. */
interface Texts {
  readonly six: Octets
  readonly arp: Octets
  readonly report: string
}

export class IpNeighbourhood {
  readonly #options: NeighbourhoodOptions
  readonly #addresses = serve(mib.ipAddressTable)
  readonly #prefixes = serve(mib.ipAddressPrefixTable)
  readonly #oldAddresses = serve(mib.ipAddrTable)
  readonly #neighbours = serve(mib.ipNetToPhysicalTable)
  readonly #oldNeighbours = serve(mib.ipNetToMediaTable)
  readonly #translations = serve(mib.atTable)
  readonly #routers = serve(mib.ipDefaultRouterTable)
  readonly #addressTimes = new Times()
  readonly #neighbourTimes = new Times()
  readonly #sampler = new Sampler('addresses', addressesEveryMs, (host, work) => this.#sample(host, work))
  #isFirst = true

  constructor(options: NeighbourhoodOptions) {
    this.#options = options
  }

  get tables(): Serving[] {
    const ofAddresses = [this.#addresses, this.#prefixes, this.#oldAddresses]
    const ofNeighbours = [this.#neighbours, this.#oldNeighbours, this.#translations, this.#routers]
    return [...ofAddresses, ...ofNeighbours].map(anyServing)
  }

  start(host: ModuleHost): Promise<void> {
    return this.#sampler.start(host)
  }

  async #sample(host: ModuleHost, work: Work): Promise<void> {
    const { files, neighbours6 } = this.#options
    const [six, arp, report] = await Promise.all([
      files.text('/proc/net/if_inet6'),
      files.wanted('/proc/net/arp'),
      neighbours6 === undefined ? undefined : readReport(neighbours6, neighbours6StaleMs),
    ])
    const now = this.#isFirst ? 0 : host.upTimeTicks()
    if (await work.run(this.#show({ six: six ?? '', arp, report: report ?? '[]' }, now))) this.#isFirst = false
  }

  *#show({ six, arp, report }: Texts, now: number): Generator<void> {
    const { files, links, routes, interfaces, found } = this.#options
    const linkOf = (text: string): Octets => links.named(text)
    const local = new Map<string, Uint8Array>()
    // The trie has all routes as well, and is long where they are many.
    if (links.all.some(isLeftOut)) yield* parseLocalAddresses(files.lines('/proc/net/fib_trie'), local)
    const four = addresses4(
      interfaces(),
      local.values(),
      (octets) => {
        const route = routes.table.networkAround(octets)
        return route && { prefixLength: route.prefixLength, link: links.nameOf(route.ifIndex) }
      },
      linkOf,
    )
    yield
    const all: Address[] = [...four, ...parseIfInet6(six)]
    yield* this.#showAddresses(all, now)
    yield* this.#showNeighbours([...parseArp(arp), ...parseNeighbours6(report, linkOf)], now)
    this.#routers.table.replaceAll(toRouterRows([...routes.table.defaults()]))
    found(all)
  }

  *#showAddresses(found: readonly Address[], now: number): Generator<void> {
    const placed = found.filter(({ link }) => this.#indexOf(link) > 0)
    const seen = ({ key, state }: { key: string; state: string }) => this.#addressTimes.seen(key, state, now)
    yield* sweep(
      this.#addresses.table,
      lazily(placed, (one) => toAddressRow(one, this.#indexOf, seen)),
    )
    this.#addressTimes.turn()
    yield* sweep(
      this.#prefixes.table,
      lazily(placed, (one) => toPrefixRow(one, this.#indexOf(one.link))),
    )
    yield* sweep(
      this.#oldAddresses.table,
      lazily(placed, (one) => toAddrRow(one, this.#indexOf)),
    )
  }

  *#showNeighbours(known: readonly Neighbour[], now: number): Generator<void> {
    const seen = ({ key, state }: { key: string; state: string }) => this.#neighbourTimes.seen(key, state, now)
    yield* sweep(
      this.#neighbours.table,
      lazily(known, (one) => toPhysicalRow(one, this.#indexOf, seen)),
    )
    this.#neighbourTimes.turn()
    const toMedia = (one: Neighbour) => toMediaRow(one, this.#indexOf)
    yield* sweep(this.#oldNeighbours.table, lazily(known, toMedia))
    yield* sweep(
      this.#translations.table,
      lazily(known, (one) => toMedia(one).map(toAtRow)),
    )
  }

  readonly #indexOf = (name: Octets): number => this.#options.links.indexOf(name)
}

/** Rows as they are needed: all at once would be a long slice. */
function* lazily<T, R extends object>(
  items: Iterable<T>,
  toRows: (item: T) => R | readonly R[] | undefined,
): Generator<R> {
  for (const item of items) {
    const rows = toRows(item)
    if (isList(rows)) yield* rows
    else if (rows) yield rows
  }
}

function isList<R>(rows: R | readonly R[] | undefined): rows is readonly R[] {
  return Array.isArray(rows)
}
