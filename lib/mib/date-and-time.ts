/** The octets of DateAndTime (RFC 2579): with the machine's offset from UTC when written, with any or none when read. */

/** Eleven octets, in local time. */
export function writeDateAndTime(date: Date): Uint8Array {
  const offset = -date.getTimezoneOffset()
  const year = date.getFullYear()
  return Uint8Array.of(
    year >> 8,
    year & 0xff,
    date.getMonth() + 1,
    date.getDate(),
    date.getHours(),
    date.getMinutes(),
    date.getSeconds(),
    Math.floor(date.getMilliseconds() / 100),
    offset < 0 ? 0x2d : 0x2b,
    Math.floor(Math.abs(offset) / 60),
    Math.abs(offset) % 60,
  )
}

/** Undefined where the octets name no moment, such as 31 February. A leap second is the second after it. */
export function readDateAndTime(octets: Uint8Array): Date | undefined {
  const [high = 0, low = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, decisecond = 0, ...zone] = octets
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 60 || decisecond > 9) return undefined
  const year = high * 256 + low
  if (day > daysIn(year, month)) return undefined
  if (octets.length === 8) {
    const local = new Date(2000, 0, 1, hour, minute, second, decisecond * 100)
    local.setFullYear(year, month - 1, day)
    return local
  }
  // The range of RFC 2579 ends at 13, and Kiribati is at 14.
  const [direction, hours = 0, minutes = 0] = zone
  if ((direction !== 0x2b && direction !== 0x2d) || hours > 14 || minutes > 59) return undefined
  const utc = new Date(Date.UTC(2000, 0, 1, hour, minute, second, decisecond * 100))
  utc.setUTCFullYear(year, month - 1, day)
  return new Date(utc.getTime() - (hours * 60 + minutes) * (direction === 0x2d ? -1 : 1) * 60_000)
}

/** `Date.UTC` takes years before 100 for those of the last century; those of 400 years later have the same days. */
function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year + 400, month, 0)).getUTCDate()
}
