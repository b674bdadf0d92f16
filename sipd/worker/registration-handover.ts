/** How registrations pass from the workers that are there to one that begins: through memory, whatever the disk is like. */
import type { Clock } from '../../lib/time/clock.ts'
import type { Registrations } from '../location/registrations.ts'
import type { Unwritten } from '../location/writer.ts'
import { type FrameKind, frames } from './frames.ts'
import type { WorkerStart } from './protocol.ts'
import { Subscriptions } from './subscriptions.ts'

export interface RegistrationHandoverOptions {
  readonly clock: Clock
  readonly registrations: Pick<Registrations, 'load' | 'pages' | 'handOver' | 'takeOver' | 'gone'>
  /** `members` are the workers of this one's generation, which write the file beside it. */
  readonly start: Pick<WorkerStart, 'members' | 'index' | 'sources'>
  /** False when that worker is gone. */
  readonly send: (worker: number, kind: FrameKind, payload: Buffer) => boolean
  /** The workers that are linked with. */
  readonly workers: () => readonly number[]
}

/** A worker that gives no page for so long hangs, and the next one is asked. */
const pageWithinMs = 2000
/** How long the others may take to say that all they changed is told, to a worker that begins, and to one that gives. */
const subscribedWithinMs = 3000
const toldWithinMs = 500
/** Of a list of addresses, so that a frame stays small. */
const addressesAtOnce = 2000

const request = { first: Buffer.from([0]), next: Buffer.from([1]) } as const
/** What a page begins with: more come, it is the last, or this worker has not all itself. */
const page = { more: 0, last: 1, none: 2 } as const

interface Asking {
  readonly worker: number
  readonly resolve: (answer: Buffer | undefined) => void
}

export class RegistrationHandover {
  readonly #options: RegistrationHandoverOptions
  readonly #subscriptions: Subscriptions
  /** Whether this worker has all registrations. */
  #isWhole = false
  #asking: Asking | undefined
  /** To whom they are given at the moment. */
  readonly #giving = new Map<number, Iterator<Buffer>>()
  /** Workers of generations before that still write the file. */
  readonly #writers = new Set<number>()
  #onLastWriter: (() => void) | undefined
  /** Workers that passed on what they had not written. */
  readonly #done = new Set<number>()
  #hasHandedOver = false

  constructor(options: RegistrationHandoverOptions) {
    this.#options = options
    this.#subscriptions = new Subscriptions(options.clock, (worker) =>
      options.send(worker, frames.subscribe, Buffer.alloc(0)),
    )
  }

  /** What another worker says. */
  receive(from: number, kind: FrameKind, payload: Buffer): void {
    switch (kind) {
      case frames.subscribed:
        if (payload[0] === 1 && !this.#options.start.members.includes(from)) this.#writers.add(from)
        this.#subscriptions.settle(from)
        break
      case frames.askRegistrations:
        void this.#asked(from, payload[0] === request.first[0])
        break
      case frames.registrations:
        // The payload is the link's memory, which goes on.
        if (this.#asking?.worker === from) this.#asking.resolve(Buffer.from(payload))
        break
      case frames.unwritten: {
        const { addresses, isAll } = JSON.parse(payload.toString('utf8')) as Pick<Unwritten, 'addresses' | 'isAll'>
        this.#options.registrations.takeOver(addresses, isAll)
        break
      }
      case frames.closed:
        this.#done.add(from)
        this.#writerEnded(from)
    }
  }

  gone(worker: number): void {
    this.#subscriptions.settle(worker)
    if (this.#asking?.worker === worker) this.#asking.resolve(undefined)
    this.#giving.delete(worker)
    const wasWriter = this.#writers.has(worker)
    const isHandedOver = this.#done.delete(worker)
    this.#writerEnded(worker)
    if (!isHandedOver) this.#options.registrations.gone(!wasWriter)
  }

  #writerEnded(worker: number): void {
    if (this.#writers.delete(worker) && this.#writers.size === 0) this.#onLastWriter?.()
  }

  // As the worker that begins

  /** Takes what one of the sources has, or the file has where none gives all; gives how many bindings that were. */
  async load(): Promise<number> {
    const { registrations, workers, start } = this.#options
    await this.#subscriptions.all(workers(), subscribedWithinMs)
    const loaded = await registrations.load(
      start.sources.map((worker) => this.#pagesOf(worker)),
      this.#mayWrite(),
    )
    this.#isWhole = true
    return loaded
  }

  /** Resolves when nobody of a generation before writes the file any more. */
  #mayWrite(): Promise<void> {
    if (this.#writers.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onLastWriter = resolve
    })
  }

  async *#pagesOf(worker: number): AsyncGenerator<Buffer> {
    for (let asked: Buffer = request.first; ; asked = request.next) {
      const answer = await this.#ask(worker, asked)
      const kind = answer?.[0]
      if (!answer || kind === page.none) throw new Error(`worker ${worker} gives ${answer ? 'none' : 'no answer'}`)
      yield answer.subarray(1)
      if (kind === page.last) return
    }
  }

  #ask(worker: number, what: Buffer): Promise<Buffer | undefined> {
    return new Promise((resolve) => {
      const patience = this.#options.clock.after(pageWithinMs, () => this.#asking?.resolve(undefined))
      this.#asking = {
        worker,
        resolve: (answer) => {
          patience.cancel()
          this.#asking = undefined
          resolve(answer)
        },
      }
      if (!this.#options.send(worker, frames.askRegistrations, what)) this.#asking.resolve(undefined)
    })
  }

  // As one of the workers that are there

  /** Whether this one writes the file. */
  get isWriting(): boolean {
    return this.#isWhole && !this.#hasHandedOver
  }

  async #asked(by: number, isFirst: boolean): Promise<void> {
    if (isFirst) {
      if (!this.#isWhole) return this.#give(by, page.none, Buffer.alloc(0))
      const others = this.#options.workers().filter((worker) => worker !== by)
      // What they told before `by` was there to hear it has to be in what it gets.
      await this.#subscriptions.all(others, toldWithinMs)
      this.#giving.set(by, this.#options.registrations.pages())
    }
    const pages = this.#giving.get(by)
    if (!pages) return
    const { value, done } = pages.next()
    if (!done) return this.#give(by, page.more, value)
    this.#giving.delete(by)
    this.#give(by, page.last, emptyPage)
  }

  #give(to: number, kind: number, content: Buffer): void {
    this.#options.send(to, frames.registrations, Buffer.concat([Buffer.from([kind]), content]))
  }

  /** What this worker has not written is written by one of these; all of them hear when nothing more comes from here. */
  handOver(successors: readonly number[]): Promise<void> {
    this.#hasHandedOver = true
    const { send, registrations, start } = this.#options
    const successor = successors[start.index % successors.length]
    const { addresses, isAll, closed } = registrations.handOver()
    for (let at = 0; successor !== undefined && (at === 0 || at < addresses.length); at += addressesAtOnce) {
      const part = { addresses: addresses.slice(at, at + addressesAtOnce), isAll: isAll && at === 0 }
      send(successor, frames.unwritten, Buffer.from(JSON.stringify(part), 'utf8'))
    }
    return closed.then(() => {
      for (const worker of successors) send(worker, frames.closed, Buffer.alloc(0))
    })
  }
}

const emptyPage = Buffer.from('[]', 'utf8')
