/** Keeps processes as they are wanted: starts, adopts, watches, stops and restarts them. Knows nothing of SNMP. */
import type { ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { ageMs, isRunning, type ProcessIdentity, type ProcessStat, readProcess } from '../../lib/process.ts'
import { describeEnd, explain, formatSeconds, signalNumber } from '../../lib/process-end.ts'
import { truncateUtf8 } from '../../lib/text.ts'
import { isNamed } from './find.ts'
import { boundOutput, lastLine, lastLines, openOutput } from './output.ts'
import { type Entry, liveChild, newEntry, type ProcessSpec, type SupervisedProcess } from './process.ts'
import { runCommand, runToEnd } from './run.ts'
import { ProcessSearch } from './search.ts'
import { killGroup, signalProcess } from './signal.ts'
import { nextState, type ProcessEvent } from './states.ts'
import { describeRecent } from './storm.ts'

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
/** While something starts or stops: how often it is looked at. */
const lookEveryMs = 50
/** critAppLastError holds this many octets. */
const maxSentenceOctets = 255

export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #entries = new Map<number, Entry>()
  readonly #searcher: ProcessSearch
  readonly #timers: Timer[] = []
  #isStarted = false

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#searcher = new ProcessSearch(options)
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
    if (known.shown.state === 'restartWait' && !spec.restartOnExit) {
      known.timer?.cancel()
      this.#move(known, 'giveUp')
    }
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
    entry.history.forget()
    this.#searcher.forget()
    if (adminStatus === 'up') this.#wantUp(entry)
    else this.#wantDown(entry)
  }

  /** Runs the graceful command of a process that is up; what comes of it is logged. */
  graceful(index: number): void {
    const entry = this.#entries.get(index)
    if (!entry?.shown.isUp) return
    const { log } = this.#options
    const { name, gracefulCommand } = entry.shown.spec
    runToEnd(gracefulCommand, {
      done: () => log.notice('a graceful command is done', { name }),
      failed: (reason) => {
        entry.shown.lastError = truncateUtf8(`graceful restart of ${name}: ${reason}`, maxSentenceOctets)
        log.error('a graceful command failed', { name, reason })
        this.#options.events.changed(entry.shown)
      },
    })
  }

  start(): void {
    const { clock } = this.#options
    mkdirSync(this.#options.outputFolder, { recursive: true, mode: 0o700 })
    this.#isStarted = true
    this.#beginInOrder([...this.#entries.values()])
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

  /** Those of the lowest number first; the next when none of these is on its way up any more. */
  #beginInOrder(entries: readonly Entry[]): void {
    if (entries.length === 0) return
    const first = Math.min(...entries.map(({ shown }) => shown.spec.startOrder))
    const now = entries.filter(({ shown }) => shown.spec.startOrder === first)
    const later = entries.filter(({ shown }) => shown.spec.startOrder !== first)
    for (const entry of now) this.#begin(entry)
    if (later.length === 0) return
    const timer = this.#options.clock.every(lookEveryMs, () => {
      if (now.some(({ shown }) => shown.state === 'starting')) return
      timer.cancel()
      // A row may have gone, or been set up by somebody, while it waited.
      if (this.#isStarted)
        this.#beginInOrder(
          later.filter(
            (entry) => this.#entries.get(entry.shown.spec.index) === entry && entry.shown.state === 'unknown',
          ),
        )
    })
    this.#timers.push(timer)
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
    const { state } = entry.shown
    this.#move(entry, 'wantDown')
    if (entry.shown.state !== 'stopping' || state === 'stopping') return
    if (state === 'starting') this.#stopWhatStarts(entry)
    else this.#terminate(entry)
  }

  /**
   * Told to stop while it starts: a start command that will leave a daemon behind is let end first, so that there is
   * a process that can be stopped; one that stays in front is the process.
   */
  #stopWhatStarts(entry: Entry): void {
    const { round, child } = entry
    const { clock } = this.#options
    const { name, stopTimeoutSeconds } = entry.shown.spec
    const deadline = clock.monotonicMs() + Math.min(stopTimeoutSeconds * 1000, appearWithinMs)
    const look = (): void => {
      if (entry.round !== round || entry.shown.state !== 'stopping') return
      const itself = liveChild(child)
      const real = itself && isNamed(itself, name) ? itself : itself ? undefined : this.#search(entry).main
      if (real) {
        entry.timer?.cancel()
        this.#know(entry, real)
        if (real.pid !== child?.pid) entry.child = undefined
        this.#terminate(entry)
      } else if (clock.monotonicMs() > deadline) {
        entry.timer?.cancel()
        if (itself) this.#signal(entry, 'SIGKILL')
        else this.#ended(entry, -1, 0, 'never appeared')
      }
    }
    entry.timer = clock.every(lookEveryMs, look)
    look()
  }

  #adopt(entry: Entry): boolean {
    const { name } = entry.shown.spec
    const found = this.#search(entry)
    entry.shown.count = found.count
    if (!found.main) return false
    entry.timer?.cancel()
    entry.round++
    entry.child = undefined
    this.#takeUp(entry, found.main, 'found', `${name} runs already as PID ${found.main.pid} and was adopted`)
    return true
  }

  #search({ shown, formerGroup }: Entry): { main: ProcessStat | undefined; count: number } {
    return this.#searcher.find(shown.spec.name, formerGroup)
  }

  #know(entry: Entry, identity: ProcessIdentity): void {
    entry.identity = identity
    entry.leads = readProcess(identity.pid)?.groupId === identity.pid
  }

  #takeUp(entry: Entry, identity: ProcessIdentity, event: ProcessEvent, sentence: string): void {
    const { clock, events, log } = this.#options
    this.#know(entry, identity)
    const aliveMs = ageMs(identity)
    Object.assign(entry.shown, {
      isUp: true,
      pid: identity.pid,
      count: Math.max(1, entry.shown.count),
      startedMonotonicMs: clock.monotonicMs() - aliveMs,
      lastStart: new Date(clock.now() - aliveMs),
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
    const child = this.#spawn(spec)
    if ('reason' in child) {
      this.#startFailed(entry, `${spec.startCommand}: ${child.reason}`)
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
    entry.timer = this.#options.clock.every(lookEveryMs, () => this.#lookForStarted(entry, child, round, deadline))
  }

  #spawn(spec: ProcessSpec): ChildProcess | { readonly reason: string } {
    try {
      const output = openOutput(this.#outputPath(spec))
      try {
        return runCommand(spec.startCommand, output)
      } finally {
        closeSync(output)
      }
    } catch (error) {
      return { reason: explain(error as Error) }
    }
  }

  /** While it starts: has the child settled in front, or has the real process appeared? */
  #lookForStarted(entry: Entry, child: ChildProcess, round: number, deadline: number): void {
    if (entry.round !== round || entry.shown.state !== 'starting') return
    const { name } = entry.shown.spec
    const now = this.#options.clock.monotonicMs()
    const hasSettled = now > deadline - appearWithinMs + settleMs
    const isOver = now > deadline
    const itself = liveChild(child)
    let real = itself && hasSettled && isNamed(itself, name) ? itself : undefined
    // While the start command runs, what it has started may not serve yet: it ends when that does.
    if (!real && (!itself || isOver)) real = this.#search(entry).main
    if (!real && isOver) real = itself // it runs in front under another name than its row says
    if (real) {
      entry.timer?.cancel()
      const isChild = real.pid === child.pid
      if (!isChild) entry.child = undefined
      this.#takeUp(entry, real, 'ready', `${name} was started as PID ${real.pid}`)
    } else if (isOver) {
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
      this.#ended(entry, code ?? -1, signalNumber(signal), describeEnd(code, signal))
      return
    }
    if (entry.round !== round) return
    if (entry.shown.state === 'stopping') {
      // Code 0: it left a daemon behind, which is still to be found and stopped.
      if (code !== 0) this.#ended(entry, code ?? -1, signalNumber(signal), describeEnd(code, signal))
    } else if (entry.shown.state === 'starting' && code !== 0) {
      const said = lastLine(this.#outputPath(entry.shown.spec))
      entry.shown.lastExitCode = code ?? -1
      entry.shown.lastExitSignal = signalNumber(signal)
      this.#startFailed(
        entry,
        `${entry.shown.spec.startCommand} ${describeEnd(code, signal)}${said ? `: ${said}` : ''}`,
      )
    }
    // Code 0 while starting: it left a daemon behind, and the search for that goes on.
  }

  #startFailed(entry: Entry, sentence: string): void {
    const { events, log } = this.#options
    entry.round++
    entry.timer?.cancel()
    entry.child = undefined
    entry.shown.lastError = truncateUtf8(sentence, maxSentenceOctets)
    this.#move(entry, 'startFailed')
    log.error('a process could not be started', { name: entry.shown.spec.name, sentence })
    events.failed(entry.shown, sentence)
    this.#retry(entry, this.#planRestart(entry))
  }

  #terminate(entry: Entry): void {
    const { spec } = entry.shown
    const round = entry.round
    const failed = (reason: string): void => {
      this.#options.log.warn('a terminate command failed; sending SIGTERM', { name: spec.name, reason })
      if (entry.round === round) this.#signal(entry, 'SIGTERM')
    }
    if (spec.terminateCommand === '') this.#signal(entry, 'SIGTERM')
    else runToEnd(spec.terminateCommand, { done: () => {}, failed })
    entry.timer = this.#options.clock.after(spec.stopTimeoutSeconds * 1000, () => {
      if (entry.round !== round || entry.shown.state !== 'stopping') return
      this.#options.log.warn('a process did not stop in time and is killed', {
        name: spec.name,
        seconds: spec.stopTimeoutSeconds,
      })
      this.#signal(entry, 'SIGKILL')
    })
  }

  #signal({ identity, child }: Entry, signal: NodeJS.Signals): void {
    const pid = identity?.pid ?? child?.pid
    if (pid === undefined) return
    try {
      signalProcess(pid, identity, signal)
    } catch (error) {
      this.#options.log.warn('a process could not be signalled', { pid, signal, error: explain(error as Error) })
    }
  }

  #ended(entry: Entry, code: number, signal: number, how: string): void {
    const { clock, events, log } = this.#options
    const { spec } = entry.shown
    const wasStopping = entry.shown.state === 'stopping'
    entry.round++
    entry.timer?.cancel()
    entry.formerGroup = entry.identity && entry.leads ? entry.identity.pid : undefined
    if (entry.formerGroup !== undefined) killGroup(entry.formerGroup)
    entry.identity = undefined
    entry.child = undefined
    const output = wasStopping ? [] : lastLines(this.#outputPath(spec), 20)
    const restart = wasStopping ? undefined : this.#planRestart(entry)
    const sentence = `${spec.name} ${how}${wasStopping ? ', as it was told to' : (restart?.words ?? '')}`
    Object.assign(entry.shown, {
      isUp: false,
      pid: 0,
      count: 0,
      exits: entry.shown.exits + 1,
      lastExit: new Date(clock.now()),
      lastExitCode: code,
      lastExitSignal: signal,
      lastError: wasStopping ? '' : truncateUtf8(sentence, maxSentenceOctets),
    })
    this.#move(entry, 'exited')
    log.notice('a process ended', {
      name: spec.name,
      sentence,
      ...(output.length > 0 ? { output: output.join('\n') } : {}),
    })
    events.exited(entry.shown, sentence)
    if (spec.adminStatus !== 'up') return
    if (wasStopping) this.#wantUp(entry)
    else this.#retry(entry, restart)
  }

  /** When the next start is due, or that there are too many; nothing where restarts are not wished. */
  #planRestart({ history, shown }: Entry): { delayMs: number | undefined; words: string } | undefined {
    const { spec } = shown
    if (!this.#isStarted || spec.adminStatus !== 'up' || !spec.restartOnExit) return undefined
    const { maxRestarts, restartWindowMs: windowMs, restartIntervalMs: intervalMs } = spec
    const rules = { intervalMs, maxRestarts, windowMs }
    const now = this.#options.clock.monotonicMs()
    const recent = describeRecent(history.recent(now, rules) + 1, windowMs)
    const delayMs = history.next(now, rules)
    if (delayMs === undefined)
      return { delayMs, words: `${recent}; it is not started again before somebody sets it up` }
    return { delayMs, words: `${recent}, next try in ${formatSeconds(delayMs)}` }
  }

  #retry(entry: Entry, plan: { delayMs: number | undefined; words: string } | undefined): void {
    if (!plan) return
    if (plan.delayMs === undefined) {
      const sentence = `${entry.shown.spec.name} ended too often${plan.words}`
      this.#move(entry, 'tooOften')
      entry.shown.lastError = truncateUtf8(sentence, maxSentenceOctets)
      this.#options.log.error('a process ended too often', { name: entry.shown.spec.name, sentence })
      this.#options.events.failed(entry.shown, sentence)
      return
    }
    this.#move(entry, 'retry')
    entry.timer = this.#options.clock.after(plan.delayMs, () => {
      this.#searcher.forget()
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
      this.#ended(entry, -1, 0, wasTold(entry) ? 'ended' : 'ended; it was not our child, so why is not known')
    }
  }

  /** Somebody may have started by hand what is down here; and workers come and go. */
  #lookAround(): void {
    for (const entry of this.#entries.values()) {
      const { state, spec } = entry.shown
      if (state === 'running' || state === 'adopted') {
        boundOutput(this.#outputPath(spec))
        const { count } = this.#search(entry)
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
}

function wasTold({ shown }: Entry): boolean {
  return shown.state === 'stopping'
}
