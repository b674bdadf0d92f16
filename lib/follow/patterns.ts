/**
 * Tries regular expressions on lines in a thread of their own, with a time limit for each line: JavaScript's engine may
 * backtrack for ever, and cannot be interrupted.
 */

import { Worker } from 'node:worker_threads'
import { messageOf } from '../errors.ts'
import type { Clock } from '../time/clock.ts'
import { maxJobLines, newProgress, type PatternJob, type Progress, progressOf } from './pattern-job.ts'

export interface PatternRequest {
  readonly source: string
  readonly start: number
  readonly stop: number
}

export interface PatternAnswer {
  /** Which lines match, in order. */
  readonly matches: readonly number[]
  /** Lines on which the time limit was exceeded; they count as not matching. */
  readonly offending: readonly number[]
}

export interface PatternsOptions {
  readonly clock: Clock
  /** For one line. */
  readonly limitMs?: number
  /** After so many offending lines the rest of the lines is left untried. */
  readonly maxOffences?: number
}

const thread = new URL('./pattern-worker.js', import.meta.url)

export class Patterns {
  readonly #clock: Clock
  readonly #limitMs: number
  readonly #maxOffences: number
  readonly #memory = newProgress()
  readonly #progress: Progress = progressOf(this.#memory)
  #worker: Worker | undefined
  /** Jobs are done one after the other. */
  #last: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor({ clock, limitMs = 250, maxOffences = 3 }: PatternsOptions) {
    this.#clock = clock
    this.#limitMs = limitMs
    this.#maxOffences = maxOffences
  }

  /** The source is to be a valid regular expression. Rejects when closed meanwhile. */
  match(request: PatternRequest, lines: readonly string[]): Promise<PatternAnswer> {
    const answer = this.#last.then(() => this.#match(request, lines))
    this.#last = answer.catch(() => {})
    return answer
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#worker?.terminate()
    await this.#last
  }

  async #match(request: PatternRequest, lines: readonly string[]): Promise<PatternAnswer> {
    const matches: number[] = []
    const offending: number[] = []
    for (let base = 0; base < lines.length; base += maxJobLines) {
      const part = lines.slice(base, base + maxJobLines)
      for (let from = 0; from < part.length; ) {
        const outcome = await this.#try({ ...request, lines: part, from })
        matches.push(...outcome.matches.map((line) => base + line))
        if (outcome.offending === undefined) break
        offending.push(base + outcome.offending)
        if (offending.length >= this.#maxOffences) return { matches, offending }
        from = outcome.offending + 1
      }
    }
    return { matches, offending }
  }

  async #try(job: PatternJob): Promise<{ matches: readonly number[]; offending?: number }> {
    const worker = await this.#ready()
    const { line, matchCount, matches } = this.#progress
    worker.ref() // a job that goes on keeps the process alive; a thread that waits does not
    const none = -1
    Atomics.store(line, 0, none)
    Atomics.store(matchCount, 0, 0)
    return new Promise((resolve, reject) => {
      let at = none
      let sinceMs = this.#clock.monotonicMs()
      const end = (settle: () => void): void => {
        watch.cancel()
        // One by one: removeAllListeners would take those away that the thread itself lives on.
        worker.off('message', answered).off('error', failed).off('exit', ended)
        worker.unref()
        settle()
      }
      const answered = (found: number[]): void => end(() => resolve({ matches: found }))
      const failed = (error: Error): void => {
        this.#drop(worker)
        end(() => reject(error))
      }
      const ended = (): void => failed(new Error('the pattern thread ended'))
      const watch = this.#clock.every(this.#limitMs / 5, () => {
        const now = Atomics.load(line, 0)
        if (now !== at) {
          at = now
          sinceMs = this.#clock.monotonicMs()
        } else if (at !== none && this.#clock.monotonicMs() - sinceMs >= this.#limitMs) {
          const found = [...matches.subarray(0, Atomics.load(matchCount, 0))]
          this.#drop(worker)
          end(() => resolve({ matches: found, offending: at }))
        }
      })
      worker.once('message', answered).once('error', failed).once('exit', ended)
      worker.postMessage(job)
    })
  }

  async #ready(): Promise<Worker> {
    if (this.#isClosed) throw new Error('no pattern is tried any more: they are closed')
    if (this.#worker) return this.#worker
    const worker = new Worker(thread, { workerData: this.#memory })
    worker.on('error', () => {}) // whoever waits for an answer hears of it
    await new Promise((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
    this.#worker = worker
    if (this.#isClosed) await worker.terminate()
    return worker
  }

  #drop(worker: Worker): void {
    this.#worker = undefined
    void worker.terminate()
  }
}

/** Why a regular expression is none; nothing when it is one. */
export function patternError(source: string): string | undefined {
  try {
    new RegExp(source)
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}
