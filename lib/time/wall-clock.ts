/** What the wall clock is worth: a machine without a battery clock starts in 1970 and is set minutes later. */

/** No installation is older: an earlier time comes from a clock that was not set yet, in milliseconds since 1970. */
export const earliestTimeMs = Date.UTC(2020, 0, 1)

/** Whether a time, in milliseconds since 1970, can be true. */
export function isPlausibleTime(ms: number): boolean {
  return ms >= earliestTimeMs
}
