/** The workers of sipd, generation after generation: started, replaced when they die, relieved by new ones, stopped. */

import cluster from 'node:cluster'
import { randomBytes, randomInt } from 'node:crypto'
import { join } from 'node:path'
import { messageOf } from '../../lib/errors.ts'
import type { Home } from '../../lib/home/home.ts'
import type { Log } from '../../lib/log/log.ts'
import { backgroundThreads, loadInOrder } from '../../lib/process/daemon.ts'
import { SpareDescriptors } from '../../lib/process/spare-descriptors.ts'
import { programRoot } from '../../lib/program-root.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import type { Account } from '../../lib/users/accounts.ts'
import type { KeptFiles } from '../config/tls-files.ts'
import type { Openness } from '../pipeline/admit.ts'
import { requestsIn } from '../statistics/counters.ts'
import { secretOctets } from '../transaction/hash.ts'
import type { ListItem, ListSubject } from '../worker/listing.ts'
import type { WorkerStart } from '../worker/protocol.ts'
import { Watchdog } from './watchdog.ts'
import { type HandleUser, WorkerError, WorkerHandle } from './worker-handle.ts'
import { workerStdio } from './worker-stdio.ts'

export interface PoolOptions {
  readonly home: Home
  readonly clock: Clock
  readonly log: Log
  /** Of the marks that others bring back, in hexadecimal. */
  readonly markKey: string
  readonly onLog: (log: 'error' | 'access', lines: string) => void
  /** A worker said how it is, or ended. */
  readonly onReport: (handle: WorkerHandle) => void
  readonly onEnded: (handle: WorkerHandle) => void
  /** Whom workers become that root starts; undefined where nobody gives up root. */
  readonly account: Account | undefined
  /** Root was given up, no worker has the ports any more, and nobody else may open them: there is no way to serve again. */
  readonly onPortsLost: (error: Error) => void
}

export interface PoolSettings {
  readonly workers: number
  /** MaxRequestsPerChild; 0 is never. */
  readonly maxRequests: number
  readonly drainMs: number
  readonly files: KeptFiles
}

/**
 * A worker of 100,000 calls has much short-lived garbage: a larger young generation collects it for less. All of the heap is
 * collected rarely, and by one thread beside the one that serves, of a lower priority: on the same core four take four fifths of it
 * meanwhile, and one of the same priority half (docs/performance.md).
 */
const workerNodeOptions = [
  '--max-semi-space-size=16',
  '--initial-old-space-size=128',
  '--v8-pool-size=1',
  backgroundThreads(),
  loadInOrder(),
]
/** Connections that no worker has taken yet may have all others; a worker is started with these. */
const spareDescriptors = 8
const readyWithinMs = 30_000
const handOverWithinMs = 10_000
const pingEveryMs = 1000
/** A worker that has not said anything for so long is replaced; the ancestor's watchdog of its TCP process. */
const deadAfterMs = 5000
/** One that lived so long begins with no delay again. */
const steadyMs = 10_000
const longestDelayMs = 30_000
/** As many as the ancestor tries before it gives up; here it goes on, and says so loudly. */
const alarmAfter = 5

export class WorkerPool {
  readonly #options: PoolOptions
  readonly #secret = randomBytes(secretOctets).toString('hex')
  readonly #spare = new SpareDescriptors(spareDescriptors)
  /** By their number. */
  readonly #workers = new Map<number, WorkerHandle>()
  #settings: PoolSettings
  #generation = 0
  /**
   * Not one that another start of sipd has used: connections are known by it in the registrations on disk. By chance rather
   * than by the clock, which begins at 1970 with every boot of some machines.
   */
  #nextWorker = randomInt(2 ** 40)
  #deaths = 0
  #isStopping = false
  #changing: Promise<void> = Promise.resolve()
  #watching: Timer | undefined
  readonly #watchdog: Watchdog
  #openness: Openness = 'open'

  constructor(options: PoolOptions, settings: PoolSettings) {
    this.#options = options
    this.#settings = settings
    this.#watchdog = new Watchdog(options.clock, pingEveryMs, deadAfterMs)
    cluster.setupPrimary({
      exec: join(programRoot, 'dist', 'sipd', 'worker', 'main.js'),
      args: [
        ...['--home', options.home.root],
        ...(options.account ? ['--account', JSON.stringify(options.account)] : []),
      ],
      execArgv: workerNodeOptions,
      stdio: workerStdio(),
      serialization: 'advanced',
    })
  }

  get generation(): number {
    return this.#generation
  }

