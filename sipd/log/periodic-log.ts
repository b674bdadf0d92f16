/** A log that gets a block of text every so often, and a last one at the end. */

import { messageOf } from '../../lib/errors.ts'
import type { Log } from '../../lib/log/log.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import type { LogSink } from './sink.ts'

export interface PeriodicLogOptions {
  /** For sentences: `stats_log`. */
  readonly name: string
  readonly periodMs: number
  readonly clock: Clock
  readonly log: Log
  readonly sink: Pick<LogSink, 'write'>
  /** Gives the block; what it rejects with is told, and the period passes without one. */
  readonly compose: () => Promise<string>
}

export class PeriodicLog {
  readonly #options: PeriodicLogOptions
  #timer: Timer | undefined
  #writing: Promise<void> | undefined

  constructor(options: PeriodicLogOptions) {
    this.#options = options
  }

  start(): void {
    const { clock, periodMs } = this.#options
    this.#timer = clock.every(periodMs, () => void this.#write())
  }

  /** Writes what has been counted since the last block; resolves when that is with the sink. */
  async stop(): Promise<void> {
    this.#timer?.cancel()
    await this.#writing
    await this.#write()
  }

  /** Never two at once: workers that answer late must not be asked again and again. Never rejects. */
  #write(): Promise<void> {
    this.#writing ??= this.#composeAndWrite().finally(() => {
      this.#writing = undefined
    })
    return this.#writing
  }

  async #composeAndWrite(): Promise<void> {
    const { name, log, sink, compose } = this.#options
    try {
      sink.write(await compose())
    } catch (error) {
      log.warn('statistics could not be gathered', { for: name, error: messageOf(error) })
    }
  }
}
