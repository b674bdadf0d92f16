/** Keeps processes as they are wanted: starts, adopts, watches, stops and restarts them. Knows nothing of SNMP. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { isRunning, type ProcessIdentity, readProcess } from '../../lib/process.ts'
import { parseCommand } from './command.ts'
import { findProcesses, isNamed } from './find.ts'
import { nextState, type ProcessEvent, type ProcessState } from './states.ts'

/** What a row asks for. */
export interface ProcessSpec {
  readonly index: number
  readonly name: string
  readonly startCommand: string
  readonly terminateCommand: string
  readonly adminStatus: 'up' | 'down'
  readonly restartOnExit: boolean
  readonly restartIntervalMs: number
  readonly findOnStartup: boolean
  readonly stopTimeoutSeconds: number
}

/** What is so. */
export interface SupervisedProcess {
  readonly spec: ProcessSpec
  readonly state: ProcessState
  readonly isUp: boolean
  readonly pid: number
  readonly count: number
  readonly startedMonotonicMs: number
  readonly lastStart: Date | undefined
  readonly lastExit: Date | undefined
  /** -1: none yet, or ended by a signal, or not our child. */
  readonly lastExitCode: number
  /** 0: none. */
  readonly lastExitSignal: number
  readonly restarts: number
  readonly exits: number
  readonly lastError: string
}

export interface SupervisorEvents {
  /** After every change that can be seen. */
  changed(process: SupervisedProcess): void
  started(process: SupervisedProcess, sentence: string): void
  exited(process: SupervisedProcess, sentence: string): void
  failed(process: SupervisedProcess, sentence: string): void
}

export interface SupervisorOptions {
  readonly clock: Clock
  readonly log: Log
  readonly events: SupervisorEvents
  /** The appliance's folder, its run folder, and where output of started processes goes. */
  readonly home: string
  readonly runFolder: string
  readonly outputFolder: string
}

const watchEveryMs = 250
const findEveryMs = 2_000
/** A process in front runs when it has lived this long. */
const settleMs = 500
/** A start command that daemonizes has this long until its process is there. */
const appearWithinMs = 10_000

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
interface Entry {
  readonly shown: Mutable<SupervisedProcess>
  identity: ProcessIdentity | undefined
  child: ChildProcess | undefined
  /** Raised whenever something is begun anew, so that what was begun before knows it is over. */
  round: number
  timer: Timer | undefined
}

