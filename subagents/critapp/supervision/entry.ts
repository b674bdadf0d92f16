/** One supervised row: the only owner of what is shown of it. The table of states says what happens; here is how. */
import type { ProcessIdentity } from '../../../lib/proc/process.ts'
import type { ProgramExit } from '../../../lib/program/exit.ts'
import { startCommandOf } from '../control/commands.ts'
import { Graceful } from '../control/graceful.ts'
import { Start } from '../control/start.ts'
import { Stop } from '../control/stop.ts'
import { StopStart } from '../control/stop-start.ts'
import { type HealthFailure, quoted } from '../health/health.ts'
import { type ExitStatus, isFailure } from '../host/exit-status.ts'
import type { FoundProcesses } from '../observation/find.ts'
import type { KnownProcess } from '../observation/known-process.ts'
import type { Context } from '../process/context.ts'
import type { Launch } from '../process/launch.ts'
import type { ProcessSpec, SupervisedProcess } from '../process/process.ts'
import { type EndWords, ProcessRecord } from '../process/record.ts'
import { Restarts } from '../process/restarts.ts'
import type { Activity } from '../process/row.ts'
import { Serving } from '../process/serving.ts'
import {
  type Actions,
  type EventDetails,
  type EventName,
  ProcessMachine,
  type StartFailure,
} from '../process/states.ts'
import { type TrackedRow, Tracker } from '../process/tracker.ts'

/** What cannot be looked at now is looked at again after this. */
const lookAgainMs = 1000
/** What is missing to start anything, descriptors, processes or memory, may come back soon. */
const wantRetryMs = 2000
/** So many lines of what it printed last go to the log. */
const keptLines = 20
const untilSetUp = 'it is not started again before somebody starts its unit or sets it up'

export class Entry implements TrackedRow {
  readonly graceful: Graceful
  readonly #context: Context
  readonly #machine: ProcessMachine
  readonly #record: ProcessRecord
  readonly #tracker: Tracker
  readonly #serving: Serving
  readonly #restarts: Restarts
  #activity: Activity | undefined
  /** Why it is being stopped although it is wanted up: it does not serve. */
  #failure: HealthFailure | undefined
  #isGivenUp = false
  #hasLeft = false

  constructor(spec: ProcessSpec, context: Context) {
    this.#context = context
    this.#machine = new ProcessMachine(this.#actions())
    this.#record = new ProcessRecord(spec, this.#machine, context.events)
    this.#restarts = new Restarts(context.clock, this)
    this.#tracker = new Tracker(context, this)
    this.#serving = new Serving(context, this)
    this.graceful = new Graceful(context, this)
  }

  get shown(): SupervisedProcess {
    return this.#record.shown
  }

  get identity(): ProcessIdentity | undefined {
    return this.#tracker.process?.identity
  }

  /** It ended too often, or was stopped by systemctl: it stays as it is until somebody sets it up. */
  get isGivenUp(): boolean {
    return this.#isGivenUp
  }

  /** Nobody supervises it any more. */
  get hasLeft(): boolean {
    return this.#hasLeft
  }

  get isStopOrdered(): boolean {
    return this.shown.state === 'stopping' && this.#failure === undefined
  }

  takes(event: EventName): boolean {
    return !this.#hasLeft && this.#machine.takes(event)
  }

  handle<E extends EventName>(event: E, detail: EventDetails[E]): void {
    if (!this.takes(event)) return
    // What was under way belongs to the state that is left.
    this.#begin(undefined)
    this.#machine.handle(event, detail)
  }

  /** The row was changed; critAppAdminStatus is acted on by others, in its order among rows. */
  change(spec: ProcessSpec): void {
    const before = this.shown.spec
    this.#record.note({ spec })
    if (before.restartOnExit && !spec.restartOnExit) this.handle('restartUnwanted', undefined)
    const isOtherCheck = JSON.stringify(before.health) !== JSON.stringify(spec.health)
    if (!isOtherCheck || !this.identity || this.shown.state === 'stopping') return
    // What was up stays up until the new check says otherwise.
    this.#record.note({ health: 'unknown' })
    this.#serving.watch(`${spec.name} runs as PID ${this.shown.pid}`)
  }

  /** Somebody sets it up or down: what was before does not count. */
  want(adminStatus: 'up' | 'down'): void {
    this.#record.note({ spec: { ...this.shown.spec, adminStatus } })
    this.forgetFailures()
    this.#isGivenUp = false
    this.#failure = undefined
  }

  forgetFailures(): void {
    this.#restarts.forget()
  }

  /** It is down though its row wants it up and restarted: it is as if it had ended now. */
  startAgain(): void {
    this.#restarts.follow(this.#restarts.plan(true))
  }

  /** Nothing more comes of this row; its process goes on. */
  leave(): void {
    this.#hasLeft = true
    this.#record.close()
    this.#begin(undefined)
    this.#serving.stop()
    this.#tracker.leave()
  }

  search(): FoundProcesses {
    return this.#tracker.search()
  }

  identify(identity: ProcessIdentity): KnownProcess {
    return this.#tracker.identify(identity)
  }

