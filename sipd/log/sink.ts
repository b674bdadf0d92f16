/** A log as its writers see it: takes lines at once, and gets them to where they belong in its own time. */

import { resolve } from 'node:path'
import { errorOf, messageOf } from '../../lib/errors.ts'
import { reportWrite } from '../../lib/files/storage.ts'
import type { Home } from '../../lib/home/home.ts'
import type { Log } from '../../lib/log/log.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import { FileOutlet } from './file-outlet.ts'
import { countLines, LineQueue } from './line-queue.ts'
import { logCommand } from './log-program.ts'
import type { Outlet } from './outlet.ts'
import { PipeOutlet } from './pipe-outlet.ts'

export interface SinkOptions {
  readonly clock: Clock
  /** Gets the sentences about the log itself: that it cannot be written, and how many lines were lost. */
  readonly log: Log
  /** What may wait at most; 4 MiB when it is left out. */
  readonly maxQueuedOctets?: number
  /** How long lines are gathered before they are written together; not at all when it is left out. */
  readonly gatherMs?: number
}

export interface LogSink {
  /** Takes one or more whole lines. Never waits and never throws; what there is no room for is counted. */
  write(lines: string): void
  /** Opens the file again, after what has been taken so far (on SIGUSR2). Resolves when that is done or has failed. */
  reopen(): Promise<void>
  /** Resolves when all that was taken is written, or cannot be. */
  flush(): Promise<void>
  /** Flushes and closes; resolves when nothing of it is open. */
  close(): Promise<void>
}

const defaultQueuedOctets = 4 * 1024 * 1024
/** How often a log that cannot be written is tried again. */
const retryMs = 1000
/** How long an end may wait for a reader that takes nothing. */
const flushWithinMs = 2000

/**
 * Opens `logs/access_log` (relative to the home), `/var/log/access_log`, or `|program arguments` (words by quotes, no
 * shell). Throws a sentence when it cannot be had: nothing should start without its logs.
 */
export async function openSink(spec: string, options: SinkOptions & { readonly home: Home }): Promise<LogSink> {
  const { home, clock, log } = options
  if (!spec.startsWith('|')) return new Sink(await FileOutlet.open(resolve(home.root, spec)), options)
  const parsed = logCommand(spec.slice(1), home)
  if ('error' in parsed) throw new Error(`the log ${JSON.stringify(spec)} cannot be opened: ${parsed.error}`)
  let countLost = (_lines: number): void => {}
  const outlet = await PipeOutlet.open({
    argv: parsed.argv,
    folder: home.root,
    clock,
    log,
    onLost: (lines) => countLost(lines),
  })
  const sink = new Sink(outlet, options)
  countLost = (lines) => sink.countLost(lines)
  return sink
}

/** The queue before any outlet; the workers have it too, with the way to their parent as the outlet. */
export class Sink implements LogSink {
  readonly #outlet: Outlet
  readonly #options: SinkOptions
  readonly #queue: LineQueue
  /** Taken from the queue; `#at` is how much of it the outlet has. */
  #batch: Buffer = Buffer.alloc(0)
  #at = 0
  #isWriting = false
  #isClosed = false
  #isFailing = false
  #timer: Timer | undefined
  #reopening: (() => void)[] = []
  #flushing: (() => void)[] = []

  constructor(outlet: Outlet, options: SinkOptions) {
    this.#outlet = outlet
    this.#options = options
    this.#queue = new LineQueue(options.maxQueuedOctets ?? defaultQueuedOctets)
  }

