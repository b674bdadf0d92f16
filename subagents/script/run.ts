/** One run of a script: its processes from the start to the last one's end, and what is known of it. Knows nothing of SNMP. */

import { RateLimit } from '../../lib/bounds/rate-limit.ts'
import type { Log } from '../../lib/log/log.ts'
import { type Leader, type SessionMember, sessionMembers, signalSession } from '../../lib/proc/session.ts'
import type { ProgramExit } from '../../lib/program/exit.ts'
import type { Launcher } from '../../lib/program/launcher.ts'
import type { Program as StartedProgram } from '../../lib/program/program.ts'
import { splitWords } from '../../lib/text/command.ts'
import { truncateUtf8 } from '../../lib/text/text.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import { Countdown } from './countdown.ts'
import { type Exit, type ExitCode, exitOf } from './exit.ts'
import { endless, maxResultOctets } from './mib.ts'
import { type Report, ReportReader, Tail } from './output.ts'
import { ProcessCount } from './process-count.ts'
import { argvOf, type Program } from './program.ts'
import { endSession } from './session-end.ts'
import { mayHappen, type RunEvent, type RunState, transitions } from './states.ts'

/** What is to be run, and how long. */
export interface RunOrder {
  readonly program: Program
  /** smLaunchArgument: words as lib/text/command.ts parts them. */
  readonly argument: Uint8Array
  /** Hundredths of a second. */
  readonly lifeTimeTicks: number
}

export interface RunEvents {
  /** After every change that can be seen. */
  changed(run: ScriptRun): void
  /** The script reported its result or an error. */
  reported(run: ScriptRun, kind: Report['kind']): void
  /** Its processes are there; and later: none of them is left. */
  began(run: ScriptRun, leader: Leader): void
  ended(run: ScriptRun): void
}

export interface RunOptions {
  readonly clock: Clock
  readonly log: Log
  readonly environment: Readonly<Record<string, string>>
  readonly launcher: Launcher
  readonly events: RunEvents
}

/** Between SIGTERM and SIGKILL, for what is aborted. */
const graceMs = 1000
/** How often processes are looked at while they stop or go on. */
const lookEveryMs = 10
const stopWithinMs = 1000
/** A result that grows is shown so often. */
const showEveryMs = 100
const maxErrorOctets = 255

export class ScriptRun {
  readonly order: RunOrder
  readonly lifeTime: Countdown
  state: RunState = 'initializing'
  exitCode: ExitCode = 'noError'
  result: Uint8Array = new Uint8Array(0)
  error = ''
  startTime: Date | 'never' = 'never'
  endTime: Date | 'never' = 'never'
  /** On the clock that only grows; 0 before its end. */
  endedMs = 0
  resultTime: Date | 'never' = 'never'
  errorTime: Date | 'never' = 'never'
  readonly #options: RunOptions
  /** Reports of a script that has much to say: its result and error follow all of them, notifications only some. */
  readonly #reports: RateLimit
  readonly #stdout = new Tail(maxResultOctets)
  readonly #stderr = new Tail(maxResultOctets)
  #leader: Leader | undefined
  #processes: ProcessCount | undefined
  /** How it came to its end, where that was not its own doing. */
  #imposed: Exit | undefined
  #printedOctets = 0
  /** It named its result itself: what it prints is none any more. */
  #isResultNamed = false
  #showing: Timer | undefined
  #looking: Timer | undefined
  #killing: Timer | undefined