  /** Takes up the row's process if it runs. Throws, and changes nothing, where nobody can tell. */
  adopt(): boolean {
    const { main, count } = this.search()
    const known = main && this.identify(main)
    this.#record.note({ count })
    if (known) this.handle('found', known)
    return known !== undefined
  }

  /** It may run without us having seen it: starting it twice would be worse than adopting it. */
  goUp(): void {
    if (this.takes('wantUp') && !this.adopt()) this.handle('wantUp', undefined)
  }

  /** Does what begins with a look: as soon as that can be made, unless something else begins before. */
  whenVisible(act: () => void): void {
    if (this.#hasLeft || this.#context.attempt(act)) return
    this.#begin(this.#context.clock.after(lookAgainMs, () => this.whenVisible(act)))
  }

  /** A PID file of its name was written. */
  lookNow(): void {
    this.#activity?.lookNow?.()
  }

  /** Whether its process still runs, and what it prints is within its bound. */
  watch(): void {
    this.#context.host.boundOutput(this.shown.spec.name)
    this.#tracker.watch()
  }

  /** Workers come and go. */
  recount(): void {
    const { state, count: before } = this.shown
    if (state !== 'running' && state !== 'adopted') return
    const { count } = this.search()
    if (count === before || count === 0) return
    this.#record.change({ count })
  }

  launched(launch: Launch): void {
    if (this.shown.state === 'starting') this.#begin(new Start(this.#context, this, launch))
  }

  programEnded(exit: ProgramExit): void {
    this.#activity?.programEnded?.(exit)
  }

  /** What its end means: it was told to end, or it failed. */
  ended(status: ExitStatus): void {
    const isFailed = this.#failure !== undefined
    const isGraceful = this.graceful.isRunning && !isFailure(status)
    if (this.isStopOrdered) this.handle('exitedAsRequested', status)
    else if (isGraceful && !isFailed && this.takes('exitedGracefully')) this.handle('exitedGracefully', status)
    else if (status.isOrdered && !isFailed) this.handle('exitedByOrder', status)
    else this.handle('exited', status)
  }

  /** Becomes critAppLastError. */
  complain(lastError: string): void {
    this.#record.change({ lastError })
  }

  showHealth(health: SupervisedProcess['health'], lastError: string, lastSaid = ''): void {
    this.#record.change({ health, lastError, lastSaid })
  }

  #begin(activity: Activity | undefined): void {
    this.#activity?.cancel()
    this.#activity = activity
  }

