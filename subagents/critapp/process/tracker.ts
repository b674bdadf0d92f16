/** Which process is a row's, which program was started for it, and how the end of either becomes known. */
import type { ProcessIdentity } from '../../../lib/proc/process.ts'
import { isSuccess, type ProgramExit } from '../../../lib/program/exit.ts'
import type { Argv } from '../../../lib/program/start.ts'
import { type ExitStatus, exitStatusOfProgram, exitStatusOfUnit } from '../host/exit-status.ts'
import type { StartedProgram } from '../host/process-host.ts'
import type { FoundProcesses } from '../observation/find.ts'
import type { KnownProcess } from '../observation/known-process.ts'
import { supervisedBy } from '../observation/variables.ts'
import type { Context } from './context.ts'
import { Launch } from './launch.ts'
import type { Row } from './row.ts'
import { Succession } from './succession.ts'

export interface TrackedRow extends Row {
  /** It was told to stop, and went or was killed: there is nothing to find out about its end. */
  readonly isStopOrdered: boolean
  /** The program of the start command is there, or could not be started. */
  launched(launch: Launch): void
  /** The start command ended, which is not the row's process as far as is known. */
  programEnded(exit: ProgramExit): void
  ended(status: ExitStatus): void
}

const endedAsTold: ExitStatus = { code: -1, signal: 0, how: 'ended' }

export class Tracker {
  readonly #context: Context
  readonly #row: TrackedRow
  #process: KnownProcess | undefined
  /** The process group that the last process led; what is left of it is no process of this row. */
  #formerGroup: number | undefined
  #launch: Launch | undefined
  /** The process ended, and systemd is being asked how, or what it left behind is being looked for. */
  #ending: { cancel(): void } | undefined

  constructor(context: Context, row: TrackedRow) {
    this.#context = context
    this.#row = row
  }

  get process(): KnownProcess | undefined {
    return this.#process
  }

  get launch(): Launch | undefined {
    return this.#launch
  }

  /** From here on the row's process is this one; a start command that is another one is of no interest any more. */
  know(known: KnownProcess): void {
    this.#settle()
    this.#process = known
    if (this.#launch?.pid !== known.identity.pid) this.#launch = undefined
  }

  /** Whatever was started is of no interest any more. */
  forgetLaunch(): void {
    this.#launch = undefined
  }

  /** It has ended; its workers that have not are ended. */
  forget(): void {
    const { host, units } = this.#context
    this.#settle()
    const { identity, leads } = this.#process ?? {}
    this.#formerGroup = leads ? identity?.pid : undefined
    if (this.#formerGroup !== undefined) host.killGroup(this.#formerGroup)
    this.#process = undefined
    this.#launch = undefined
    const { unit } = this.#row.shown.spec
    if (unit !== '') units.forget(unit)
  }

  /** It goes on, and its end is nobody's. */
  leave(): void {
    this.#settle()
    this.#launch?.program?.unref()
    this.#launch = undefined
    this.#process = undefined
  }

  search(): FoundProcesses {
    const { unit, name } = this.#row.shown.spec
    return unit === '' ? this.#context.searcher.find(name, this.#formerGroup) : this.#context.units.find(unit)
  }

  identify(identity: ProcessIdentity): KnownProcess {
    const { host } = this.#context
    const { unit, name } = this.#row.shown.spec
    return {
      identity,
      // What a unit leaves behind is systemd's, by its KillMode.
      leads: unit === '' && host.read(identity.pid)?.groupId === identity.pid,
      hadPidFile: host.readPidFile(name)?.pid === identity.pid,
      aliveMs: host.ageMs(identity),
    }
  }

  /** Runs the start command. Its program may be there only later. */
  start(argv: Argv, { asksSystemd }: { readonly asksSystemd: boolean }): void {
    const { host } = this.#context
    const { name } = this.#row.shown.spec
    const launch = new Launch(host)
    this.#launch = launch
    const program = host.start({ argv, asksSystemd, name, variables: supervisedBy(name) })
    if (program instanceof Promise) void program.then((one) => this.#launched(launch, one))
    else this.#launched(launch, program)
  }

  #launched(launch: Launch, program: StartedProgram): void {
    launch.program = program
    if (this.#launch !== launch) {
      program.unref()
      return
    }
    const ended = (exit: ProgramExit): void => {
      if (this.#launch === launch) this.#context.attempt(() => this.#programEnded(program, exit))
    }
    void program.exited.then(ended)
    this.#row.launched(launch)
  }

  #programEnded(program: StartedProgram, exit: ProgramExit): void {
    const former = this.#process?.identity
    if (former === undefined || former.pid !== program.pid) this.#row.programEnded(exit)
    // A start command that ended with 0 was never the process, if that is there now.
    else if (isSuccess(exit)) this.#awaitSuccessor(former, program, exitStatusOfProgram(exit))
    else this.#row.ended(exitStatusOfProgram(exit))
  }

  #awaitSuccessor(former: ProcessIdentity, program: StartedProgram, status: ExitStatus): void {
    const succession = new Succession(this.#context, this.#row, { former, program }, (successor) => {
      this.#settle()
      if (successor) this.#row.handle('replaced', successor)
      else this.#row.ended(status)
    })
    this.#ending = succession
    succession.look()
  }

  #settle(): void {
    this.#ending?.cancel()
    this.#ending = undefined
  }

  /** Whether it still runs, where nobody tells of its end. */
  watch(): void {
    if (!this.#process || this.#ending) return
    const { host } = this.#context
    const { name, unit } = this.#row.shown.spec
    const { identity, hadPidFile } = this.#process
    if (host.isRunning(identity)) return
    // Its own end is told of a child, and how it came.
    if (this.#launch?.pid === identity.pid && this.#launch.isRunning) return
    if (unit !== '') this.#askSystemd(unit, identity)
    else
      this.#row.ended(
        this.#row.isStopOrdered ? endedAsTold : host.exitStatusOf(identity, hadPidFile ? name : undefined),
      )
  }

  #askSystemd(unit: string, identity: ProcessIdentity): void {
    const { units } = this.#context
    const question = { cancel: (): void => {} }
    this.#ending = question
    void units.refresh().then(() => {
      if (this.#ending !== question) return
      this.#settle()
      this.#context.attempt(() => this.#row.ended(exitStatusOfUnit(units.stateOf(unit), identity)))
    })
  }
}
