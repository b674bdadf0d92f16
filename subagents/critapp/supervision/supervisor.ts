/** Keeps processes as they are wanted: starts, adopts, watches, stops and restarts them. Knows nothing of SNMP. */
import type { Timer } from '../../../lib/time/clock.ts'
import { Context, type SupervisorOptions } from '../process/context.ts'
import type { ProcessSpec, SupervisedProcess } from '../process/process.ts'
import { Entry } from './entry.ts'
import { Reconciler } from './reconciler.ts'
import { Sequence } from './sequence.ts'

export type { SupervisorEvents, SupervisorOptions } from '../process/context.ts'

/** What somebody asks for. */
export interface Request {
  readonly spec: ProcessSpec
  /** critAppAdminStatus was named: up again is the way out of `failed`, though it was up before. */
  readonly isSet?: boolean
}

/** A look at one process is two small files of /proc, some 50 us. */
const watchEveryMs = 100
const compareEveryMs = 2_000

export class Supervisor {
  readonly #context: Context
  readonly #entries = new Map<number, Entry>()
  readonly #reconciler: Reconciler
  readonly #sequence: Sequence
  readonly #running: { cancel(): void }[] = []
  #isStarted = false

  constructor(options: SupervisorOptions) {
    const wantedUnits = (): Set<string> =>
      new Set(this.processes().flatMap(({ spec: { unit } }) => (unit === '' ? [] : [unit])))
    this.#context = new Context(options, wantedUnits)
    this.#reconciler = new Reconciler(this.#context)
    this.#sequence = new Sequence(options.clock, this.#reconciler)
  }

  /** Takes a new row or changes of one; a changed adminStatus is acted on. */
  configure(spec: ProcessSpec): void {
    this.configureAll([{ spec }])
  }

  /** The same of several that were asked for together: they start in their order, and stop in its reverse. */
  configureAll(requests: readonly Request[]): void {
    const fresh: Entry[] = []
    const changed: Entry[] = []
    for (const { spec, isSet = false } of requests) {
      const known = this.#entries.get(spec.index)
      if (!known) {
        const entry = new Entry(spec, this.#context)
        this.#entries.set(spec.index, entry)
        fresh.push(entry)
        continue
      }
      const before = known.shown.spec
      known.change(spec)
      if (isSet || before.adminStatus !== spec.adminStatus) changed.push(known)
    }
    if (!this.#isStarted) return
    this.#sequence.begin(fresh)
    this.#sequence.set(changed)
  }

  /** Forgets a row. Its process goes on, watched by nobody. */
  remove(index: number): void {
    this.#entries.get(index)?.leave()
    this.#entries.delete(index)
  }

  find(index: number): SupervisedProcess | undefined {
    return this.#entries.get(index)?.shown
  }

  /** Whether a process goes by this name now, supervised or not; a row that is being made may have no name yet. */
  runs(name: string | undefined): boolean {
    let isFound = false
    if (name)
      this.#context.attempt(() => {
        this.#context.searcher.forget()
        isFound = this.#context.searcher.find(name, undefined).main !== undefined
      })
    return isFound
  }

  processes(): SupervisedProcess[] {
    return [...this.#entries.values()].map(({ shown }) => shown)
  }

  setAdminStatus(index: number, adminStatus: 'up' | 'down'): void {
    const entry = this.#entries.get(index)
    if (entry) this.#reconciler.setAdminStatus(entry, adminStatus)
  }

  graceful(index: number): void {
    const entry = this.#entries.get(index)
    if (entry) this.#reconciler.graceful(entry)
  }

  restart(index: number): void {
    const entry = this.#entries.get(index)
    if (entry) this.#reconciler.restart(entry)
  }

  start(): void {
    const { host, units, clock } = this.#context
    host.begin()
    this.#isStarted = true
    const watched = host.watchPidFiles((name) => this.#pidFileWritten(name))
    this.#sequence.begin([...this.#entries.values()])
    units.start()
    const every = (periodMs: number, look: (entry: Entry) => void): Timer =>
      clock.every(periodMs, () => {
        for (const entry of this.#entries.values()) this.#context.attempt(() => look(entry))
      })
    this.#running.push(
      { cancel: () => watched.close() },
      { cancel: () => units.stop() },
      every(watchEveryMs, (entry) => entry.watch()),
      every(compareEveryMs, (entry) => this.#compare(entry)),
    )
  }

  /** Ends supervision; what is supervised goes on. */
  stop(): void {
    this.#isStarted = false
    for (const one of this.#running.splice(0)) one.cancel()
    this.#sequence.end()
    for (const entry of this.#entries.values()) entry.leave()
    this.#context.host.end()
  }

  /** It is looked at now, and not only when it is time to. */
  #pidFileWritten(name: string): void {
    for (const entry of this.#entries.values())
      if (entry.shown.spec.name === name) this.#context.attempt(() => entry.lookNow())
  }

  #compare(entry: Entry): void {
    entry.recount()
    if (!this.#sequence.isPending(entry)) this.#reconciler.compare(entry)
  }
}
