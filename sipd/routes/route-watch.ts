/** Keeps a worker's routes as their file has them: read at the start, and again when the file has changed. */
import { stat } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { codeOf, isMissing } from '../../lib/errors.ts'
import type { Log } from '../../lib/log/log.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import { RouteTable } from './route-table.ts'
import type { Router } from './router.ts'
import { RoutesFile } from './routes-file.ts'

export interface RouteWatchOptions {
  readonly path: string
  readonly clock: Clock
  readonly log: Log
  /** Has the routes as they are. */
  readonly router: Router
}

/** A change is in force within twice this time. */
const lookEveryMs = 400

export class RouteWatch {
  readonly router: Router
  readonly #options: RouteWatchOptions
  #timer: Timer | undefined
  /** Of the file when it was read last. */
  #seen = ''
  #revision: number | undefined
  #isReading = false
  #hasFailed = false
  #isStopped = false

  constructor(options: RouteWatchOptions) {
    this.#options = options
    this.router = options.router
  }

  /** Reads the file; later changes arrive by themselves. Where it cannot be read there are no routes, and the log says why. */
  async start(): Promise<void> {
    await this.look()
    if (!this.#isStopped) this.#timer = this.#options.clock.every(lookEveryMs, () => void this.look())
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  /** Asks whether the file has changed, without a thread that waits for the disk; a read that is under way is enough. */
  async look(): Promise<void> {
    if (this.#isReading) return
    this.#isReading = true
    try {
      const state = await stateOf(this.#options.path)
      if (state !== this.#seen) await this.#read(state)
    } catch (error) {
      this.#failed(error)
    } finally {
      this.#isReading = false
    }
  }

  async #read(state: string): Promise<void> {
    const { path, log } = this.#options
    const table = new RouteTable()
    if (state !== '') {
      const file = new RoutesFile(path, { isCopy: true })
      try {
        const revision = file.revision()
        if (revision === this.#revision) {
          this.#seen = state
          return
        }
        // Beside the table in use: a request meets the routes before a change or those after it.
        for (const page of file.pages()) {
          for (const route of page) table.add(route)
          await setImmediate()
        }
        this.#revision = revision
      } finally {
        file.close()
      }
    } else if (this.#revision !== undefined) log.notice('the file of routes is gone, and all routes with it', { path })
    if (state === '') this.#revision = undefined
    this.#seen = state
    this.#hasFailed = false
    if (this.#isStopped) return
    this.router.table = table
    log.info('the routes were read', { path, routes: table.size })
  }

  /** What was read before stays in force. */
  #failed(error: unknown): void {
    if (this.#hasFailed) return
    this.#hasFailed = true
    const { path, log } = this.#options
    log.error('cannot read the file of routes; those read before stay in force', { path, code: codeOf(error), error })
  }
}

/** Another one after each write; empty where there is no file. */
async function stateOf(path: string): Promise<string> {
  const [file, log] = await Promise.all([path, `${path}-wal`].map(markOf))
  return file === '' ? '' : `${file} ${log}`
}

async function markOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeMs } = await stat(path)
    return `${ino}.${size}.${mtimeMs}`
  } catch (error) {
    if (isMissing(error)) return ''
    throw error
  }
}
