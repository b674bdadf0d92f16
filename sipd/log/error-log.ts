/** The error log: LogLevel in the words of sipd.conf, and debug lines of single components by DebugFlag. */
import { createLog, type Log, type LogFields, type LogLevel, type LogOptions, silentLog } from '../../lib/log/log.ts'

/** The words of LogLevel, from the least to the most verbose. */
export const logLevelWords = ['emerg', 'alert', 'crit', 'error', 'warn', 'notice', 'info', 'debug'] as const
export type LogLevelWord = (typeof logLevelWords)[number]

/** The components whose debug lines can be had alone; what each tells of is said in sipd/config/directives/debug.ts. */
export const debugFlags = [
  ...(['StateMachine', 'Parser', 'SipTcp', 'SipTls', 'Routing', 'Registry', 'Privacy', 'Numexpand'] as const),
  ...(['Authentication', 'DBMySQL', 'Enum', 'GKTMP', 'GktmpAPI', 'Radius', 'RAS', 'RasAPI', 'RPMS'] as const),
] as const
export type DebugFlag = (typeof debugFlags)[number]

/**
 * What a component asks before it makes a debug line:
 * `if (debug.Parser.on) debug.Parser.write('a datagram came', { octets })`. Off, that is one property.
 */
export interface DebugChannel {
  readonly on: boolean
  write(sentence: string, fields?: LogFields): void
}

export type DebugLog = Readonly<Record<DebugFlag, DebugChannel>>

export interface ErrorLog {
  /** Follows LogLevel. */
  readonly log: Log
  /** Follows DebugFlag, whatever LogLevel says. */
  readonly debug: DebugLog
}

export interface ErrorLogOptions extends Omit<LogOptions, 'level'> {
  readonly level: LogLevelWord
  readonly flags: ReadonlySet<DebugFlag>
}

export function createErrorLog({ level, flags, ...options }: ErrorLogOptions): ErrorLog {
  return {
    log: createLog({ ...options, level: logLevel(level) }),
    debug: debugLog(flags, createLog({ ...options, level: 'debug' })),
  }
}

/** Our daemons tell nothing graver than an error, so that emerg, alert and crit give the same log as error does. */
export function logLevel(word: LogLevelWord): LogLevel {
  return word === 'emerg' || word === 'alert' || word === 'crit' ? 'error' : word
}

/** A channel for every flag; `log` is to be one that writes debug lines. */
export function debugLog(flags: ReadonlySet<DebugFlag>, log: Log): DebugLog {
  const channels = debugFlags.map((flag): [DebugFlag, DebugChannel] => {
    if (!flags.has(flag)) return [flag, off]
    const own = log.child(flag)
    return [flag, { on: true, write: (sentence, fields) => own.debug(sentence, fields) }]
  })
  return Object.fromEntries(channels) as DebugLog
}

const off: DebugChannel = { on: false, write: () => {} }

/** All flags off. */
export const noDebug: DebugLog = debugLog(new Set(), silentLog)
