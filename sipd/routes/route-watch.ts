/** Keeps a worker's routes as their file has them: read at the start, and again when the file has changed. */
import { stat } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { codeOf, isMissing } from '../../lib/errors.ts'
import type { Log } from '../../lib/log/log.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import { diskAnswer, isWithin } from '../location/disk-answer.ts'
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
/** After a failure. */
const retryAfterMs = 5000
/** A disk that takes longer at a start is not waited for. */
const diskAnswersWithinMs = 3000

export class RouteWatch {
  readonly router: Router
  readonly #options: RouteWatchOptions
  #timer: Timer | undefined
  /** Of the file when it was read last. */
  #seen = ''
  #revision: number | undefined
  #isLooking = false
  #retryMs = Number.NEGATIVE_INFINITY
  #hasFailed = false
  #isStopped = false

  constructor(options: RouteWatchOptions) {
    this.#options = options
    this.router = options.router
  }

  /**
   * Reads the file; later changes arrive by themselves. Where it cannot be read there are no routes, and the log says why; a disk that
   * does not answer is not waited for.
   */
  async start(): Promise<void> {
    const { clock } = this.#options
    await isWithin(clock, this.look(), diskAnswersWithinMs)
    if (!this.#isStopped) this.#timer = clock.every(lookEveryMs, () => void this.look())
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  /** Asks whether the file has changed, and reads it then. One look at a time: the disk may take long. */
  async look(): Promise<void> {
    const { clock, path } = this.#options
    if (this.#isLooking || clock.monotonicMs() < this.#retryMs) return
    this.#isLooking = true
    try {
      const state = await stateOf(path)
      if (state !== this.#seen) {
        // Reading holds up the requests, and must not wait for the disk of a server that is away.
        await diskAnswer(path)
        await this.#read(state)
      }
      this.#hasFailed = false
    } catch (error) {
      this.#failed(error)
    } finally {
      this.#isLooking = false
    }
  }

  async #read(state: string): Promise<void> {
    const { path, log } = this.#options
    const table = state === '' ? new RouteTable() : await this.#load()
    this.#seen = state
    if (!table || this.#isStopped) return
    if (state === '' && this.#revision !== undefined)
      log.notice('the file of routes is gone, and all routes with it', { path })
    if (state === '') this.#revision = undefined
    this.router.table = table
    log.info('the routes were read', { path, routes: table.size })
  }

  /** A table beside the one in use: a request meets the routes before a change or those after it. Undefined where nothing changed. */
  async #load(): Promise<RouteTable | undefined> {
    const file = new RoutesFile(this.#options.path, { isCopy: true })
    try {
      const revision = file.revision()
      if (revision === this.#revision) return undefined
      const table = new RouteTable()
      for (const page of file.pages()) {
        for (const route of page) table.add(route)
        await setImmediate()
      }
      this.#revision = revision
      return table
    } finally {
      file.close()
    }
  }

  /** What was read before stays in force. */
  #failed(error: unknown): void {
    const { path, log, clock } = this.#options
    this.#retryMs = clock.monotonicMs() + retryAfterMs
    if (this.#hasFailed) return
    this.#hasFailed = true
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
