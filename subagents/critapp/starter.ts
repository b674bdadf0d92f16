/** Starting one process: its command is run, and what it leaves behind, or becomes, is found. */
import type { ChildProcess } from 'node:child_process'
import { closeSync } from 'node:fs'
import type { ParsedCommand } from '../../lib/command.ts'
import type { ProcessIdentity } from '../../lib/proc/process.ts'
import { describeEnd, explain, signalNumber } from '../../lib/process-end.ts'
import { startCommandOf } from './commands.ts'
import { isNamed } from './find.ts'
import type { Finding } from './inquest.ts'
import { lastLine, openOutput } from './output.ts'
import { type PidFiles, watchPidFiles } from './pid-files.ts'
import { type Entry, liveChild, type ProcessSpec } from './process.ts'
import { runCommand } from './run.ts'
import type { ProcessEvent } from './states.ts'
import type { Surroundings } from './surroundings.ts'

export interface StartEvents {
  /** The process is there; whether it serves is another question. */
  appeared(entry: Entry, identity: ProcessIdentity, sentence: string): void
  /** There is none, and none will come of this start. */
  failed(entry: Entry, sentence: string): void
  /** A child of ours that is the row's process, or was to become it, ended. */
  ended(entry: Entry, finding: Finding): void
}

/** A process in front runs when it has lived this long. */
const settleMs = 500
/** A start command that daemonizes has this long until its process is there. */
export const appearWithinMs = 10_000
/** While something starts or stops: how often it is looked at, where nothing tells. */
export const lookEveryMs = 50

interface Start {
  readonly entry: Entry
  readonly child: ChildProcess
  /** The entry's when it began: with another one this start is over. */
  readonly round: number
  readonly beganMs: number
}

export class Starter {
  readonly #surroundings: Surroundings
  readonly #events: StartEvents
  readonly #starts = new Set<Start>()
  #pidFiles: PidFiles | undefined

  constructor(surroundings: Surroundings, events: StartEvents) {
    this.#surroundings = surroundings
    this.#events = events
  }

  /** A PID file that is written is looked at when it is, and not only when it is time to look. */
  begin(): void {
    const { log, runFolder } = this.#surroundings.options
    this.#pidFiles = watchPidFiles(runFolder, log, (name) => {
      for (const start of this.#starts) if (start.entry.shown.spec.name === name) this.#lookNow(start)
    })
  }

  /** What was started goes on. */
  end(): void {
    this.#pidFiles?.close()
    this.#starts.clear()
  }

  launch(entry: Entry, event: ProcessEvent): void {
    const { options } = this.#surroundings
    const { spec } = entry.shown
    this.#surroundings.move(entry, event)
    const round = ++entry.round
    const command = startCommandOf(spec, options.systemctl)
    const child = this.#spawn(spec, command.parsed)
    if ('reason' in child) {
      this.#failed(entry, `${command.text}: ${child.reason}`)
      return
    }
    const start: Start = { entry, child, round, beganMs: options.clock.monotonicMs() }
    child.on('error', (error) => {
      if (entry.round === round) this.#failed(entry, `${command.text}: ${explain(error)}; see critAppStartCommand`)
    })
    child.on('exit', (code, signal) => this.#childEnded(start, code, signal))
    if (child.pid === undefined) return
    entry.child = child
    this.#starts.add(start)
    entry.timer = options.clock.every(lookEveryMs, () => this.#look(start))
  }

  #spawn(spec: ProcessSpec, command: ParsedCommand): ChildProcess | { readonly reason: string } {
    try {
      const output = openOutput(this.#surroundings.outputPath(spec))
      try {
        return runCommand(command, output)
      } finally {
        closeSync(output)
      }
    } catch (error) {
      return { reason: explain(error as Error) }
    }
  }

  #isOn({ entry, round }: Start): boolean {
    return entry.round === round && entry.shown.state === 'starting' && entry.identity === undefined
  }

  /** Something has happened that may have brought the process. */
  #lookNow(start: Start): void {
    this.#surroundings.searcher.forget()
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
    const livedMs = this.#surroundings.options.clock.monotonicMs() - beganMs
    const isOver = livedMs > appearWithinMs
    const itself = liveChild(child)
    let real: ProcessIdentity | undefined = this.#announced(entry)
    if (!real && unit === '' && itself && livedMs > settleMs && isNamed(itself, name)) real = itself
    // While the start command runs, what it has started may not serve yet: it ends when that does.
    if (!real && (!itself || isOver)) real = this.#surroundings.search(entry).main
    if (!real && isOver && unit === '') real = itself // it runs in front under another name than its row says
    if (real) {
      entry.timer?.cancel()
      this.#starts.delete(start)
      if (real.pid !== child.pid) entry.child = undefined
      this.#events.appeared(entry, real, `${name} was started as PID ${real.pid}`)
    } else if (isOver && !(unit !== '' && itself)) {
      // systemd has time-outs of its own, and its answer is awaited.
      const { text } = startCommandOf(entry.shown.spec, this.#surroundings.options.systemctl)
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
    const named = this.#surroundings.readPidFile(name)
    const found = named && this.#surroundings.search(entry).main
    return found?.pid === named?.pid ? found : undefined
  }

  #childEnded(start: Start, code: number | null, signal: NodeJS.Signals | null): void {
    const { entry, child, round } = start
    if (entry.child !== child) return
    const finding = { code: code ?? -1, signal: signalNumber(signal), how: describeEnd(code, signal) }
    if (entry.identity?.pid === child.pid) {
      this.#events.ended(entry, finding)
      return
    }
    if (entry.round !== round) return
    const { searcher, units, options } = this.#surroundings
    searcher.forget()
    if (entry.shown.spec.unit !== '') void units.refresh().then(() => this.#look(start))
    if (entry.shown.state === 'stopping') {
      // Code 0: it left a daemon behind, which is still to be found and stopped.
      if (code !== 0) this.#events.ended(entry, finding)
    } else if (entry.shown.state === 'starting' && code !== 0) {
      const said = lastLine(this.#surroundings.outputPath(entry.shown.spec))
      entry.shown.lastExitCode = finding.code
      entry.shown.lastExitSignal = finding.signal
      const { text } = startCommandOf(entry.shown.spec, options.systemctl)
      this.#failed(entry, `${text} ${finding.how}${said ? `: ${said}` : ''}`)
    } else this.#look(start) // it left a daemon behind, which may be there already
  }

  #failed(entry: Entry, sentence: string): void {
    entry.round++
    entry.timer?.cancel()
    entry.child = undefined
    this.#surroundings.complain(entry, sentence)
    this.#surroundings.move(entry, 'startFailed')
    this.#surroundings.options.log.error('a process could not be started', { name: entry.shown.spec.name, sentence })
    this.#events.failed(entry, sentence)
  }
}
