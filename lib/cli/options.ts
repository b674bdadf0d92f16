/** Options of commands: each is declared once, with its type, its default and its line of the help. */

export interface Option<T> {
  /** As people type it: `--lines <n>`, `-u, --user <name>`, `--json`, or `--no-follow`, which is on until it is given. */
  readonly flags: string
  readonly help: string
  readonly defaultValue?: T
  /** The default as people type it, where that is something else. */
  readonly shownDefault?: string | undefined
  /** Throws an Error that says what it expected. */
  readonly parse?: (text: string) => T
  readonly isHidden?: boolean
}

export type Options = Readonly<Record<string, Option<unknown>>>

/** What a command gets of the options that it has declared. */
export type ValuesOf<O extends Options> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never }

/** True where it is given; `--no-follow` makes `--follow` false. */
export function flag(flags: string, help: string, { isHidden = false } = {}): Option<boolean> {
  return { flags, help, defaultValue: flags.startsWith('--no-'), isHidden }
}

export function text(flags: string, help: string): Option<string | undefined> {
  return { flags, help }
}

export function textOr(flags: string, help: string, defaultValue: string): Option<string> {
  return { flags, help, defaultValue }
}

export function parsed<T>(flags: string, help: string, parse: (text: string) => T): Option<T | undefined> {
  return { flags, help, parse }
}

export function parsedOr<T>(
  flags: string,
  help: string,
  parse: (text: string) => T,
  defaultValue: T,
  shownDefault?: string,
): Option<T> {
  return { flags, help, parse, defaultValue, shownDefault }
}

export const json = flag('--json', 'for programs')

export function wholeNumber(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new Error('expected a whole number')
  return Number(text)
}

const spanMs: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  y: 365 * 86_400_000,
}

/** A span such as `30m`, `2h`, `2d`, `1w` or `1y`, as milliseconds; a hundred years at most. */
export function spanAsMs(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,6})([smhdwy])$/.exec(text) ?? []
  const ms = Number(count) * (spanMs[unit] ?? 0)
  if (!(ms > 0 && ms <= 100 * 365 * 86_400_000)) throw new Error('expected a span such as 30m, 2h, 2d, 1w or 1y')
  return ms
}

/** Seconds, as milliseconds; a day at most. */
export function secondsAsMs(text: string): number {
  const seconds = Number(text)
  if (!(seconds > 0 && seconds <= 86_400)) throw new Error('expected a number of seconds up to 86400')
  return seconds * 1000
}
