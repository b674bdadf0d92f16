/** Brings changed bindings to their file by a thread of its own: gathered, one transaction a batch, never in the way. */

import { Worker } from 'node:worker_threads'
import { RateLimit } from '../../lib/bounds/rate-limit.ts'
import { reportWrite } from '../../lib/files/storage.ts'
import type { Log } from '../../lib/log/log.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import { type Binding, type Change, type ChangeListener, isStatic } from './binding.ts'
import { encodeChanges } from './changes.ts'
import type { WriterOrder, WriterReport, WriterThreadData } from './writer-thread.ts'

export interface LocationWriterOptions {
  readonly path: string
  readonly clock: Clock
  readonly log: Log
  /** All there is now: written again when the file was lost, when more changed than is kept, or when the wall clock was set. */
  readonly everything: () => Iterable<Change>
  /** What makes the wall-clock time of the file of an expiry, as that clock is now; 0 where they are the same. */
  readonly toWallMs?: () => number
  /** The file grows no further. */
  readonly mostFileOctets?: number
  /**
   * Addresses that may wait for a disk that does not take them. Beyond it all there is gets written once the disk does;
   * an address removed meanwhile stays in the file until its bindings expire.
   */
  readonly mostWaiting?: number
  /** How often rows that have expired are deleted. */
  readonly cleanupEveryMs?: number
  readonly startThread?: (data: WriterThreadData) => Worker
}

const gatherMs = 200
/**
 * Many, because a page of the file is written once a batch whatever the number of its records; fewer than hold up the
 * requests for 10 ms while they are gathered.
 */
const batchChanges = 6000
/** What is sent to the thread at once. */
const partChanges = 250
const firstRetryMs = 250
const lastRetryMs = 30_000
/** The thread has reported by then, and has only its file to close. */
const lastReportMs = 5000
const thread = new URL('./writer-thread.js', import.meta.url)

/** What a successor is to write in this one's place. */
export interface Unwritten {
  /** What is bound to them has changed, and is not in the file. */
  readonly addresses: readonly string[]
  /** The file lacks more than these: all there is has to be written. */
  readonly isAll: boolean
  /** From then on nothing more is written by this one. */
  readonly closed: Promise<void>
}

interface Waiter {
  /** How many of the changes taken so far have to be committed. */
  readonly untilCommitted: number
  readonly resolve: () => void
}

/** By address, as it is now. */
type Waiting = Map<string, readonly Binding[]>

interface Batch {
  readonly changes: readonly Change[]
  readonly refreshes: readonly Change[]
  /** How many of those that waited are in it. */
  readonly count: number
  /** The others are of a rewrite. */
  readonly isRewrite: boolean
}

/**
 * Give `changed` to MemoryLocation.onChange. What waits is kept by address, the latest of each, so that a phone that
 * registers a hundred times while the disk is busy is written once. Several processes may write one file as long as
 * each writes its own addresses.
 */
export class LocationWriter {
  readonly #options: LocationWriterOptions
  readonly #clock: Clock
  readonly #log: Log
  readonly #mostWaiting: number
  readonly #changes: Waiting = new Map()
  /** Of these the file has the contacts. No address is in both. */
  readonly #refreshes: Waiting = new Map()
  readonly #complaints: RateLimit
  #worker: Worker | undefined
  #batch: Batch | undefined
  #isSent = false
  #timer: Timer | undefined
  #retry: { readonly timer: Timer; readonly run: () => void } | undefined
  #retryMs = firstRetryMs
  #taken = 0
  #committed = 0
  #waiters: Waiter[] = []
  #isOverfull = false
  #rewrite: Iterator<Change> | undefined
  #isStopping = false
  /** A successor writes in its place. */
  #left: Unwritten | undefined
  #whenReported: (() => void) | undefined

  constructor(options: LocationWriterOptions) {
    this.#options = options
    this.#clock = options.clock
    this.#log = options.log
    this.#mostWaiting = options.mostWaiting ?? 200_000
    this.#complaints = new RateLimit(options.clock, 1, 1 / 60)
  }

  /** Addresses whose last change is not in the file yet. */
  get waiting(): number {
    return this.#gathered + (this.#batch?.count ?? 0)
  }

  /** Whether the disk takes what there is; true before the first attempt. */
  get isWriting(): boolean {
    return this.#retry === undefined && !this.#isOverfull
  }

