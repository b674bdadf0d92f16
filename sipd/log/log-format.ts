/** LogFormat of the Apache server, compiled once to a function that prints a transaction as a line. */

import { escapeValue, escapeWord } from '../../lib/text/escape.ts'
import type { AccessEntry } from './access-entry.ts'
import { compileStrftime } from './strftime.ts'

/** The nicknames that are known without a LogFormat directive (the ancestor's appendix B). */
export const defaultLogFormats: Readonly<Record<string, string>> = {
  combined: '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"',
  common: '%h %l %u %t "%r" %>s %b',
  referer: '%{Referer}i -> %U',
  agent: '%{User-agent}i',
}

/** A LogFormat that cannot be compiled; its message says which directive at which column, and what there is. */
export class LogFormatError extends Error {
  /** From 1, within the format. */
  readonly column: number

  constructor(message: string, column: number) {
    super(message)
    this.name = 'LogFormatError'
    this.column = column
  }
}

export interface LogFormatOptions {
  /** For %v. */
  readonly serverName: string
  /** For %P; this process when it is left out. */
  readonly pid?: number
}

/** Prints one line, newline included. */
export type FormatLine = (entry: AccessEntry) => string

type Print = (entry: AccessEntry) => string

/**
 * Compiles the directives of the table below, with `%400,486{...}` and `%!200{...}` for "only with these statuses".
 * Values of the network are escaped, and a hyphen stands for what is not there.
 * @throws LogFormatError
 */
export function compileLogFormat(format: string, options: LogFormatOptions): FormatLine {
  const parts: (string | Print)[] = []
  // Apache's order: statuses, then which of several responses (there is one: the final), the argument, the letter.
  const pattern = /%(!?)([\d,]*)[<>]?(?:\{([^}]*)\})?[<>]?([a-zA-Z%]?)|[^%]+/g
  for (const match of format.matchAll(pattern)) {
    const [text, negation, statuses, argument, letter] = match
    if (letter === undefined) parts.push(unescapeLiteral(text))
    else {
      const print = compileDirective(letter, argument, options, { text, column: match.index + 1 })
      parts.push(statuses ? onlyFor(print, statuses, negation === '!') : print)
    }
  }
  return (entry) => {
    let line = ''
    for (const part of parts) line += typeof part === 'string' ? part : part(entry)
    return `${line}\n`
  }
}

interface Directive {
  /** What stands in the braces: not given for none; `time?` may be left out. */
  readonly argument?: string
  compile(options: LogFormatOptions, argument: string): Print
}

const value = (print: Print): Directive => ({ compile: () => print })

const directives: Readonly<Record<string, Directive>> = {
  h: value((entry) => escapeWord(entry.remoteAddress)),
  a: value((entry) => escapeWord(entry.remoteAddress)),
  l: value(() => '-'), // RFC 1413's ident, which nobody has
  u: value(({ user }) => (user === undefined ? '-' : escapeWord(user) || '""')),
  t: {
    argument: 'time?',
    compile: (_, argument) => {
      const print = compileStrftime(argument || '[%d/%b/%Y:%H:%M:%S %z]')
      return ({ timeMs }) => print(timeMs)
    },
  },
  r: value(({ method, requestUri, version }) => escapeValue(`${method} ${requestUri} ${version}`)),
  s: value(({ status }) => String(status)),
  b: value(({ octetsSent }) => (octetsSent === 0 ? '-' : String(octetsSent))),
  B: value(({ octetsSent }) => String(octetsSent)),
  i: { argument: 'Header', compile: (_, name) => (entry) => orHyphen(entry.header(name)) },
  o: { argument: 'Header', compile: (_, name) => (entry) => orHyphen(entry.responseHeader(name)) },
  U: value(({ requestUri }) => escapeWord(requestUri.replace(/\?.*$/s, ''))),
  m: value(({ method }) => escapeWord(method)),
  H: value(({ version }) => escapeWord(version)),
  D: value(({ durationMs }) => String(Math.round(durationMs * 1000))),
  T: value(({ durationMs }) => String(Math.floor(durationMs / 1000))),
  p: value(({ localPort }) => String(localPort)),
  P: { compile: ({ pid = process.pid }) => always(String(pid)) },
  v: { compile: ({ serverName }) => always(escapeWord(serverName)) },
  '%': value(() => '%'),
}

interface Place {
  readonly text: string
  readonly column: number
}

function compileDirective(letter: string, argument: string | undefined, options: LogFormatOptions, at: Place): Print {
  const wrong = (what: string): LogFormatError =>
    new LogFormatError(`${at.text} at column ${at.column} ${what}`, at.column)
  const found = Object.hasOwn(directives, letter) ? directives[letter] : undefined
  if (!found) throw wrong(`is no directive of LogFormat; there are ${describeAll()}`)
  if (found.argument === undefined && argument !== undefined) throw wrong(`takes no braces: %${letter}`)
  if (found.argument === 'Header' && !argument) throw wrong(`is to name a header: ${describe(letter)}`)
  try {
    return found.compile(options, argument ?? '')
  } catch (error) {
    if (error instanceof RangeError) throw wrong(`has ${error.message}, which is no conversion of strftime`)
    throw error
  }
}

function describeAll(): string {
  return Object.keys(directives).map(describe).join(' ')
}

function describe(letter: string): string {
  const argument = directives[letter]?.argument
  return argument === undefined ? `%${letter}` : `%{${argument}}${letter}`
}

function onlyFor(print: Print, statuses: string, isNegated: boolean): Print {
  const chosen = new Set(statuses.split(',').map(Number))
  return (entry) => (chosen.has(entry.status) === isNegated ? '-' : print(entry))
}

function always(text: string): Print {
  return () => text
}

function orHyphen(header: string | undefined): string {
  return header ? escapeValue(header) : '-'
}

/** Apache lets a format name line ends and tabs; any other backslash stands for itself. */
function unescapeLiteral(text: string): string {
  return text.replace(/\\([nrt])/g, (_, letter: string) => ({ n: '\n', r: '\r', t: '\t' })[letter] ?? '')
}
