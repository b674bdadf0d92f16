/** Starting one process: its command is run, and what it leaves behind, or becomes, is found. */
import { closeSync } from 'node:fs'
import { openOutput } from '../../lib/log/output-file.ts'
import { ageMs, type ProcessIdentity, type ProcessStat } from '../../lib/proc/process.ts'
import { isWant } from '../../lib/program/errno.ts'
import { describeExit, exitCodeOf, isSuccess, type ProgramExit, signalNumberOf } from '../../lib/program/exit.ts'
import { lastLine } from '../../lib/program/last-words.ts'
import type { Launcher } from '../../lib/program/launcher.ts'
import type { Program } from '../../lib/program/program.ts'
import type { Argv } from '../../lib/program/start.ts'
import { startCommandOf } from './commands.ts'
import type { Context } from './context.ts'
import { isControlScript, startScriptMs } from './control-script.ts'
import type { ExitStatus } from './exit-status.ts'
import { isNamed } from './find.ts'
import { quoted } from './health.ts'
import { type PidFiles, watchPidFiles } from './pid-files.ts'
import { type Entry, liveChild, type ProcessSpec } from './process.ts'
import { supervisedBy } from './run.ts'
import type { ProcessEvent } from './states.ts'
import { Successors } from './successors.ts'

export interface StartEvents {
  /** The process is there; whether it serves is another question. */
  appeared(entry: Entry, identity: ProcessIdentity, sentence: string): void
  /** What was taken for the process was the script that started this one, and has ended. */
  replaced(entry: Entry, identity: ProcessIdentity): void
  /** There is none, and none will come of this start; `isForWant`: the machine had nothing left to start it with. */
  failed(entry: Entry, sentence: string, isForWant: boolean): void
  /** A child of ours that is the row's process, or was to become it, ended. */
  ended(entry: Entry, exitStatus: ExitStatus): void
}

/** A process in front runs when it has lived this long. */
const settleMs = 500
/** A start command that daemonizes has this long until its process is there. */
export const appearWithinMs = startScriptMs
/** While something starts or stops: how often it is looked at, where nothing tells. */
export const lookEveryMs = 50

interface Start {
  readonly entry: Entry
  readonly child: Program
  /** The entry's when it began: with another one this start is over. */
  readonly round: number
  readonly beganMs: number
}

export class Starter {
  readonly #context: Context
  readonly #events: StartEvents
  readonly #starts = new Set<Start>()
  readonly #successors: Successors
  #pidFiles: readonly PidFiles[] = []
  #isEnded = false

  constructor(context: Context, events: StartEvents) {
    this.#context = context
    this.#events = events
    this.#successors = new Successors(context, events)
  }

