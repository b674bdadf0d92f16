/** Sizes that fit Integer32: the allocation unit grows until the number of units does (RFC 2790 has no 64-bit form). */

const most = 0x7fff_ffff

export interface Scaled {
  readonly units: number
  readonly size: number
  readonly used: number
}

/** `unitOctets` of one allocation unit; `size` and `used` in such units. Used never exceeds size by rounding. */
export function scaled(unitOctets: number, size: number, used: number): Scaled {
  let factor = 1
  // A unit must fit Integer32 as well: beyond 2^62 octets the numbers stay at their largest.
  while (Math.max(size, used) / factor > most && unitOctets * factor * 2 <= most) factor *= 2
  const fit = (value: number): number => Math.min(most, Math.round(value / factor))
  return { units: unitOctets * factor, size: fit(size), used: fit(used) }
}

/** Octets as KBytes of RFC 2790; what does not fit is the largest that does. */
export function toKBytes(octets: number): number {
  return Math.min(most, Math.floor(octets / 1024))
}