  start(): void {
    if (!this.#left && !this.#isStopping) this.#startThread()
  }

  readonly changed: ChangeListener = (addressOfRecord, bindings, isRefresh) => {
    if (this.#left) return
    const before = this.#gathered
    if (before >= this.#mostWaiting && !this.#changes.has(addressOfRecord) && !this.#refreshes.has(addressOfRecord)) {
      this.#isOverfull = true
      return
    }
    const refreshed = this.#refreshes.get(addressOfRecord)
    // A contact that was to be refreshed and ran out meanwhile: the file has it for longer.
    const isLess = refreshed !== undefined && bindings.length < refreshed.length
    const isOfFile = isRefresh && !isLess && !(this.#changes.size > 0 && this.#changes.has(addressOfRecord))
    if (!isOfFile && refreshed) this.#refreshes.delete(addressOfRecord)
    const waiting = isOfFile ? this.#refreshes : this.#changes
    waiting.set(addressOfRecord, bindings)
    if (this.#gathered === before) return // it waits already
    this.#taken++
    // Later even when the batch is full: the caller has a request to answer.
    if (before === 0) this.#postAfter(gatherMs)
    else if (before + 1 === batchChanges) this.#postAfter(0)
  }

  /** Writes all there is again: what the file has is not what it should have. */
  rewrite(): void {
    if (this.#left) return
    this.#isOverfull = true
    this.#post()
  }

  /** Resolves when every change given so far is committed, however long the disk takes. */
  flush(): Promise<void> {
    // The clock's timers keep no process alive, and between a thread that ended and the next there is nothing else.
    const hold = setInterval(() => {}, 60_000)
    return new Promise<void>((resolve) => {
      this.#waiters.push({ untilCommitted: this.#taken, resolve })
      this.#settle()
      if (this.#waiters.length > 0) this.#post()
    }).finally(() => clearInterval(hold))
  }

  /**
   * Begins no further batch, and gives what its successor has to write. Two processes must not write one address: an older state
   * could come last. The batch that the disk has already is therefore waited for, by `closed`, and is the successor's as well.
   */
  handOver(): Unwritten {
    this.#left ??= this.#leave()
    return this.#left
  }

  #leave(): Unwritten {
    const waiting = [...this.#changes.keys(), ...this.#refreshes.keys()]
    const { changes = [], refreshes = [] } = this.#batch ?? {}
    const addresses = new Set([...waiting, ...[...changes, ...refreshes].map(([addressOfRecord]) => addressOfRecord)])
    const isAll = this.#isRewriting || (this.#batch?.isRewrite ?? false)
    this.#changes.clear()
    this.#refreshes.clear()
    this.#timer?.cancel()
    this.#retry?.timer.cancel()
    const reported = this.#isSent ? new Promise<void>((resolve) => (this.#whenReported = resolve)) : Promise.resolve()
    return { addresses: [...addresses], isAll, closed: reported.then(() => this.#end(lastReportMs)) }
  }

  /** Flushes, closes the file and ends the thread; what the disk has not taken within the limit is logged and let go. */
  async stop(limitMs = 5000): Promise<void> {
    if (this.#left) return this.#end(limitMs)
    if (this.#isStopping) return
    const limit = this.#clock.after(limitMs, () => this.#giveUp())
    const flushed = this.flush()
    this.#retryNow()
    await flushed
    limit.cancel()
    this.#timer?.cancel()
    this.#retry?.timer.cancel()
    await this.#end(limitMs)
  }

  async #end(limitMs: number): Promise<void> {
    this.#isStopping = true
    const worker = this.#worker
    if (!worker) return
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
    worker.postMessage({ order: 'close' } satisfies WriterOrder)
    const patience = this.#clock.after(limitMs, () => void worker.terminate())
    await exited
    patience.cancel()
  }

  #giveUp(): void {
    this.#log.error('registrations could not be written before the end', { addresses: this.waiting })
    for (const { resolve } of this.#waiters.splice(0)) resolve()
  }

  #startThread(): void {
    const { path, cleanupEveryMs = 600_000, mostFileOctets, startThread } = this.#options
    const data: WriterThreadData = { path, cleanupEveryMs, mostFileOctets }
    const worker = startThread?.(data) ?? new Worker(thread, { workerData: data })
    this.#worker = worker
    worker.on('message', (report: WriterReport) => this.#reported(report))
    worker.on('error', (error) => this.#log.error('the thread that writes registrations failed', { error }))
    worker.on('exit', () => {
      this.#worker = undefined
      this.#isSent = false
      this.#whenReported?.()
      if (this.#isStopping || this.#left) return
      this.#log.error('the thread that writes registrations ended, and is started again', { inMs: this.#retryMs })
      this.#retryLater(() => this.#startThread())
    })
    this.#post()
  }

  #postAfter(delayMs: number): void {
    if (this.#batch) return // Its report posts the next.
    this.#timer?.cancel()
    this.#timer = this.#clock.after(delayMs, () => this.#post())
  }

  #post(): void {
    if (this.#isSent || this.#retry || !this.#worker || this.#isStopping || this.#left) return
    this.#timer?.cancel()
    this.#timer = undefined
    this.#batch ??= this.#gather()
    if (!this.#batch) return this.#settle()
    this.#isSent = true
    this.#order('changes', this.#batch.changes)
    this.#order('refreshes', this.#batch.refreshes)
    const isRewriting = this.#isRewriting || this.#batch.isRewrite
    this.#worker.postMessage({ order: 'commit', nowMs: this.#clock.now(), isRewriting } satisfies WriterOrder)
  }

  /** In parts, each of which is garbage before the next is written. */
  #order(list: 'changes' | 'refreshes', all: readonly Change[]): void {
    const shiftMs = this.#options.toWallMs?.() ?? 0
    for (let from = 0; from < all.length; from += partChanges) {
      const part = encodeChanges(all.slice(from, from + partChanges), shiftMs)
      this.#worker?.postMessage({ order: 'add', list, part } satisfies WriterOrder)
    }
  }

  get #gathered(): number {
    return this.#changes.size + this.#refreshes.size
  }

  #gather(): Batch | undefined {
    // Of each a half when there are too many of both.
    const mostChanges = Math.max(batchChanges / 2, batchChanges - this.#refreshes.size)
    const changes = take(this.#changes, mostChanges)
    const refreshes = take(this.#refreshes, batchChanges - changes.length)
    const count = changes.length + refreshes.length
    if (this.#isOverfull && !this.#rewrite) {
      this.#isOverfull = false
      this.#rewrite = this.#options.everything()[Symbol.iterator]()
    }
    while (this.#rewrite && changes.length + refreshes.length < batchChanges) {
      const next = this.#rewrite.next()
      if (next.done) this.#rewrite = undefined
      else if (!next.value[1].every(isStatic)) changes.push(next.value)
    }
    const isRewrite = changes.length + refreshes.length > count
    return count === 0 && !isRewrite ? undefined : { changes, refreshes, count, isRewrite }
  }

  #reported(report: WriterReport): void {
    this.#isSent = false
    this.#whenReported?.()
    if (this.#left) return
    if (report.result === 'failed') return this.#failed(report)
    reportWrite(this.#options.path)
    this.#retryMs = firstRetryMs
    this.#committed += this.#batch?.count ?? 0
    this.#batch = undefined
    if (report.isNewFile) this.#isOverfull = true
    this.#settle()
    if (this.#waiters.length > 0 || this.#isRewriting || this.#gathered >= batchChanges) this.#post()
    else if (this.#gathered > 0) this.#postAfter(gatherMs)
  }

  #failed({ error, movedTo }: { readonly error: string; readonly movedTo: string | undefined }): void {
    reportWrite(this.#options.path, error)
    if (movedTo !== undefined) {
      this.#log.error('the file of registrations was broken; all are written to a new one', { movedTo, error })
    } else {
      const held = this.#complaints.take()
      if (held !== undefined) {
        const fields = { path: this.#options.path, waiting: this.waiting, failuresSince: held || undefined, error }
        this.#log.error('registrations cannot be written; they are kept in memory and tried again', fields)
      }
    }
    this.#retryLater(() => this.#post())
  }

  #retryLater(run: () => void): void {
    this.#retry?.timer.cancel()
    this.#retry = { run, timer: this.#clock.after(this.#retryMs, () => this.#retryNow()) }
    this.#retryMs = Math.min(this.#retryMs * 2, lastRetryMs)
  }

  #retryNow(): void {
    const retry = this.#retry
    if (!retry) return
    retry.timer.cancel()
    this.#retry = undefined
    retry.run()
  }

  get #isRewriting(): boolean {
    return this.#isOverfull || this.#rewrite !== undefined
  }

  #settle(): void {
    if (this.#waiters.length === 0 || this.#isRewriting || this.#batch?.isRewrite) return
    const isDone = (waiter: Waiter): boolean => waiter.untilCommitted <= this.#committed
    const done = this.#waiters.filter(isDone)
    this.#waiters = this.#waiters.filter((waiter) => !isDone(waiter))
    for (const { resolve } of done) resolve()
  }
}

/** Takes the first so many away. */
function take(waiting: Waiting, most: number): Change[] {
  if (waiting.size <= most) {
    const all = [...waiting]
    waiting.clear()
    return all
  }
  const taken: Change[] = []
  for (const change of waiting) {
    if (taken.length === most) break
    taken.push(change)
    waiting.delete(change[0])
  }
  return taken
}