  #actions(): Actions {
    return {
      wantUp: { runStartCommand: () => this.#runStartCommand() },
      wantDown: {
        stopWhatStarts: () => this.#stopWhatStarts(),
        runStopCommand: () => this.#runStopCommand(),
        show: () => this.#record.change(),
      },
      found: { takeUp: (known) => this.#takeUpFound(known) },
      appeared: {
        takeUp: (known) => this.#takeUpStarted(known),
        stopIt: (known) => {
          this.#know(known)
          this.#stop(known.identity)
        },
      },
      replaced: {
        watchIt: (known) => this.#replace(known),
        stopIt: (known) => {
          this.#replace(known)
          this.#stop(known.identity)
        },
      },
      serves: { notifyStarted: (sentence) => this.#notifyStarted(sentence) },
      startFailed: { notifyFailed: (failure) => this.#notifyFailed(failure) },
      exited: { planRestart: (status) => this.#endOfItself(status) },
      exitedAsRequested: { startIfWanted: (status) => this.#endAsRequested(status) },
      exitedGracefully: { awaitGracefulCommand: (status) => this.#endAsTold(status) },
      exitedByOrder: { stayDown: (status) => this.#endByOrder(status) },
      unhealthy: { stopUnhealthy: (failure) => this.#stopUnhealthy(failure) },
      retry: { scheduleRestart: (delayMs) => this.#scheduleRestart(delayMs) },
      waitOver: { restart: () => this.#restart() },
      tooOften: { giveUp: (sentence) => this.#giveUp(sentence) },
      restartUnwanted: { show: () => this.#record.change() },
    }
  }

  #runStartCommand(): void {
    this.#record.change()
    const { text, parsed, asksSystemd } = startCommandOf(this.shown.spec, this.#context.systemctl)
    if ('error' in parsed) this.handle('startFailed', { sentence: `${text}: ${parsed.error}`, isForWant: false })
    else this.#tracker.start(parsed.argv, { asksSystemd })
  }

  #takeUpFound(known: KnownProcess): void {
    const { name } = this.shown.spec
    this.#isGivenUp = false
    this.#tracker.forgetLaunch()
    this.#takeUp(known, `${name} runs already as PID ${known.identity.pid} and was adopted`)
  }

  #takeUpStarted(known: KnownProcess): void {
    this.#takeUp(known, `${this.shown.spec.name} was started as PID ${known.identity.pid}`)
  }

  #takeUp(known: KnownProcess, sentence: string): void {
    this.#tracker.know(known)
    this.#record.takeUp(known, this.#context.clock)
    this.#serving.watch(sentence)
  }

  #notifyStarted(sentence: string): void {
    this.#record.change({ isUp: true, lastError: '' })
    this.#context.log.notice('a process is up', { name: this.shown.spec.name, sentence })
    this.#record.notify('started', sentence)
  }

  /** The script that started it was taken for the process, and has ended. */
  #replace(known: KnownProcess): void {
    const { pid } = known.identity
    this.#context.log.notice('a start command ended, and its process goes on', { name: this.shown.spec.name, pid })
    this.#know(known)
  }

  #know(known: KnownProcess): void {
    this.#tracker.know(known)
    this.#record.change({ pid: known.identity.pid })
  }

  #runStopCommand(): void {
    this.#serving.stop()
    this.#record.change()
    if (this.identity) this.#stop(this.identity)
  }

  #stopWhatStarts(): void {
    const { launch } = this.#tracker
    if (this.identity || !launch) {
      this.#runStopCommand()
      return
    }
    this.#record.change()
    const stop = new StopStart(this.#context, this, launch)
    this.#begin(stop)
    stop.lookNow()
  }

  #stopUnhealthy(failure: HealthFailure): void {
    const { reason, said } = failure
    const { name } = this.shown.spec
    this.#failure = failure
    this.#record.change({ isUp: false, health: 'failing', lastError: `${name} is stopped: ${reason}`, lastSaid: said })
    this.#context.log.error('a process does not serve and is stopped', { name, reason: `${reason}${quoted(said)}` })
    if (this.identity) this.#stop(this.identity)
  }

  #stop(identity: ProcessIdentity): void {
    this.#begin(new Stop(this.#context, this, identity))
  }

  #notifyFailed({ sentence, said = '', isForWant, status }: StartFailure): void {
    const { name, restartOnExit, adminStatus } = this.shown.spec
    this.#tracker.forgetLaunch()
    if (status) this.#record.note({ lastExitCode: status.code, lastExitSignal: status.signal })
    this.#record.change({ lastError: sentence, lastSaid: said })
    this.#context.log.error('a process could not be started', { name, sentence: `${sentence}${quoted(said)}` })
    this.#record.notify('failed', sentence)
    if (!isForWant) this.#restarts.follow(this.#restarts.plan(restartOnExit))
    // It says nothing of the process: it is tried again whatever the row says of restarts, and does not count among them.
    else if (adminStatus === 'up') this.handle('retry', wantRetryMs)
  }

  /** Nobody ordered it. */
  #endOfItself(status: ExitStatus): void {
    const { spec } = this.shown
    const failure = this.#failure
    this.#forgetProcess()
    const output = this.#context.host.lastLines(spec.name, keptLines)
    const plan = this.#restarts.plan(spec.restartOnExit || failure !== undefined)
    const why = failure ? `was stopped: ${failure.reason}` : status.how
    this.#showEnd(status, { sentence: `${spec.name} ${why}${plan?.words ?? ''}`, said: failure?.said, output })
    this.#restarts.follow(plan)
  }

  #endAsTold(status: ExitStatus): void {
    this.#forgetProcess()
    this.#showEnd(status, { sentence: `${this.shown.spec.name} ${status.how}, as requested`, isError: false })
  }

  #endAsRequested(status: ExitStatus): void {
    this.#endAsTold(status)
    // What a graceful command leaves is looked at when that ends.
    if (this.shown.spec.adminStatus === 'up' && !this.graceful.isRunning) this.whenVisible(() => this.goUp())
  }

  /** As long as nobody starts it again, it stays as the order has it. */
  #endByOrder(status: ExitStatus): void {
    this.#isGivenUp = true
    this.#forgetProcess()
    this.#showEnd(status, { sentence: `${this.shown.spec.name} ${status.how}; ${untilSetUp}` })
  }

  #forgetProcess(): void {
    this.#serving.stop()
    this.#failure = undefined
    this.#tracker.forget()
  }

  #showEnd(status: ExitStatus, { sentence, said = '', output = [], isError = true }: EndWords): void {
    const { clock, log } = this.#context
    this.#record.end(status, { lastError: isError ? sentence : '', lastSaid: said }, clock)
    const printed = { ...(said && { said }), ...(output.length > 0 && { output: output.join('\n') }) }
    log.notice('a process ended', { name: this.shown.spec.name, sentence, ...printed })
    this.#record.notify('exited', sentence)
  }

  #scheduleRestart(delayMs: number): void {
    this.#record.change()
    this.#begin(this.#context.clock.after(delayMs, () => this.whenVisible(() => this.#due())))
  }

  #due(): void {
    this.#context.searcher.forget()
    if (!this.adopt()) this.handle('waitOver', undefined)
  }

  #restart(): void {
    this.#record.note({ restarts: this.shown.restarts + 1 })
    this.#runStartCommand()
  }

  #giveUp(sentence: string): void {
    this.#isGivenUp = true
    this.complain(sentence)
    this.#context.log.error('a process ended too often', { name: this.shown.spec.name, sentence })
    this.#record.notify('failed', sentence)
  }
}
