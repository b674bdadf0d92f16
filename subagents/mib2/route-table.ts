/** The routes of a sample, sorted as inetCidrRouteTable is, and what others ask of them. */
import { networkOf, sameOctets } from './address.ts'
import { type Route, RouteRecords } from './route-records.ts'
import { addRoute4, addRoute6, type IndexOf } from './routes.ts'
import { sortInSteps } from './sort.ts'

/** The lines of the two files of the kernel, without their ends. */
export interface RouteLines {
  readonly four: Iterable<Buffer>
  readonly six: Iterable<Buffer>
}

export class RouteTable {
  static readonly empty = new RouteTable(new RouteRecords(), new Set(), new Uint32Array(0), new Uint32Array(0))
  /** As the kernel listed them. */
  readonly #records: RouteRecords
  /** Those that another one before them has the destination and next hop of. */
  readonly #alternatives: ReadonlySet<number>
  readonly #order: Uint32Array
  /** Of IPv4 the first route to each destination address, whatever its prefix length. */
  readonly #destinations4: Uint32Array

  private constructor(
    records: RouteRecords,
    alternatives: ReadonlySet<number>,
    order: Uint32Array,
    destinations4: Uint32Array,
  ) {
    this.#records = records
    this.#alternatives = alternatives
    this.#order = order
    this.#destinations4 = destinations4
  }

  /** Reads and sorts in steps; the same table again when nothing has changed. */
  static *read(lines: RouteLines, indexOf: IndexOf, before: RouteTable): Generator<void, RouteTable> {
    const records = new RouteRecords()
    for (const line of lines.four) {
      addRoute4(line, indexOf, records)
      yield
    }
    for (const line of lines.six) {
      addRoute6(line, indexOf, records)
      yield
    }
    return before.#records.equals(records) ? before : yield* RouteTable.#sorted(records)
  }

  static *#sorted(records: RouteRecords): Generator<void, RouteTable> {
    const order = new Uint32Array(records.count)
    for (let at = 0; at < order.length; at++) order[at] = at
    yield* sortInSteps(order, (a, b) => records.comparePrefix(a, b) || records.compareGateway(a, b))
    // Of those with one destination and next hop the first that the kernel lists has no policy, the others have.
    const alternatives = new Set<number>()
    for (let at = 1; at < order.length; at++) {
      const [before, one] = [order[at - 1]!, order[at]!]
      if (records.comparePrefix(before, one) === 0 && records.compareGateway(before, one) === 0) alternatives.add(one)
      if (at % 64 === 0) yield
    }
    const policyOf = (one: number): number => (alternatives.has(one) ? 1 : 0)
    const comparePolicy = (a: number, b: number): number =>
      policyOf(a) - policyOf(b) || (policyOf(a) > 0 ? records.compareMetric(a, b) : 0)
    const compare = (a: number, b: number): number =>
      records.comparePrefix(a, b) || comparePolicy(a, b) || records.compareGateway(a, b)
    yield* sortInSteps(order, compare)
    // Alternatives that differ in what the kernel does not list, such as their TOS, are one.
    let count = 0
    const destinations4 = new Uint32Array(order.length)
    let count4 = 0
    for (let at = 0; at < order.length; at++) {
      const one = order[at]!
      if (at % 64 === 0) yield
      const isFirst = count === 0
      if (!isFirst && compare(order[count - 1]!, one) === 0) continue
      const isSame = !isFirst && records.sameDestination(order[count - 1]!, one)
      if (records.isIpv4(one) && !isSame) destinations4[count4++] = one
      order[count++] = one
    }
    return new RouteTable(records, alternatives, order.subarray(0, count), destinations4.slice(0, count4))
  }

  get size(): number {
    return this.#order.length
  }

  routeAt(position: number): Route {
    return this.#records.route(this.#order[position]!)
  }

  /** Whether another route is before it that its policy must tell it from. */
  isAlternative(position: number): boolean {
    return this.#alternatives.has(this.#order[position]!)
  }

  get destinationCount4(): number {
    return this.#destinations4.length
  }

  destinationAt4(position: number): Route {
    return this.#records.route(this.#destinations4[position]!)
  }

  /** The default routes that have a gateway. */
  *defaults(): Iterable<Route> {
    for (const octets of [new Uint8Array(4), new Uint8Array(16)]) {
      for (const route of this.#from(octets, 0)) {
        if (route.prefixLength !== 0 || route.destination.length !== octets.length) break
        if (!route.isReject && !isOnLink(route)) yield route
      }
    }
  }

  /** The network on a link that an address is in; the smallest of several. */
  networkAround(address: Uint8Array): Route | undefined {
    for (let prefixLength = address.length * 8; prefixLength > 0; prefixLength--) {
      const network = networkOf(address, prefixLength)
      for (const route of this.#from(network, prefixLength)) {
        if (route.prefixLength !== prefixLength || !sameOctets(route.destination, network)) break
        if (!route.isReject && isOnLink(route)) return route
      }
    }
    return undefined
  }

  /** Routes from this prefix on; of addresses that belong to no link. */
  *#from(destination: Uint8Array, prefixLength: number): Iterable<Route> {
    let low = 0
    let high = this.size
    while (low < high) {
      const middle = (low + high) >>> 1
      const route = this.routeAt(middle)
      const difference =
        route.destination.length - destination.length ||
        Buffer.compare(route.destination, destination) ||
        route.prefixLength - prefixLength
      if (difference < 0) low = middle + 1
      else high = middle
    }
    for (let at = low; at < this.size; at++) yield this.routeAt(at)
  }
}

export const isOnLink = ({ hasGateway }: Route): boolean => !hasGateway
