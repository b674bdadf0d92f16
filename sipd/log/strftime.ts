/** Times by strftime(3) patterns in the local time zone and the C locale, compiled once and printed once a second. */

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const months = [
  ...['January', 'February', 'March', 'April', 'May', 'June'],
  ...['July', 'August', 'September', 'October', 'November', 'December'],
]

type Print = (date: Date) => string

/** What stands for others, as POSIX has it for the C locale. */
const composed: Readonly<Record<string, string>> = {
  c: '%a %b %e %H:%M:%S %Y',
  D: '%m/%d/%y',
  F: '%Y-%m-%d',
  h: '%b',
  r: '%I:%M:%S %p',
  R: '%H:%M',
  T: '%H:%M:%S',
  x: '%m/%d/%y',
  X: '%H:%M:%S',
}

const conversions: Readonly<Record<string, Print>> = {
  a: (date) => days[date.getDay()]!.slice(0, 3),
  A: (date) => days[date.getDay()]!,
  b: (date) => months[date.getMonth()]!.slice(0, 3),
  B: (date) => months[date.getMonth()]!,
  C: (date) => digits(Math.floor(date.getFullYear() / 100)),
  d: (date) => digits(date.getDate()),
  e: (date) => String(date.getDate()).padStart(2),
  H: (date) => digits(date.getHours()),
  I: (date) => digits(date.getHours() % 12 || 12),
  j: (date) => digits(dayOfYear(date), 3),
  m: (date) => digits(date.getMonth() + 1),
  M: (date) => digits(date.getMinutes()),
  n: () => '\n',
  p: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  s: (date) => String(Math.floor(date.getTime() / 1000)),
  S: (date) => digits(date.getSeconds()),
  t: () => '\t',
  u: (date) => String(date.getDay() || 7),
  w: (date) => String(date.getDay()),
  y: (date) => digits(date.getFullYear() % 100),
  Y: (date) => String(date.getFullYear()),
  z: offsetFromUtc,
  Z: zoneName,
  '%': () => '%',
}

/**
 * A function that prints a time in milliseconds since 1970. The text is kept while the second lasts: a busy log asks
 * for the same one thousands of times.
 * @throws RangeError with the conversion that is not known, such as `%Q`.
 */
export function compileStrftime(pattern: string): (timeMs: number) => string {
  const parts = compileParts(pattern)
  let keptSecond = Number.NaN
  let keptText = ''
  return (timeMs) => {
    const second = Math.floor(timeMs / 1000)
    if (second !== keptSecond) {
      const date = new Date(timeMs)
      keptText = parts.map((part) => (typeof part === 'string' ? part : part(date))).join('')
      keptSecond = second
    }
    return keptText
  }
}

function compileParts(pattern: string): (string | Print)[] {
  return [...pattern.matchAll(/%(.?)|[^%]+/gs)].flatMap(([text, letter]) => {
    if (letter === undefined) return [text]
    const whole = Object.hasOwn(composed, letter) ? composed[letter] : undefined
    if (whole !== undefined) return compileParts(whole)
    const print = Object.hasOwn(conversions, letter) ? conversions[letter] : undefined
    if (!print) throw new RangeError(`%${letter}`)
    return [print]
  })
}

function digits(value: number, count = 2): string {
  return String(value).padStart(count, '0')
}

function dayOfYear(date: Date): number {
  // By UTC, where every day has 24 hours.
  const midnight = Date.UTC(date.getFullYear(), date.getMonth(), date.getDate())
  return (midnight - Date.UTC(date.getFullYear(), 0, 0)) / 86_400_000
}

function offsetFromUtc(date: Date): string {
  const minutes = -date.getTimezoneOffset()
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${digits(Math.floor(size / 60))}${digits(size % 60)}`
}

function zoneName(date: Date): string {
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(date)
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? offsetFromUtc(date)
}
