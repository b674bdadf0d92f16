/** Asks for sizes of file systems in a thread of its own, with a time limit; a thread that hangs is left behind. */
import { Worker } from 'node:worker_threads'
import type { Clock } from '../../lib/time/clock.ts'
import type { StatfsReport } from './statfs-thread.ts'

export type { FileSystemSize } from './statfs-thread.ts'

export type StatfsAnswer = StatfsReport | 'hung'

/** What asks; one question at a time. */
export interface StatfsAsker {
  /** The device is what is mounted there, as `major:minor`. */
  ask(path: string, device: string): Promise<StatfsAnswer>
  stop(): void
}

/** A thread that takes questions; a Worker, or a test's own. */
export interface StatfsThread {
  ask(path: string, answer: (report: StatfsReport) => void): void
  end(): void
}

/** Every thread that hangs costs some megabytes, and nothing can end it but its mount. */
const mostHanging = 4

export class Statfs implements StatfsAsker {
  readonly #clock: Clock
  readonly #limitMs: number
  readonly #makeThread: () => StatfsThread
  #thread: StatfsThread | undefined
  readonly #hanging = new Map<string, StatfsThread>()

  constructor(clock: Clock, limitMs: number, makeThread: () => StatfsThread = startThread) {
    this.#clock = clock
    this.#limitMs = limitMs
    this.#makeThread = makeThread
  }

  /**
   * `hung` after the limit, and at once as long as an earlier question about this file system has not come back. Another
   * one that is mounted in its place is asked.
   */
  ask(path: string, device: string): Promise<StatfsAnswer> {
    const asked = `${device} ${path}`
    if (this.#hanging.has(asked) || this.#hanging.size >= mostHanging) return Promise.resolve('hung')
    this.#thread ??= this.#makeThread()
    const thread = this.#thread
    return new Promise((resolve) => {
      const timer = this.#clock.after(this.#limitMs, () => {
        this.#hanging.set(asked, thread)
        this.#thread = undefined
        resolve('hung')
      })
      thread.ask(path, (report) => {
        timer.cancel()
        if (this.#hanging.get(asked) === thread) {
          this.#hanging.delete(asked)
          thread.end()
        } else resolve(report)
      })
    })
  }

  stop(): void {
    this.#thread?.end()
    for (const thread of this.#hanging.values()) thread.end()
    this.#thread = undefined
  }
}

function startThread(): StatfsThread {
  const worker = new Worker(new URL('./statfs-thread.js', import.meta.url), {
    // It holds next to nothing.
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 },
  })
  worker.unref()
  let answer: ((report: StatfsReport) => void) | undefined
  worker.on('message', (report: StatfsReport) => answer?.(report))
  worker.on('error', (error) => answer?.({ error: error.message }))
  return {
    ask(path, then) {
      answer = then
      worker.postMessage(path)
    },
    end: () => void worker.terminate(),
  }
}
