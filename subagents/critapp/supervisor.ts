/** Keeps processes as they are wanted: starts, adopts, watches, stops and restarts them. Knows nothing of SNMP. */
import type { ProcessIdentity } from '../../lib/proc/process.ts'
import { ensureFolderSync } from '../../lib/trust/folder.ts'
import { gracefulCommandOf } from './commands.ts'
import { Context, type KnownProcess, type SupervisorOptions } from './context.ts'
import { type Entry, newEntry, type ProcessSpec, type SupervisedProcess } from './process.ts'
import { Restarts } from './restarts.ts'
import { runToEnd, supervisedBy } from './run.ts'
import { Sequence } from './sequence.ts'
import { Service } from './service.ts'
import { Starter } from './starter.ts'
import { Stopper } from './stopper.ts'
import { Watch } from './watch.ts'

export type { SupervisorEvents, SupervisorOptions } from './context.ts'

/** What somebody asks for. */
export interface Request {
  readonly spec: ProcessSpec
  /** critAppAdminStatus was named: up again is the way out of `failed`, though it was up before. */
  readonly isWished?: boolean
}

/** A graceful command may wait for work to end; one that takes longer hangs. */
const defaultGracefulWithinMs = 300_000

export class Supervisor {
  readonly #context: Context
  readonly #entries = new Map<number, Entry>()
  readonly #starter: Starter
  readonly #stopper: Stopper
  readonly #service: Service
  readonly #restarts: Restarts
  readonly #sequence: Sequence
  readonly #watch: Watch
  #isStarted = false

