/** Routes in 48 octets each: a router may have a hundred thousand, and an object for each is a kilobyte. */

/** A route as those see it who ask for one. */
export interface Route {
  /** Four octets or sixteen. */
  readonly destination: Uint8Array
  readonly prefixLength: number
  /** All zero when the destination is on the link, or when the next hop is of another family. */
  readonly gateway: Uint8Array
  readonly ifIndex: number
  readonly metric: number
  readonly isReject: boolean
  /** By an ICMP redirect. */
  readonly isDynamic: boolean
  /** From a router advertisement. */
  readonly isAdvertised: boolean
  /** Whether there is a next hop at all: a route of IPv4 `via inet6` has one that the kernel's file does not name. */
  readonly hasGateway: boolean
}

const recordOctets = 48
const place = { size: 0, prefixLength: 1, flags: 2, metric: 4, ifIndex: 8, destination: 16, gateway: 32 } as const
const flag = { reject: 1, dynamic: 2, advertised: 4, hasGateway: 8 } as const

export class RouteRecords {
  #octets = Buffer.alloc(64 * recordOctets)
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Whether these are the same routes in the same order. */
  equals(other: RouteRecords): boolean {
    return this.#count === other.#count && this.#used().equals(other.#used())
  }

  add(route: Route): void {
    const at = this.#count * recordOctets
    if (at === this.#octets.length) this.#octets = Buffer.concat([this.#octets], at * 2)
    this.#count++
    const octets = this.#octets
    octets[at + place.size] = route.destination.length
    octets[at + place.prefixLength] = route.prefixLength
    octets[at + place.flags] =
      (route.isReject ? flag.reject : 0) |
      (route.isDynamic ? flag.dynamic : 0) |
      (route.isAdvertised ? flag.advertised : 0) |
      (route.hasGateway ? flag.hasGateway : 0)
    octets.writeUInt32BE(route.metric >>> 0, at + place.metric)
    octets.writeUInt32BE(route.ifIndex, at + place.ifIndex)
    octets.set(route.destination, at + place.destination)
    octets.set(route.gateway, at + place.gateway)
  }

  route(position: number): Route {
    const octets = this.#octets
    const at = position * recordOctets
    const size = octets[at + place.size]!
    const flags = octets[at + place.flags]!
    const cut = (from: number): Uint8Array => Uint8Array.prototype.slice.call(octets, at + from, at + from + size)
    return {
      destination: cut(place.destination),
      prefixLength: octets[at + place.prefixLength]!,
      gateway: cut(place.gateway),
      ifIndex: octets.readUInt32BE(at + place.ifIndex),
      metric: octets.readUInt32BE(at + place.metric),
      isReject: (flags & flag.reject) !== 0,
      isDynamic: (flags & flag.dynamic) !== 0,
      isAdvertised: (flags & flag.advertised) !== 0,
      hasGateway: (flags & flag.hasGateway) !== 0,
    }
  }

  isIpv4(position: number): boolean {
    return this.#octets[position * recordOctets] === 4
  }

  sameDestination(a: number, b: number): boolean {
    return this.#compareOctets(a, b, place.destination) === 0
  }

  /** Order of destination and prefix length, as the index of inetCidrRouteTable begins. */
  comparePrefix(a: number, b: number): number {
    const octets = this.#octets
    const prefixLengthOf = (position: number): number => octets[position * recordOctets + place.prefixLength]!
    return (
      octets[a * recordOctets]! - octets[b * recordOctets]! ||
      this.#compareAddress(a, b, place.destination) ||
      prefixLengthOf(a) - prefixLengthOf(b)
    )
  }

  /** Order of the next hop: none, then by its octets. */
  compareGateway(a: number, b: number): number {
    return this.#compareAddress(a, b, place.gateway)
  }

  /** Order of interface and metric. */
  compareMetric(a: number, b: number): number {
    return this.#compareNumber(a, b, place.ifIndex) || this.#compareNumber(a, b, place.metric)
  }

  #compareNumber(a: number, b: number, from: number): number {
    const octets = this.#octets
    return octets.readUInt32BE(a * recordOctets + from) - octets.readUInt32BE(b * recordOctets + from)
  }

  #compareOctets(a: number, b: number, from: number): number {
    const octets = this.#octets
    const [atA, atB] = [a * recordOctets + from, b * recordOctets + from]
    return octets.compare(octets, atB, atB + 16, atA, atA + 16)
  }

  /** An address that belongs to a link has a type of its own, behind the others, and its interface behind it (RFC 4001, ipv6z). */
  #compareAddress(a: number, b: number, from: number): number {
    const scopeOf = (position: number): number => linkScope(this.#octets, position * recordOctets, from)
    const scope = scopeOf(a)
    return (
      scope - scopeOf(b) ||
      this.#compareOctets(a, b, from) ||
      (scope > 0 ? this.#compareNumber(a, b, place.ifIndex) : 0)
    )
  }

  #used(): Buffer {
    return this.#octets.subarray(0, this.#count * recordOctets)
  }
}

/** 1 for an address that says something only together with a link, where that is known. */
function linkScope(octets: Buffer, record: number, from: number): number {
  if (octets[record] !== 16) return 0
  const [first, second] = [octets[record + from]!, octets[record + from + 1]!]
  const isScoped = first === 0xff || (first === 0xfe && (second & 0xc0) === 0x80)
  return isScoped && octets.readUInt32BE(record + place.ifIndex) > 0 ? 1 : 0
}
