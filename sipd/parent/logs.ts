/** The log files of sipd. The parent alone has them: one writer, one place to reopen them. */

import type { Home } from '../../lib/home/home.ts'
import type { Log } from '../../lib/log/log.ts'
import type { Clock } from '../../lib/time/clock.ts'
import type { SipdConfig } from '../config/directives.ts'
import { createErrorLog } from '../log/error-log.ts'
import { type LogSink, openSink } from '../log/sink.ts'

type Name = 'error' | 'access' | 'stats' | 'memory'

const statsPath = 'logs/sipd/stats_log'
const memoryPath = 'logs/sipd/sharedmem_stats_log'
/** A start says little before its logs are open. */
const mostEarly = 1000

export class Logs {
  readonly #home: Home
  readonly #clock: Clock
  readonly #sinks = new Map<Name, { readonly spec: string; readonly sink: LogSink }>()
  /** What could not be said in a log, about the logs. */
  readonly #fallback: Log
  /** What was to be written before the logs were open. */
  #early: { readonly name: Name; readonly lines: string }[] | undefined = []

  constructor(home: Home, clock: Clock, fallback: Log) {
    this.#home = home
    this.#clock = clock
    this.#fallback = fallback
  }

  /** Opens what the configuration names, and closes what it does not name any more. Throws when one cannot be had. */
  async open(config: SipdConfig): Promise<void> {
    const { SIPStatsLog, SharedMemoryStatsLog } = config
    await this.#set('error', specOf(config.ErrorLog))
    await this.#set('access', specOf(config.CustomLog.destination))
    await this.#set('stats', SIPStatsLog ? statsPath : undefined)
    await this.#set('memory', SharedMemoryStatsLog ? memoryPath : undefined)
    const early = this.#early ?? []
    this.#early = undefined
    for (const { name, lines } of early) this.write(name, lines)
  }

  /** The parent's own sentences in the error log. */
  errorLog({ LogLevel, DebugFlag }: SipdConfig): Log {
    return createErrorLog({
      component: 'sipd',
      level: LogLevel,
      flags: DebugFlag,
      write: (line) => this.write('error', line),
    }).log
  }

  /** Nothing happens for a log that is not kept. */
  write(name: Name, lines: string): void {
    if (this.#early) {
      if (this.#early.length < mostEarly) this.#early.push({ name, lines })
    } else this.#sinks.get(name)?.sink.write(lines)
  }

  async reopen(): Promise<void> {
    await Promise.all([...this.#sinks.values()].map(({ sink }) => sink.reopen()))
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sinks.values()].map(({ sink }) => sink.close()))
  }

  async #set(name: Name, spec: string | undefined): Promise<void> {
    const before = this.#sinks.get(name)
    if (before?.spec === spec) return
    if (spec !== undefined) {
      const sink = await openSink(spec, { home: this.#home, clock: this.#clock, log: this.#fallback })
      this.#sinks.set(name, { spec, sink })
    } else this.#sinks.delete(name)
    await before?.sink.close()
  }
}

function specOf(destination: SipdConfig['ErrorLog']): string {
  return destination.kind === 'file' ? destination.path : `|${destination.command}`
}