export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #entries = new Map<number, Entry>()
  readonly #timers: Timer[] = []
  #isStarted = false

  constructor(options: SupervisorOptions) {
    this.#options = options
  }

  /** Takes a new row or changes of one; a changed adminStatus is acted on. */
  configure(spec: ProcessSpec): void {
    const known = this.#entries.get(spec.index)
    if (!known) {
      const entry = newEntry(spec)
      this.#entries.set(spec.index, entry)
      if (this.#isStarted) this.#begin(entry)
      return
    }
    const before = known.shown.spec
    known.shown.spec = spec
    if (this.#isStarted && before.adminStatus !== spec.adminStatus) this.setAdminStatus(spec.index, spec.adminStatus)
  }

  /** Forgets a row. Its process goes on, watched by nobody. */
  remove(index: number): void {
    const entry = this.#entries.get(index)
    if (!entry) return
    entry.round++
    entry.timer?.cancel()
    this.#entries.delete(index)
  }

  find(index: number): SupervisedProcess | undefined {
    return this.#entries.get(index)?.shown
  }

  processes(): SupervisedProcess[] {
    return [...this.#entries.values()].map(({ shown }) => shown)
  }

  /** Up starts what does not run, down stops what does. Setting up again also leaves `failed`. */
  setAdminStatus(index: number, adminStatus: 'up' | 'down'): void {
    const entry = this.#entries.get(index)
    if (!entry) return
    entry.shown.spec = { ...entry.shown.spec, adminStatus }
    if (adminStatus === 'up') this.#wantUp(entry)
    else this.#wantDown(entry)
  }

  start(): void {
    const { clock } = this.#options
    mkdirSync(this.#options.outputFolder, { recursive: true, mode: 0o700 })
    this.#isStarted = true
    for (const entry of this.#entries.values()) this.#begin(entry)
    this.#timers.push(clock.every(watchEveryMs, () => this.#watch()))
    this.#timers.push(clock.every(findEveryMs, () => this.#lookAround()))
  }

  /** Ends supervision; what is supervised goes on. */
  stop(): void {
    this.#isStarted = false
    for (const timer of this.#timers.splice(0)) timer.cancel()
    for (const entry of this.#entries.values()) {
      entry.round++
      entry.timer?.cancel()
      entry.child?.unref()
    }
  }

  #begin(entry: Entry): void {
    if (entry.shown.spec.findOnStartup && this.#adopt(entry)) return
    if (entry.shown.spec.adminStatus === 'up') this.#wantUp(entry)
    else this.#move(entry, 'wantDown')
  }

  #wantUp(entry: Entry): void {
    const { state } = entry.shown
    if (state === 'stopped' || state === 'failed' || state === 'restartWait' || state === 'unknown') {
      entry.timer?.cancel()
      // It may run without us having seen it: starting it twice would be worse than adopting it.
      if (!this.#adopt(entry)) this.#launch(entry, 'wantUp')
    }
  }

  #wantDown(entry: Entry): void {
    entry.timer?.cancel()
    const wasAlive = entry.shown.isUp || entry.shown.state === 'starting'
    this.#move(entry, 'wantDown')
    if (wasAlive && entry.shown.state === 'stopping') this.#terminate(entry)
  }

  #adopt(entry: Entry): boolean {
    const { name } = entry.shown.spec
    const found = findProcesses({ name, runFolder: this.#options.runFolder, home: this.#options.home })
    entry.shown.count = found.count
    if (!found.main) return false
    entry.round++
    entry.child = undefined
    this.#takeUp(entry, found.main, 'found', `${name} runs already as PID ${found.main.pid} and was adopted`)
    return true
  }

  #takeUp(entry: Entry, identity: ProcessIdentity, event: ProcessEvent, sentence: string): void {
    const { clock, events, log } = this.#options
    entry.identity = identity
    Object.assign(entry.shown, {
      isUp: true,
      pid: identity.pid,
      count: Math.max(1, entry.shown.count),
      startedMonotonicMs: clock.monotonicMs(),
      lastStart: new Date(clock.now()),
      lastError: '',
    })
    this.#move(entry, event)
    log.notice('a process is up', { name: entry.shown.spec.name, sentence })
    events.started(entry.shown, sentence)
  }

  #launch(entry: Entry, event: ProcessEvent): void {
    const { spec } = entry.shown
    this.#move(entry, event)
    const round = ++entry.round
    const parsed = parseCommand(spec.startCommand)
    if ('error' in parsed) {
      this.#startFailed(entry, `start command of ${spec.name}: ${parsed.error}`)
      return
    }
    const [program, ...args] = parsed.argv
    let child: ChildProcess
    try {
      const output = openSync(this.#outputPath(spec), 'w', 0o600)
      try {
        // A session of its own: our end, or a Ctrl-C at our terminal, is not its end.
        child = spawn(program, args, { detached: true, stdio: ['ignore', output, output], cwd: '/' })
      } finally {
        closeSync(output)
      }
    } catch (error) {
      this.#startFailed(entry, `${spec.startCommand}: ${(error as Error).message}`)
      return
    }
    child.on('error', (error) => {
      if (entry.round === round)
        this.#startFailed(entry, `${spec.startCommand}: ${explain(error)}; see critAppStartCommand`)
    })
    child.on('exit', (code, signal) => this.#childEnded(entry, child, round, code, signal))
    if (child.pid === undefined) return
    entry.child = child
    const deadline = this.#options.clock.monotonicMs() + appearWithinMs
    entry.timer = this.#options.clock.every(50, () => this.#lookForStarted(entry, child, round, deadline))
  }

  /** While it starts: has the child settled in front, or has the real process appeared? */
  #lookForStarted(entry: Entry, child: ChildProcess, round: number, deadline: number): void {
    if (entry.round !== round || entry.shown.state !== 'starting') return
    const { clock, runFolder, home } = this.#options
    const { name } = entry.shown.spec
    const now = clock.monotonicMs()
    const hasSettled = now > deadline - appearWithinMs + settleMs
    const itself = child.exitCode === null && child.signalCode === null ? readProcess(child.pid!) : undefined
    let real = itself && hasSettled && isNamed(itself, name) ? itself : undefined
    if (!real && (!itself || hasSettled)) real = findProcesses({ name, runFolder, home }).main
    if (!real && now > deadline) real = itself // it runs in front under another name than its row says
    if (real) {
      entry.timer?.cancel()
      const isChild = real.pid === child.pid
      if (!isChild) entry.child = undefined
      this.#takeUp(entry, real, 'ready', `${name} was started as PID ${real.pid}`)
    } else if (now > deadline) {
      this.#startFailed(entry, `${entry.shown.spec.startCommand} ended, but no process named ${name} appeared`)
    }
  }

  #childEnded(
    entry: Entry,
    child: ChildProcess,
    round: number,
    code: number | null,
    signal: NodeJS.Signals | null,
  ): void {
    if (entry.child !== child) return
    if (entry.identity?.pid === child.pid && entry.shown.isUp) {
      this.#ended(entry, code ?? -1, signal ? (constants.signals[signal] ?? 0) : 0, describeEnd(code, signal))
      return
    }
    if (entry.round !== round) return
    if (entry.shown.state === 'stopping') {
      this.#ended(entry, code ?? -1, signal ? (constants.signals[signal] ?? 0) : 0, describeEnd(code, signal))
    } else if (entry.shown.state === 'starting' && code !== 0) {
      const lastLine = this.#lastOutput(entry.shown.spec)
      entry.shown.lastExitCode = code ?? -1
      entry.shown.lastExitSignal = signal ? (constants.signals[signal] ?? 0) : 0
      this.#startFailed(
        entry,
        `${entry.shown.spec.startCommand} ${describeEnd(code, signal)}${lastLine ? `: ${lastLine}` : ''}`,
      )
    }
    // Code 0 while starting: it left a daemon behind, and the search for that goes on.
  }

  #startFailed(entry: Entry, sentence: string): void {
    const { events, log } = this.#options
    entry.round++
    entry.timer?.cancel()
    entry.child = undefined
    entry.shown.lastError = sentence.slice(0, 255)
    this.#move(entry, 'startFailed')
    log.error('a process could not be started', { name: entry.shown.spec.name, sentence })
    events.failed(entry.shown, sentence)
    this.#retryLater(entry)
  }

  #terminate(entry: Entry): void {
    const { spec } = entry.shown
    const round = entry.round
    const command = spec.terminateCommand === '' ? undefined : parseCommand(spec.terminateCommand)
    if (command && 'argv' in command && entry.identity) {
      const [program, ...args] = command.argv
      const child = spawn(program, args, { detached: true, stdio: 'ignore', cwd: '/' })
      const orElse = (reason: string): void => {
        this.#options.log.warn('a terminate command failed; sending SIGTERM', { name: spec.name, reason })
        if (entry.round === round) this.#signal(entry, 'SIGTERM')
      }
      child.on('error', (error) => orElse(explain(error)))
      child.on('exit', (code, signal) => code !== 0 && orElse(describeEnd(code, signal)))
      child.unref()
    } else this.#signal(entry, 'SIGTERM')
    entry.timer = this.#options.clock.after(spec.stopTimeoutSeconds * 1000, () => {
      if (entry.round !== round || entry.shown.state !== 'stopping') return
      this.#options.log.warn('a process did not stop in time and is killed', {
        name: spec.name,
        seconds: spec.stopTimeoutSeconds,
      })
      this.#signal(entry, 'SIGKILL')
    })
  }

  /** To the whole group where the process leads one, to it alone otherwise; never to a PID that was given anew. */
  #signal(entry: Entry, signal: NodeJS.Signals): void {
    const pid = entry.identity?.pid ?? entry.child?.pid
    const stat = pid === undefined ? undefined : readProcess(pid)
    if (!stat || (entry.identity && stat.startTicks !== entry.identity.startTicks)) return
    try {
      globalThis.process.kill(stat.groupId === stat.pid ? -stat.pid : stat.pid, signal)
    } catch (error) {
      this.#options.log.warn('a process could not be signalled', {
        pid: stat.pid,
        signal,
        error: explain(error as Error),
      })
    }
  }

  #ended(entry: Entry, code: number, signal: number, how: string): void {
    const { clock, events, log } = this.#options
    const { spec } = entry.shown
    const wasStopping = entry.shown.state === 'stopping'
    entry.round++
    entry.timer?.cancel()
    entry.identity = undefined
    entry.child = undefined
    const sentence = `${spec.name} ${how}${wasStopping ? ', as it was told to' : ''}`
    Object.assign(entry.shown, {
      isUp: false,
      pid: 0,
      count: 0,
      exits: entry.shown.exits + 1,
      lastExit: new Date(clock.now()),
      lastExitCode: code,
      lastExitSignal: signal,
      lastError: wasStopping ? '' : sentence.slice(0, 255),
    })
    this.#move(entry, 'exited')
    log.notice('a process ended', { name: spec.name, sentence })
    events.exited(entry.shown, sentence)
    if (spec.adminStatus !== 'up') return
    if (wasStopping) this.#wantUp(entry)
    else this.#retryLater(entry)
  }

  #retryLater(entry: Entry): void {
    const { spec } = entry.shown
    if (!this.#isStarted || spec.adminStatus !== 'up' || !spec.restartOnExit) return
    this.#move(entry, 'retry')
    entry.timer = this.#options.clock.after(spec.restartIntervalMs, () => {
      if (entry.shown.state !== 'restartWait' || this.#adopt(entry)) return
      entry.shown.restarts++
      this.#launch(entry, 'waitOver')
    })
  }

  /** Children tell of their end themselves; of all others /proc does. */
  #watch(): void {
    for (const entry of this.#entries.values()) {
      const { identity, child } = entry
      if (!identity || child?.pid === identity.pid || isRunning(identity)) continue
      this.#ended(entry, -1, 0, 'ended; it was not our child, so why is not known')
    }
  }

  /** Somebody may have started by hand what is down here; and workers come and go. */
  #lookAround(): void {
    const { runFolder, home } = this.#options
    for (const entry of this.#entries.values()) {
      const { state, spec } = entry.shown
      if (state === 'running' || state === 'adopted') {
        const { count } = findProcesses({ name: spec.name, runFolder, home })
        if (count === entry.shown.count || count === 0) continue
        entry.shown.count = count
        this.#options.events.changed(entry.shown)
      } else if (spec.findOnStartup && (state === 'stopped' || state === 'failed')) this.#adopt(entry)
    }
  }

  #move(entry: Entry, event: ProcessEvent): void {
    entry.shown.state = nextState(entry.shown.state, event)
    this.#options.events.changed(entry.shown)
  }

  #outputPath({ name }: ProcessSpec): string {
    return join(this.#options.outputFolder, `${name.replace(/[^\w.-]/g, '_')}.out`)
  }

  #lastOutput(spec: ProcessSpec): string {
    try {
      return readFileSync(this.#outputPath(spec), 'utf8').slice(-4096).trimEnd().split('\n').at(-1)?.trim() ?? ''
    } catch {
      return ''
    }
  }
}

function newEntry(spec: ProcessSpec): Entry {
  const shown: SupervisedProcess = {
    spec,
    state: 'unknown',
    isUp: false,
    pid: 0,
    count: 0,
    startedMonotonicMs: 0,
    lastStart: undefined,
    lastExit: undefined,
    lastExitCode: -1,
    lastExitSignal: 0,
    restarts: 0,
    exits: 0,
    lastError: '',
  }
  return { shown, identity: undefined, child: undefined, round: 0, timer: undefined }
}

function describeEnd(code: number | null, signal: NodeJS.Signals | null): string {
  return signal ? `was ended by ${signal}` : `ended with exit code ${code}`
}

function explain(error: Error): string {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'there is no such program'
  if (code === 'EACCES') return 'the program may not be executed'
  return error.message
}
