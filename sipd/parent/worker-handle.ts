/** One worker as its parent sees it: a process, what it said last, and the answers that are awaited from it. */
import cluster, { type Worker as ClusterWorker } from 'node:cluster'
import { codeOf } from '../../lib/errors.ts'
import { guarded } from '../../lib/guarded.ts'
import { describeErrno } from '../../lib/program/errno.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import type { ListItem, ListSubject, Page } from '../worker/listing.ts'
import type { FromWorker, ToWorker, WorkerReport, WorkerStart } from '../worker/protocol.ts'

export type WorkerState = 'starting' | 'serving' | 'draining' | 'stopping' | 'ended'

/** What a worker could not do; the code of the system tells why where there is one. */
export class WorkerError extends Error {
  readonly code: string | undefined

  constructor(message: string, code?: string) {
    super(message)
    this.code = code
  }
}

export interface HandleUser {
  onLog(log: 'error' | 'access', lines: string): void
  onReport(handle: WorkerHandle): void
  onExit(handle: WorkerHandle, how: string): void
}

const pageWithinMs = 5000

interface Awaited {
  readonly kind: FromWorker['kind']
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export class WorkerHandle {
  readonly id: number
  readonly generation: number
  readonly index: number
  state: WorkerState = 'starting'
  report: WorkerReport | undefined
  /** When it last showed that it is alive, on the monotonic clock. */
  aliveMs: number
  readonly startedMs: number
  readonly #process: ClusterWorker
  readonly #clock: Clock
  #awaited: Awaited[] = []
  readonly #pages = new Map<number, { resolve(page: Page): void; reject(error: Error): void }>()
  #lists = 0

  constructor(start: WorkerStart, clock: Clock, user: HandleUser) {
    this.id = start.worker
    this.generation = start.generation
    this.index = start.index
    this.#clock = clock
    this.startedMs = clock.monotonicMs()
    this.aliveMs = this.startedMs
    this.#process = cluster.fork()
    const receive = (message: FromWorker): void => {
      if (message.kind === 'here') this.send(start)
      else this.#receive(message, user)
    }
    const end = (how: string, code?: string): void => {
      this.state = 'ended'
      this.#settle(new WorkerError(`the worker ended ${how}`, code))
      user.onExit(this, how)
    }
    this.#process.on('message', guarded('what a worker said', receive))
    this.#process.on('exit', (code, signal) => end(signal ? `by ${signal}` : `with exit code ${code}`))
    this.#process.on('error', (error) => {
      // It could not be started, for want of descriptors or processes, and will have no exit.
      if (this.pid === 0) end(`before it began: ${describeErrno(error)}`, codeOf(error))
      // Else a channel that closed while something was sent: the exit tells all.
    })
  }

  get pid(): number {
    return this.#process.process.pid ?? 0
  }

  send(message: ToWorker): void {
    if (this.#process.isConnected()) this.#process.send(message)
  }

  /** Resolves when the worker says so; rejects with what it says instead, or when the time is over. */
  async expect(kind: FromWorker['kind'], withinMs: number): Promise<void> {
    if (this.state === 'ended') throw new WorkerError('the worker has ended')
    let timer: Timer | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        this.#awaited.push({ kind, resolve, reject })
        timer = this.#clock.after(withinMs, () =>
          reject(new WorkerError(`the worker did not say "${kind}" within ${withinMs} ms`)),
        )
      })
    } finally {
      timer?.cancel()
    }
  }

  /** What the worker has of a list, page by page as it is asked for. Throws when it ends or says nothing meanwhile. */
  async *list(subject: ListSubject, user: string): AsyncGenerator<ListItem> {
    const request = this.#lists++
    let isLast = false
    try {
      let page = await this.#page(request, { kind: 'list', request, subject, user })
      for (;;) {
        yield* page.items
        isLast = page.isLast
        if (isLast) return
        page = await this.#page(request, { kind: 'more', request })
      }
    } finally {
      if (!isLast) this.send({ kind: 'enough', request })
    }
  }

  async ended(withinMs: number): Promise<void> {
    if (this.state === 'ended') return
    const exit = new Promise<void>((resolve) => this.#process.once('exit', () => resolve()))
    const timer = this.#clock.after(withinMs, () => this.kill())
    await exit
    timer.cancel()
  }

  kill(): void {
    this.#process.process.kill('SIGKILL')
  }

  #receive(message: FromWorker, user: HandleUser): void {
    this.aliveMs = this.#clock.monotonicMs()
    switch (message.kind) {
      case 'log':
        user.onLog(message.log, message.lines)
        break
      case 'report':
        this.report = message.report
        user.onReport(this)
        break
      case 'page':
        this.#pages.get(message.request)?.resolve(message.page)
        break
      case 'failed':
        this.#settle(new WorkerError(message.message, message.code))
        break
      default:
        for (const awaited of this.#awaited) if (awaited.kind === message.kind) awaited.resolve()
        this.#awaited = this.#awaited.filter(({ kind }) => kind !== message.kind)
    }
  }

  async #page(request: number, message: ToWorker): Promise<Page> {
    if (this.state === 'ended') throw new WorkerError('the worker has ended')
    let timer: Timer | undefined
    try {
      return await new Promise<Page>((resolve, reject) => {
        this.#pages.set(request, { resolve, reject })
        timer = this.#clock.after(pageWithinMs, () =>
          reject(new WorkerError(`the worker gave no list within ${pageWithinMs} ms`)),
        )
        this.send(message)
      })
    } finally {
      timer?.cancel()
      this.#pages.delete(request)
    }
  }

  #settle(error: Error): void {
    const awaited = this.#awaited
    this.#awaited = []
    for (const { reject } of [...awaited, ...this.#pages.values()]) reject(error)
  }
}
