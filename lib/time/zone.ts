/** A time zone: the offset from UTC at a moment, and when it changes. */

export interface Zone {
  /** Local time minus UTC, in milliseconds. */
  offsetMs(atMs: number): number
}

/** The zone of the machine (TZ, or /etc/localtime) as it was when the process started. */
export const machineZone: Zone = {
  offsetMs: (atMs) => -new Date(atMs).getTimezoneOffset() * 60_000,
}

/** A clock change: from `atMs` on the offset is `after`. */
export interface ClockChange {
  readonly atMs: number
  readonly before: number
  readonly after: number
}

const stepMs = 86_400_000
const exactMs = 1000

/** The first change of the clock in (fromMs, untilMs]; changes that are less than a day apart may hide each other. */
export function nextClockChange(zone: Zone, fromMs: number, untilMs: number): ClockChange | undefined {
  const before = zone.offsetMs(fromMs)
  for (let low = fromMs; low < untilMs; low += stepMs) {
    const high = Math.min(low + stepMs, untilMs)
    if (zone.offsetMs(high) !== before) return narrow(zone, low, high, before)
  }
  return undefined
}

function narrow(zone: Zone, from: number, until: number, before: number): ClockChange {
  // Zones change their offset at whole seconds.
  let low = Math.floor(from / exactMs)
  let high = Math.ceil(until / exactMs)
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (zone.offsetMs(middle * exactMs) === before) low = middle
    else high = middle
  }
  const atMs = high * exactMs
  return { atMs, before, after: zone.offsetMs(atMs) }
}
