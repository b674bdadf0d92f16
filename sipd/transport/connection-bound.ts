/** How many connections one process may have: what sipd.conf says, or what its descriptors are enough for. */

/** Left for what comes later: listeners, the links between workers, the file of registrations, look-ups. */
const reservedDescriptors = 32

/** `configured` 0 is without end, `limit` undefined is not known; `open` descriptors are in use already. */
export function connectionBound(configured: number, limit: number | undefined, open: number): number {
  const wanted = configured === 0 ? Number.POSITIVE_INFINITY : configured
  const possible = limit === undefined ? Number.POSITIVE_INFINITY : limit - open - reservedDescriptors
  return Math.max(1, Math.min(wanted, possible))
}