  /** A PID file that is written is looked at when it is, and not only when it is time to look. */
  begin(): void {
    const { log, pidFolders } = this.#context.options
    const written = (name: string): void => {
      for (const start of this.#starts)
        if (start.entry.shown.spec.name === name) this.#context.attempt(() => this.#lookNow(start))
    }
    this.#pidFiles = pidFolders.flatMap((folder) => watchPidFiles(folder, log, written) ?? [])
  }

  /** What was started goes on. */
  end(): void {
    for (const one of this.#pidFiles) one.close()
    this.#isEnded = true
    this.#starts.clear()
  }

  launch(entry: Entry, event: ProcessEvent): void {
    const { options } = this.#context
    const { spec } = entry.shown
    this.#context.move(entry, event)
    const round = ++entry.round
    const command = startCommandOf(spec, options.systemctl)
    if ('error' in command.parsed) {
      this.#failed(entry, `${command.text}: ${command.parsed.error}`)
      return
    }
    const { argv } = command.parsed
    const launcher = this.#context.launcherOf(command)
    const child = this.#context.spare.lend(() => this.#spawn(spec, argv, launcher))
    if (child instanceof Promise) void child.then((launched) => this.#launched(entry, launched, round))
    else this.#launched(entry, child, round)
  }

  /** Its stop may have been asked for before systemd had started it. */
  #launched(entry: Entry, child: Program, round: number): void {
    const { clock } = this.#context.options
    const start: Start = { entry, child, round, beganMs: clock.monotonicMs() }
    void child.exited.then((exit) => this.#context.attempt(() => this.#childEnded(start, exit)))
    if (child.pid === undefined || this.#isEnded || entry.round !== round) return
    const { state } = entry.shown
    if (state === 'starting' || state === 'stopping') entry.child = child
    if (state !== 'starting') return
    this.#starts.add(start)
    entry.timer = clock.every(lookEveryMs, () => this.#context.attempt(() => this.#look(start)))
  }

  #spawn(spec: ProcessSpec, argv: Argv, launcher: Launcher): Program | Promise<Program> {
    const variables = supervisedBy(spec.name)
    const output = this.#openOutput(spec)
    const close = (): void => {
      if (output !== undefined) closeSync(output)
    }
    const child = launcher.start({ argv, variables, output: output ?? 'none' })
    if (child instanceof Promise) return child.finally(close)
    close()
    return child
  }

  /** A disk without room for what it prints is no reason not to start it. */
  #openOutput(spec: ProcessSpec): number | undefined {
    const path = this.#context.outputPath(spec)
    try {
      return openOutput(path)
    } catch (error) {
      this.#context.options.log.warn('cannot keep what a process prints', { name: spec.name, path, error })
      return undefined
    }
  }

  #isOn({ entry, round }: Start): boolean {
    return entry.round === round && entry.shown.state === 'starting' && entry.identity === undefined
  }

  /** Something has happened that may have brought the process. */
  #lookNow(start: Start): void {
    this.#context.searcher.forget()
    this.#look(start)
  }

  /** Has the child settled in front, or has the real process appeared? */
  #look(start: Start): void {
    if (!this.#isOn(start)) {
      this.#starts.delete(start)
      return
    }
    const { entry, child, beganMs } = start
    const { name, unit } = entry.shown.spec
    const livedMs = this.#context.options.clock.monotonicMs() - beganMs
    const isOver = livedMs > appearWithinMs
    const itself = liveChild(child)
    let real: ProcessIdentity | undefined = this.#announced(entry)
    if (!real && unit === '' && itself && livedMs > settleMs && this.#isProcessItself(entry, itself)) real = itself
    // While the start command runs, what it has started may not serve yet: it ends when that does.
    if (!real && (!itself || isOver)) real = this.#context.search(entry).main
    if (!real && isOver && unit === '') real = itself // it runs in front under another name than its row says
    if (real) {
      // It may be that nobody can tell what it is: then this is looked at again, and is all as it was.
      const { timer } = entry
      this.#events.appeared(entry, real, `${name} was started as PID ${real.pid}`)
      timer?.cancel()
      this.#starts.delete(start)
      if (real.pid !== child.pid) entry.child = undefined
    } else if (isOver && !(unit !== '' && itself)) {
      // systemd has time-outs of its own, and its answer is awaited.
      const { text } = startCommandOf(entry.shown.spec, this.#context.options.systemctl)
      const missing = unit === '' ? `no process named ${name} appeared` : `${unit} has no process`
      this.#failed(entry, `${text} ended, but ${missing}`)
    }
  }

  /**
   * The process of a PID file that was just written, where a health check says whether it serves: what its start
   * command still has to say is not waited for then.
   */
  #announced(entry: Entry): ProcessIdentity | undefined {
    const { name, unit, health } = entry.shown.spec
    if (unit !== '' || health.kind === 'none') return undefined
    const named = this.#context.readPidFile(name)
    const found = named && this.#context.search(entry).main
    return found?.pid === named?.pid ? found : undefined
  }

  /** Runs in front under the row's name; a script of that name may also be what starts the daemon. */
  #isProcessItself({ shown: { spec } }: Entry, itself: ProcessStat): boolean {
    return (
      isNamed(itself, spec.name) &&
      !isControlScript(itself, ageMs) &&
      !this.#context.searcher.hasStarted(itself, spec.name)
    )
  }

  #childEnded(start: Start, exit: ProgramExit): void {
    const { entry, child, round } = start
    if (exit.kind === 'notStarted') {
      const { text } = startCommandOf(entry.shown.spec, this.#context.options.systemctl)
      const isForWant = isWant(exit.code)
      const advice = isForWant ? '' : '; see critAppStartCommand'
      if (entry.round === round) this.#failed(entry, `${text}: ${exit.reason}${advice}`, { isForWant })
      return
    }
    if (entry.child !== child) return
    const exitStatus = { code: exitCodeOf(exit), signal: signalNumberOf(exit), how: describeExit(exit) }
    if (entry.identity?.pid === child.pid) {
      // A start command that ended with 0 was never the process, if that is there now.
      if (isSuccess(exit)) this.#successors.await(entry, child, exitStatus)
      else this.#events.ended(entry, exitStatus)
      return
    }
    if (entry.round !== round) return
    const { searcher, units } = this.#context
    searcher.forget()
    if (entry.shown.spec.unit !== '') void units.refresh().then(() => this.#look(start))
    if (entry.shown.state === 'stopping') {
      // Code 0: it left a daemon behind, which is still to be found and stopped.
      if (!isSuccess(exit)) this.#events.ended(entry, exitStatus)
    } else if (entry.shown.state === 'starting' && !isSuccess(exit)) this.#commandFailed(entry, exitStatus)
    else this.#look(start) // it left a daemon behind, which may be there already
  }

  #commandFailed(entry: Entry, { code, signal, how }: ExitStatus): void {
    const said = lastLine(this.#context.outputPath(entry.shown.spec))
    entry.shown.lastExitCode = code
    entry.shown.lastExitSignal = signal
    const { text } = startCommandOf(entry.shown.spec, this.#context.options.systemctl)
    this.#failed(entry, `${text} ${how}`, { said })
  }

  #failed(entry: Entry, sentence: string, { isForWant = false, said = '' } = {}): void {
    entry.round++
    entry.timer?.cancel()
    entry.child = undefined
    this.#context.complain(entry, sentence, said)
    this.#context.move(entry, 'startFailed')
    this.#context.options.log.error('a process could not be started', {
      name: entry.shown.spec.name,
      sentence: `${sentence}${quoted(said)}`,
    })
    this.#events.failed(entry, sentence, isForWant)
  }
}