  constructor(options: SupervisorOptions) {
    const wantedUnits = (): Set<string> =>
      new Set(this.processes().flatMap(({ spec: { unit } }) => (unit === '' ? [] : [unit])))
    this.#context = new Context(options, wantedUnits)
    const ended: Restarts['ended'] = (entry, exitStatus) => this.#restarts.ended(entry, exitStatus)
    this.#starter = new Starter(this.#context, {
      appeared: (entry, identity, sentence) =>
        this.#service.takeUp(entry, this.#context.identify(entry, identity), 'ready', sentence),
      replaced: (entry, identity) => this.#replace(entry, identity),
      failed: (entry, sentence, isForWant) => {
        options.events.failed(entry.shown, sentence)
        this.#restarts.startFailed(entry, isForWant)
      },
      ended,
    })
    this.#stopper = new Stopper(this.#context, { ended })
    this.#service = new Service(this.#context, { unhealthy: (entry) => this.#stopper.stop(entry) })
    this.#restarts = new Restarts(this.#context, {
      isAtWork: () => this.#isStarted,
      wanted: (entry) => this.#wantUp(entry),
      due: (entry) => this.#context.persist(entry, () => this.#startAgain(entry)),
    })
    this.#sequence = new Sequence(options.clock, {
      isHere: (entry) => this.#isHere(entry),
      begin: (entry) => this.#begin(entry),
      setAdminStatus: (index, adminStatus) => this.setAdminStatus(index, adminStatus),
    })
    this.#watch = new Watch(this.#context, {
      entries: () => this.#entries.values(),
      ended,
      mayDiffer: (entry) => this.#reconcile(entry),
    })
  }

  /** Takes a new row or changes of one; a changed adminStatus is acted on. */
  configure(spec: ProcessSpec): void {
    this.configureAll([{ spec }])
  }

  /** The same of several that were asked for together: they start in their order, and stop in its reverse. */
  configureAll(requests: readonly Request[]): void {
    const fresh: Entry[] = []
    const changed: Entry[] = []
    for (const { spec, isWished = false } of requests) {
      const known = this.#entries.get(spec.index)
      if (!known) {
        const entry = newEntry(spec)
        this.#entries.set(spec.index, entry)
        fresh.push(entry)
        continue
      }
      const before = known.shown.spec
      this.#change(known, spec)
      if (isWished || before.adminStatus !== spec.adminStatus) changed.push(known)
    }
    if (!this.#isStarted) return
    this.#sequence.begin(fresh)
    this.#sequence.set(changed)
  }

  #change(entry: Entry, spec: ProcessSpec): void {
    const before = entry.shown.spec
    entry.shown.spec = spec
    if (entry.shown.state === 'restartWait' && before.restartOnExit && !spec.restartOnExit) {
      entry.timer?.cancel()
      this.#context.move(entry, 'giveUp')
    }
    const isOtherCheck = JSON.stringify(before.health) !== JSON.stringify(spec.health)
    if (isOtherCheck && entry.identity && entry.shown.state !== 'stopping') this.#service.checkAnew(entry)
  }

  /** Forgets a row. Its process goes on, watched by nobody. */
  remove(index: number): void {
    const entry = this.#entries.get(index)
    if (!entry) return
    this.#leave(entry)
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

  /** Up starts what does not run, down stops what does. Setting up again also leaves `failed`. */
  setAdminStatus(index: number, adminStatus: 'up' | 'down'): void {
    const entry = this.#entries.get(index)
    if (!entry) return
    entry.shown.spec = { ...entry.shown.spec, adminStatus }
    entry.history.forget()
    entry.isGivenUp = false
    entry.failureReason = undefined
    this.#context.searcher.forget()
    this.#context.persist(entry, () => {
      if (adminStatus === 'up') this.#wantUp(entry)
      else this.#wantDown(entry)
    })
  }

  /** Runs the graceful command of a process that is up; what comes of it is logged. */
  graceful(index: number): void {
    const entry = this.#entries.get(index)
    if (!entry?.shown.isUp) return
    if (entry.graceful === 'idle') void this.#runGraceful(entry)
    else entry.graceful = 'again' // what changed meanwhile, the one that runs may not have seen
  }

  async #runGraceful(entry: Entry): Promise<void> {
    const { spec } = entry.shown
    const { systemctl, gracefulWithinMs: limitMs = defaultGracefulWithinMs } = this.#context.options
    const command = gracefulCommandOf(spec, systemctl)
    entry.graceful = 'running'
    const variables = supervisedBy(spec.name, entry.identity)
    const launcher = this.#context.launcherOf(command)
    const reason = await runToEnd(command.parsed, { limitMs, variables, spare: this.#context.spare, launcher })
    this.#gracefulEnded(entry, reason)
    const isAskedAgain = (entry.graceful as Entry['graceful']) === 'again'
    entry.graceful = 'idle'
    if (!this.#isHere(entry)) return
    if (entry.shown.state === 'stopped' && entry.shown.spec.adminStatus === 'up') this.setAdminStatus(spec.index, 'up')
    if (isAskedAgain) this.graceful(spec.index)
  }

  #gracefulEnded(entry: Entry, reason: string | undefined): void {
    const { log, events } = this.#context.options
    const { name } = entry.shown.spec
    if (reason === undefined) {
      log.notice('a graceful command is done', { name })
      return
    }
    this.#context.complain(entry, `graceful restart of ${name}: ${reason}`)
    log.error('a graceful command failed', { name, reason })
    events.changed(entry.shown)
  }

  /** Stops it and starts it again, by somebody's order: it stays wanted up, and its end is no failure. */
  restart(index: number): void {
    const entry = this.#entries.get(index)
    if (!entry) return
    const { state } = entry.shown
    if (state === 'running' || state === 'adopted') {
      entry.history.forget()
      this.#wantDown(entry)
    } else this.setAdminStatus(index, 'up')
  }

  start(): void {
    this.#makeOutputFolder()
    this.#isStarted = true
    this.#starter.begin()
    this.#sequence.begin([...this.#entries.values()])
    this.#context.units.start()
    this.#watch.begin()
  }

  /** Ends supervision; what is supervised goes on. */
  stop(): void {
    this.#isStarted = false
    this.#watch.end()
    this.#context.units.stop()
    this.#sequence.end()
    this.#starter.end()
    this.#context.spare.release()
    for (const entry of this.#entries.values()) {
      this.#leave(entry)
      entry.child?.unref()
    }
  }

  #leave(entry: Entry): void {
    entry.round++
    entry.timer?.cancel()
    entry.monitor?.stop()
  }

  #isHere(entry: Entry): boolean {
    return this.#isStarted && this.#entries.get(entry.shown.spec.index) === entry
  }

  #begin(entry: Entry): void {
    const { unit } = entry.shown.spec
    const begin = (): void => {
      if (this.#isHere(entry) && entry.shown.state === 'unknown') this.#beginKnowing(entry)
    }
    if (unit === '') this.#context.persist(entry, begin)
    else void this.#context.units.refresh().then(() => this.#context.persist(entry, begin))
  }

  #beginKnowing(entry: Entry): void {
    const { findOnStartup, adminStatus } = entry.shown.spec
    if (findOnStartup && this.#adopt(entry)) this.#reconcile(entry)
    else if (adminStatus === 'up') this.#wantUp(entry)
    else {
      // We may have been killed in the middle of its stop; the PID file says that it is of this appliance.
      const isLeft = this.#context.readPidFile(entry.shown.spec.name) !== undefined
      const known = isLeft ? this.#find(entry) : undefined
      this.#context.move(entry, 'wantDown')
      if (known) {
        this.#take(entry, known)
        this.#reconcile(entry)
      }
    }
  }

  /** Wanted and actual state, compared at the start and from time to time: nobody needs to see a change for it to count. */
  #reconcile(entry: Entry): void {
    const { state, spec } = entry.shown
    if (!this.#isHere(entry) || this.#sequence.isPending(entry) || entry.graceful !== 'idle') return
    const isDown = state === 'stopped' || state === 'failed'
    if (isDown && spec.findOnStartup && this.#adopt(entry)) {
      // Somebody started it by hand.
      if (spec.adminStatus === 'down') this.#stopUnwanted(entry)
    } else if (spec.adminStatus === 'down') {
      if (!isDown && state !== 'stopping' && state !== 'unknown') this.#stopUnwanted(entry)
    } else if (isDown && spec.restartOnExit && !entry.isGivenUp) this.#restarts.again(entry)
  }

  #stopUnwanted(entry: Entry): void {
    const { name } = entry.shown.spec
    this.#context.options.log.notice('a process runs that is wanted down, and is stopped', { name })
    this.#wantDown(entry)
  }

  /** The script that started it was taken for the process, and has ended. */
  #replace(entry: Entry, identity: ProcessIdentity): void {
    const { log, events } = this.#context.options
    const { shown } = entry
    const known = this.#context.identify(entry, identity)
    log.notice('a start command ended, and its process goes on', { name: shown.spec.name, pid: identity.pid })
    entry.child = undefined
    this.#context.know(entry, known)
    shown.pid = identity.pid
    events.changed(shown)
    if (shown.state === 'stopping') this.#stopper.stop(entry)
  }

  #makeOutputFolder(): void {
    const { outputFolder, log } = this.#context.options
    try {
      ensureFolderSync(outputFolder)
    } catch (error) {
      log.error('cannot keep what processes print', { outputFolder, error })
    }
  }

  #wantUp(entry: Entry): void {
    const { state } = entry.shown
    if (state === 'stopped' || state === 'failed' || state === 'restartWait' || state === 'unknown') {
      entry.timer?.cancel()
      // It may run without us having seen it: starting it twice would be worse than adopting it.
      if (!this.#adopt(entry)) this.#starter.launch(entry, 'wantUp')
    }
  }

  #startAgain(entry: Entry): void {
    if (entry.shown.state !== 'restartWait') return
    this.#context.searcher.forget()
    if (this.#adopt(entry)) return
    entry.shown.restarts++
    this.#starter.launch(entry, 'waitOver')
  }

  #wantDown(entry: Entry): void {
    const { state } = entry.shown
    if (state === 'stopping') return
    entry.timer?.cancel()
    entry.monitor?.stop()
    this.#context.move(entry, 'wantDown')
    if (entry.shown.state !== 'stopping') return
    if (state === 'starting' && !entry.identity) this.#stopper.stopWhatStarts(entry)
    else this.#stopper.stop(entry)
  }

  /** Takes up the row's process if it runs. Throws, and changes nothing, where nobody can tell. */
  #adopt(entry: Entry): boolean {
    const known = this.#find(entry)
    if (known) this.#take(entry, known)
    return known !== undefined
  }

  #find(entry: Entry): KnownProcess | undefined {
    const { main, count } = this.#context.search(entry)
    const known = main && this.#context.identify(entry, main)
    entry.shown.count = count
    return known
  }

  #take(entry: Entry, known: KnownProcess): void {
    const { name } = entry.shown.spec
    entry.timer?.cancel()
    entry.round++
    entry.child = undefined
    entry.isGivenUp = false
    const sentence = `${name} runs already as PID ${known.identity.pid} and was adopted`
    this.#service.takeUp(entry, known, 'found', sentence)
  }
}
