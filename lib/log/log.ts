/** Log lines: a fixed sentence and fields, so that they can be counted; a child carries the component's name. */
import { jsonText, printable } from '../text/escape.ts'

export type LogLevel = 'debug' | 'info' | 'notice' | 'warn' | 'error'
export type LogFields = Readonly<Record<string, unknown>>

const severity: Record<LogLevel, number> = { debug: 0, info: 1, notice: 2, warn: 3, error: 4 }

export interface Log {
  debug(sentence: string, fields?: LogFields): void
  info(sentence: string, fields?: LogFields): void
  notice(sentence: string, fields?: LogFields): void
  warn(sentence: string, fields?: LogFields): void
  error(sentence: string, fields?: LogFields): void
  child(component: string): Log
}

export interface LogOptions {
  readonly component: string
  readonly level?: LogLevel
  /** Takes one finished line, newline included. */
  readonly write: (line: string) => void
  readonly now?: () => number
}

/** Makes a log that writes `2026-01-02T03:04:05.678Z info  agent: sentence key=value` lines. */
export function createLog({ component, level = 'info', write, now = Date.now }: LogOptions): Log {
  const emit =
    (lineLevel: LogLevel) =>
    (sentence: string, fields: LogFields = {}): void => {
      if (severity[lineLevel] < severity[level]) return
      const time = new Date(now()).toISOString()
      write(`${time} ${lineLevel.padEnd(6)} ${component}: ${printable(sentence)}${formatFields(fields)}\n`)
    }
  return {
    debug: emit('debug'),
    info: emit('info'),
    notice: emit('notice'),
    warn: emit('warn'),
    error: emit('error'),
    child: (name) => createLog({ component: `${component}.${name}`, level, write, now }),
  }
}

/** A log that says nothing, for tests and tools. */
export const silentLog: Log = createLog({ component: 'silent', write: () => {} })

function formatFields(fields: LogFields): string {
  let text = ''
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) text += ` ${name}=${formatValue(value)}`
  }
  return text
}

function formatValue(value: unknown): string {
  if (value instanceof Error) return jsonText(value.stack ?? value.message)
  if (typeof value === 'string') return /^[\w./:@+-]+$/.test(value) ? value : jsonText(value)
  if (typeof value === 'object' && value !== null) return jsonText(value)
  return String(value)
}