  write(lines: string): void {
    if (this.#isClosed || !this.#queue.offer(lines) || this.#isWriting || this.#timer) return
    const { gatherMs = 0 } = this.#options
    if (gatherMs > 0) this.#later(gatherMs)
    else this.#start()
  }

  /** Lines that the outlet took and had to give up. */
  countLost(lines: number): void {
    this.#queue.countLost(lines)
  }

  reopen(): Promise<void> {
    return new Promise((resolve) => {
      this.#reopening.push(resolve)
      this.#start()
    })
  }

  async flush(): Promise<void> {
    let patience: Timer | undefined
    await new Promise<void>((resolve) => {
      this.#flushing.push(resolve)
      patience = this.#options.clock.after(flushWithinMs, resolve)
      this.#start()
    })
    patience?.cancel()
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    await this.flush()
    this.#isClosed = true
    this.#timer?.cancel()
    const leftLines = this.#queue.countWaiting() + countLines(this.#batch.subarray(this.#at))
    if (leftLines > 0)
      this.#options.log.error('a log ends with lines that could not be written', {
        to: this.#outlet.name,
        lines: leftLines,
      })
    await this.#outlet.close()
  }

  #start(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (!this.#isWriting && !this.#isClosed) void this.#run()
  }

  #later(delayMs: number): void {
    this.#timer = this.#options.clock.after(delayMs, () => this.#start())
  }

  /** Writes until there is nothing left, or the outlet fails and is not opened again. Never rejects. */
  async #run(): Promise<void> {
    this.#isWriting = true
    let isFailed = false
    let isReopened = false
    do {
      isFailed = !(await this.#writeAll())
      // A log is opened again also when it cannot be written: that may be the operator's remedy.
      isReopened = this.#reopening.length > 0 && (await this.#reopen())
    } while (isReopened || this.#reopening.length > 0 || (!isFailed && !this.#queue.isEmpty))
    this.#isWriting = false
    if (isFailed && !this.#isClosed) this.#later(retryMs)
    for (const resolve of this.#flushing.splice(0)) resolve()
  }

  /** Whether all was written; a batch that was not stays, and is gone on with. */
  async #writeAll(): Promise<boolean> {
    try {
      while (this.#at < this.#batch.length || !this.#queue.isEmpty) {
        if (this.#at >= this.#batch.length) {
          this.#batch = this.#queue.take()
          this.#at = 0
        }
        const takenOctets = await this.#outlet.write(this.#batch.subarray(this.#at))
        if (takenOctets === 0) throw new Error('nothing of it was taken')
        this.#at += takenOctets
        if (this.#at < this.#batch.length) continue
        this.#queue.written()
        this.#tellRecovery()
      }
      return true
    } catch (error) {
      this.#tellFailure(errorOf(error))
      return false
    }
  }

  async #reopen(): Promise<boolean> {
    const waiting = this.#reopening.splice(0)
    try {
      await this.#outlet.reopen()
      // A line that only began in what was open before is written whole to the new one.
      if (this.#at < this.#batch.length) this.#at = startOfLine(this.#batch, this.#at)
      return true
    } catch (error) {
      this.#options.log.error('a log could not be opened again; it goes on in what was open', {
        to: this.#outlet.name,
        error: messageOf(error),
      })
      return false
    } finally {
      for (const resolve of waiting) resolve()
    }
  }

  #tellFailure({ message }: Error): void {
    reportWrite(this.#outlet.name, message)
    if (!this.#isFailing)
      this.#options.log.error('a log cannot be written; its lines wait', { to: this.#outlet.name, error: message })
    this.#isFailing = true
  }

  #tellRecovery(): void {
    const { log } = this.#options
    const lostLines = this.#queue.takeLost()
    const to = this.#outlet.name
    if (this.#isFailing || lostLines > 0) reportWrite(to)
    if (lostLines > 0) log.error('lines of a log were lost', { to, lines: lostLines })
    else if (this.#isFailing) log.notice('a log can be written again; no line was lost', { to })
    this.#isFailing = false
  }
}

/** Where the line begins that the octet at `at` belongs to. */
function startOfLine(octets: Buffer, at: number): number {
  return at === 0 ? 0 : octets.lastIndexOf(0x0a, at - 1) + 1
}
