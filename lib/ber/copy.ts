/** A copy of some octets, made the way that costs least for as many. */

/** With more octets than this a view to copy from costs less than copying them one by one. */
const fewOctets = 64

/** The octets from `start` up to and without `end`, in an array of their own. */
export function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const length = end - start
  const copy = new Uint8Array(length)
  if (length > fewOctets) copy.set(bytes.subarray(start, end))
  else for (let i = 0; i < length; i++) copy[i] = bytes[start + i] ?? 0
  return copy
}