  get workers(): WorkerHandle[] {
    return [...this.#workers.values()]
  }

  get isServing(): boolean {
    return this.#current().length > 0
  }

  /** Consecutive deaths, once they are an alarm; 0 otherwise. */
  get alarm(): number {
    return this.#deaths >= alarmAfter ? this.#deaths : 0
  }

  /**
   * The first generation; `opened` is called when its ports are open, and nothing that came to them was looked at. Throws
   * what a worker said that cannot serve, and what `opened` throws.
   */
  async start(opened: () => Promise<void> = async () => {}): Promise<void> {
    await this.#exclusively(() => this.#relieve(async () => {}, opened))
    this.#watching = this.#options.clock.every(pingEveryMs, () => this.#watch())
  }

  /** A new generation takes over; the one before finishes what it began. Throws when the new one cannot serve: nothing has changed then. */
  graceful(settings: PoolSettings): Promise<void> {
    return this.#exclusively(async () => {
      this.#settings = settings
      const before = this.#current()
      await this.#relieve(async (successors) => {
        await Promise.all(before.map((worker) => this.#handOver(worker, successors, settings.drainMs)))
      })
    })
  }

  /**
   * All workers end, with what is under way given so long; then a new generation serves. It has the ports before they go:
   * one that nobody has open can be opened again by root alone, when its number is below 1024.
   */
  restart(settings: PoolSettings, withinMs: number): Promise<void> {
    return this.#exclusively(async () => {
      this.#settings = settings
      const before = this.workers
      await this.#relieve(async (successors) => {
        this.#openness = 'open'
        await this.#stop(before, withinMs, successors)
      })
    })
  }

  /** Of the workers that serve, and of those that take the place of one until the next restart. */
  setOpenness(openness: Openness): void {
    this.#openness = openness
    for (const worker of this.#current()) worker.send({ kind: 'openness', openness })
  }

  /**
   * Registrations of one worker that serves, since all have the same; calls of every worker, since older generations
   * finish what they began. Throws when no worker serves.
   */
  async *list(subject: ListSubject, user: string): AsyncGenerator<ListItem> {
    const serving = this.#current()
    if (serving.length === 0) throw new WorkerError('no worker serves; sip status says more')
    const asked = subject === 'calls' ? this.workers.filter(isHeard) : serving.slice(0, 1)
    for (const worker of asked) yield* worker.list(subject, user)
  }

  async stop(withinMs: number): Promise<void> {
    this.#isStopping = true
    this.#watching?.cancel()
    await this.#stop(this.workers, withinMs)
  }

  /** One change at a time. */
  #exclusively(change: () => Promise<void>): Promise<void> {
    const result = this.#changing.then(change)
    this.#changing = result.catch(() => {})
    return result
  }

  /** `retire` is what becomes of those that were there before, once a new generation has the ports too. */
  async #relieve(
    retire: (successors: readonly number[]) => Promise<void>,
    opened: () => Promise<void> = async () => {},
  ): Promise<void> {
    const generation = this.#generation + 1
    const members = Array.from({ length: this.#settings.workers }, () => this.#nextWorker++)
    const fresh: WorkerHandle[] = []
    try {
      for (const [index, worker] of members.entries()) fresh.push(this.#fork(worker, generation, index, members))
      await Promise.all(fresh.map((worker) => worker.expect('ready', readyWithinMs)))
      for (const worker of fresh) worker.send({ kind: 'serve' })
      await Promise.all(fresh.map((worker) => worker.expect('serving', readyWithinMs)))
      await opened()
    } catch (error) {
      for (const worker of fresh) {
        worker.state = 'stopping'
        worker.kill()
      }
      throw error
    }
    this.#generation = generation
    for (const worker of fresh) worker.state = 'serving'
    await retire(members)
    for (const worker of fresh) this.#begin(worker)
    for (const worker of this.workers) if (worker.state === 'draining') worker.send({ kind: 'members', members })
    this.#options.log.notice('a generation of workers serves', { generation, workers: members.length })
  }

  async #handOver(worker: WorkerHandle, successors: readonly number[], withinMs: number): Promise<void> {
    worker.state = 'draining'
    worker.send({ kind: 'drain', successors, withinMs })
    try {
      await worker.expect('handedOver', handOverWithinMs)
    } catch (error) {
      this.#options.log.warn('a worker did not hand over', { pid: worker.pid, error: messageOf(error) })
    }
  }

  #begin(worker: WorkerHandle): void {
    if (this.#openness !== 'open') worker.send({ kind: 'openness', openness: this.#openness })
    worker.send({ kind: 'begin' })
  }

  #fork(worker: number, generation: number, index: number, members: readonly number[]): WorkerHandle {
    const others = [...this.#workers.keys()]
    const start: WorkerStart = {
      kind: 'start',
      worker,
      generation,
      index,
      members,
      others,
      sources: this.#sourcesFor(index),
      secret: this.#secret,
      signerSecret: this.#options.markKey,
      files: this.#settings.files,
    }
    const user: HandleUser = {
      onLog: this.#options.onLog,
      onReport: (reporting) => {
        this.#options.onReport(reporting)
        this.#relieveWorn(reporting)
      },
      onExit: (ended, how) => this.#ended(ended, how),
    }
    const handle = this.#spare.lend(() => new WorkerHandle(start, this.#options.clock, user))
    this.#workers.set(worker, handle)
    return handle
  }

  /** Those that serve first, each asked by another of those that begin. */
  #sourcesFor(index: number): number[] {
    const serving = this.#current().map(({ id }) => id)
    const first = index % Math.max(1, serving.length)
    const draining = this.workers.filter(({ state }) => state === 'draining').map(({ id }) => id)
    return [...serving.slice(first), ...serving.slice(0, first), ...draining.reverse()]
  }

  #ended(handle: WorkerHandle, how: string): void {
    const wasNeeded = this.#isNeeded(handle)
    this.#workers.delete(handle.id)
    this.#options.onEnded(handle)
    if (!wasNeeded || this.#isStopping) return
    this.#replace(handle, how)
  }

  /** One of the generation that serves, which nobody told to end. */
  #isNeeded(handle: WorkerHandle): boolean {
    return handle.generation === this.#generation && !this.#leaving.has(handle.id)
  }

  readonly #leaving = new Set<number>()

  #replace(dead: WorkerHandle, how: string): void {
    const { clock, log } = this.#options
    this.#deaths = clock.monotonicMs() - dead.startedMs > steadyMs ? 1 : this.#deaths + 1
    const delayMs = this.#deaths === 1 ? 0 : Math.min(longestDelayMs, 500 * 2 ** (this.#deaths - 2))
    log.error('a worker ended and is replaced', { pid: dead.pid, how, times: this.#deaths, delayMs })
    if (this.#deaths === alarmAfter)
      log.error('alarm: workers end again and again; look at what they said before', { times: this.#deaths })
    clock.after(delayMs, () => {
      void this.#exclusively(async () => {
        if (this.#isStopping || dead.generation !== this.#generation) return
        await this.#fill(dead.index)
      }).catch((error: Error) => {
        log.error('a worker could not be replaced', { error: error.message })
        if (this.#lostPorts(error)) return this.#options.onPortsLost(error)
        if (!this.#isStopping && dead.generation === this.#generation) this.#replace(dead, error.message)
      })
    })
  }

  #lostPorts(error: Error): boolean {
    return (
      this.#options.account !== undefined && error instanceof WorkerError && error.code === 'EACCES' && !this.isServing
    )
  }

  /** A new worker in the place of one that died. */
  async #fill(index: number): Promise<void> {
    const id = this.#nextWorker++
    const members = this.#members()
    members[index] = id
    const fresh = this.#fork(id, this.#generation, index, members)
    // Until it serves its end is told to who waits for it here.
    this.#leaving.add(id)
    try {
      await fresh.expect('ready', readyWithinMs)
      fresh.send({ kind: 'serve' })
      await fresh.expect('serving', readyWithinMs)
    } catch (error) {
      fresh.kill()
      throw error
    }
    this.#leaving.delete(id)
    fresh.state = 'serving'
    // First the others, which tell it what they did in its place; what comes meanwhile waits for its beginning.
    for (const worker of this.workers)
      if (worker !== fresh && isHeard(worker)) worker.send({ kind: 'members', members })
    this.#begin(fresh)
  }

  #members(): number[] {
    const members: number[] = []
    for (const { id, index } of this.#current()) members[index] = id
    return members
  }

  #current(): WorkerHandle[] {
    return this.workers.filter(({ generation, state }) => generation === this.#generation && state === 'serving')
  }

  async #stop(all: readonly WorkerHandle[], withinMs: number, successors: readonly number[] = []): Promise<void> {
    for (const worker of all) {
      this.#leaving.add(worker.id)
      worker.state = 'stopping'
      worker.send({ kind: 'stop', withinMs, successors })
    }
    await Promise.all(all.map((worker) => worker.ended(withinMs + 3000)))
    for (const { id } of all) this.#leaving.delete(id)
  }

  #watch(): void {
    const { log } = this.#options
    const watched = this.workers.filter(isHeard)
    for (const worker of this.#watchdog.look(watched)) {
      log.error('a worker does not answer and is killed', { pid: worker.pid })
      worker.kill()
    }
    for (const worker of watched) worker.send({ kind: 'ping' })
  }

  /** MaxRequestsPerChild. */
  #relieveWorn(worker: WorkerHandle): void {
    const { maxRequests } = this.#settings
    if (maxRequests === 0 || worker.state !== 'serving' || !worker.report) return
    const requests = requestsIn(worker.report.counters)
    if (requests < maxRequests || this.#isRelieving) return
    this.#isRelieving = true
    this.#options.log.notice('a worker has had its requests', { pid: worker.pid, requests })
    void this.graceful(this.#settings)
      .catch((error: Error) => this.#options.log.error('no new generation', { error: error.message }))
      .finally(() => {
        this.#isRelieving = false
      })
  }

  #isRelieving = false
}

function isHeard({ state }: WorkerHandle): boolean {
  return state === 'serving' || state === 'draining'
}