  constructor(order: RunOrder, options: RunOptions) {
    this.order = order
    this.#options = options
    this.#reports = new RateLimit(options.clock, 10, 1)
    this.lifeTime = new Countdown(options.clock, order.lifeTimeTicks, () => this.#outlived(), endless)
  }

  get isOver(): boolean {
    return this.state === 'terminated'
  }

  /** Starts its process; whatever keeps it from that is how it ended. */
  start(): void {
    const { program, argument } = this.order
    this.startTime = this.#now()
    const words = wordsOf(argument)
    if ('error' in words) {
      this.#terminate({ exitCode: 'invalidArgument', sentence: `smLaunchArgument: ${words.error}` })
      return
    }
    const command = argvOf(program, words.words)
    if ('status' in command) {
      this.#terminate({ exitCode: 'languageError', sentence: command.sentence })
      return
    }
    // A session of its own, by which all of it is found and ended.
    const { niceness } = program
    const { environment, launcher } = this.#options
    const options = { argv: command.argv, environment, niceness, output: 'pipe', hasReports: true } as const
    const started = launcher.start(options)
    if (started instanceof Promise) void started.then((launched) => this.#launched(launched))
    else this.#launched(started)
  }

  /** Meanwhile it may have been asked to end. */
  #launched(started: StartedProgram): void {
    const { leader } = started
    if (started.pid === undefined)
      void started.exited.then((exit) => this.#terminate(this.#imposed ?? exitOf(exit, '')))
    else if (leader) this.#follow(started, leader)
    else throw new Error(`the child ${started.pid} is not in /proc; is /proc mounted?`)
    if (this.#imposed && !this.isOver) this.#signal('SIGKILL')
  }

  /** Ends it and all of its session: asked first, and killed when that does not help; with grace 0 killed at once. */
  abort(exit: Exit, grace = graceMs): void {
    if (!mayHappen(this.state, 'abort')) return
    this.#imposed = exit
    this.#looking?.cancel()
    this.#move('abort')
    if (grace === 0) this.#signal('SIGKILL')
    else {
      this.#signal('SIGTERM')
      this.#signal('SIGCONT') // what stands still cannot end
      this.#killing = this.#options.clock.after(grace, () => this.#signal('SIGKILL'))
    }
  }

  /** smRunLifeTime, in hundredths of a second from here; 0 ends it, even while it is suspended and the time stands still. */
  limit(ticks: number): void {
    this.lifeTime.set(ticks)
    if (ticks === 0) this.#outlived()
  }

  suspend(): void {
    if (!mayHappen(this.state, 'suspend')) return
    this.#move('suspend')
    this.#signal('SIGSTOP')
    this.#lookFor(
      (members) => members.every(({ isStopped }) => isStopped),
      () => {
        this.lifeTime.hold()
        this.#move('stopped')
      },
      () => {
        this.#signal('SIGCONT')
        this.#move('stopFailed')
      },
    )
  }

  resume(): void {
    if (!mayHappen(this.state, 'resume')) return
    this.#move('resume')
    this.#signal('SIGCONT')
    const goOn = (): void => {
      this.lifeTime.go()
      this.#move('continued')
    }
    this.#lookFor((members) => members.some(({ isStopped }) => !isStopped), goOn, goOn)
  }

  /** The keeper goes: nobody would hold it to its limits any more. */
  kill(): void {
    if (this.isOver) return
    this.#imposed ??= { exitCode: 'halted', sentence: 'the subagents were stopped' }
    this.#signal('SIGKILL')
  }

  #outlived(): void {
    this.abort({ exitCode: 'lifeTimeExceeded', sentence: 'it ran longer than its life time and was stopped' })
  }

  #follow(started: StartedProgram, leader: Leader): void {
    const { clock, events } = this.#options
    this.#leader = leader
    started.output?.on('data', (chunk: Buffer) => this.#printed(chunk, this.#stdout))
    started.errors?.on('data', (chunk: Buffer) => this.#printed(chunk, this.#stderr))
    const reader = new ReportReader()
    started.reports?.on('data', (chunk: Buffer) => {
      this.#count(chunk)
      for (const report of reader.read(chunk)) this.#take(report)
    })
    void started.exited.then((exit) => this.#left(exit, started, leader))
    const { maxProcesses } = this.order.program
    this.#processes = new ProcessCount(clock, leader, maxProcesses, (count) => {
      const sentence = `it had ${count} processes, more than the ${maxProcesses} that it may, and was stopped`
      this.abort({ exitCode: 'noResourcesLeft', sentence }, 0)
    })
    events.began(this, leader)
    this.#move('started')
    this.lifeTime.go()
  }

  #printed(chunk: Buffer, tail: Tail): void {
    tail.add(chunk)
    this.#count(chunk)
    if (tail === this.#stderr || this.#isResultNamed) return
    this.#showSoon()
  }

  #showSoon(): void {
    this.#showing ??= this.#options.clock.after(showEveryMs, () => {
      this.#showing = undefined
      this.#showPrinted()
      this.#options.events.changed(this)
    })
  }

  #count(chunk: Buffer): void {
    this.#printedOctets += chunk.length
    const { maxOutputOctets } = this.order.program
    if (this.#printedOctets <= maxOutputOctets) return
    const sentence = `it printed more than the ${maxOutputOctets} octets that it may and was stopped`
    this.abort({ exitCode: 'noResourcesLeft', sentence }, 0)
  }

  #take({ kind, text }: Report): void {
    if (kind === 'result') {
      this.#isResultNamed = true
      this.#setResult(Buffer.from(truncateUtf8(text, maxResultOctets)))
    } else this.#setError(text)
    if (this.#reports.take() === undefined) {
      this.#showSoon()
      return
    }
    this.#options.events.changed(this)
    this.#options.events.reported(this, kind)
  }

  #showPrinted(): void {
    if (this.#isResultNamed || this.#printedOctets === 0) return
    const { result } = this.#stdout
    if (Buffer.compare(result, this.result) === 0) return
    this.#setResult(result)
  }

  #setResult(result: Uint8Array): void {
    this.result = result
    this.resultTime = this.#now()
  }

  #setError(sentence: string): void {
    this.error = truncateUtf8(sentence, maxErrorOctets)
    this.errorTime = this.#now()
  }

  /** The process itself has ended; what it leaves behind in its session ends with it. */
  #left(exit: ProgramExit, started: StartedProgram, leader: Leader): void {
    const { clock, log } = this.#options
    this.#looking?.cancel()
    endSession({ clock, log, leader, closed: started.closed }, () => {
      started.closeStreams()
      this.#terminate(this.#imposed ?? exitOf(exit, this.#stderr.lastLine))
    })
  }

  #terminate({ exitCode, sentence }: Exit): void {
    for (const timer of [this.#showing, this.#looking, this.#killing]) timer?.cancel()
    this.#processes?.stop()
    this.lifeTime.hold()
    this.lifeTime.set(0)
    this.endTime = this.#now()
    this.endedMs = this.#options.clock.monotonicMs()
    this.exitCode = exitCode
    // What the script itself said of an end that is its own says more than we can.
    if (sentence !== '' && (this.#imposed || this.error === '')) this.#setError(sentence)
    this.#showPrinted()
    this.#move('ended')
    this.#options.events.ended(this)
  }

  #lookFor(isSo: (members: readonly SessionMember[]) => boolean, done: () => void, failed: () => void): void {
    const { clock } = this.#options
    const leader = this.#leader
    if (!leader) return
    this.#looking?.cancel()
    const deadline = clock.monotonicMs() + stopWithinMs
    this.#looking = clock.every(lookEveryMs, () => {
      const members = sessionMembers(leader)
      if (members.length === 0) return // it ends, and that will be seen
      const holds = isSo(members)
      if (!holds && clock.monotonicMs() < deadline) return
      this.#looking?.cancel()
      if (holds) done()
      else failed()
    })
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#leader) signalSession(this.#leader, signal)
  }

  #move(event: RunEvent): void {
    this.state = transitions[this.state][event] ?? this.state
    this.#options.events.changed(this)
  }

  #now(): Date {
    return new Date(this.#options.clock.now())
  }
}

/** What smRunControl and smLaunchControl ask of a run; where its state does not allow that, nothing. */
export function controlRun(
  run: Pick<ScriptRun, 'abort' | 'suspend' | 'resume'>,
  control: 'abort' | 'suspend' | 'resume' | 'nop',
): void {
  if (control === 'abort') run.abort({ exitCode: 'halted', sentence: 'it was aborted, as a manager asked' })
  if (control === 'suspend') run.suspend()
  if (control === 'resume') run.resume()
}

/** Arguments of a process are text that ends at a NUL: what is neither cannot be given. */
export function wordsOf(argument: Uint8Array): ReturnType<typeof splitWords> {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(argument)
  } catch {
    return { error: 'it is not UTF-8' }
  }
  return splitWords(text)
}
