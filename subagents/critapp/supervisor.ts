/** Keeps processes as they are wanted: starts, adopts, watches, stops and restarts them. Knows nothing of SNMP. */
import type { ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock, Timer } from '../../lib/clock.ts'
import type { ParsedCommand } from '../../lib/command.ts'
import type { Log } from '../../lib/log.ts'
import {
  ageMs,
  isRunning,
  type ProcessIdentity,
  type ProcessStat,
  readPidFile,
  readProcess,
} from '../../lib/process.ts'
import { describeEnd, explain, formatSeconds, signalNumber } from '../../lib/process-end.ts'
import { truncateUtf8 } from '../../lib/text.ts'
import { gracefulCommandOf, startCommandOf, terminateCommandOf } from './commands.ts'
import { isNamed } from './find.ts'
import type { Check } from './health.ts'
import { type Finding, inquire, inquireUnit } from './inquest.ts'
import { HealthMonitor } from './monitor.ts'
import { actInOrder } from './order.ts'
import { boundOutput, lastLine, lastLines, openOutput } from './output.ts'
import { type Entry, liveChild, newEntry, type ProcessSpec, type SupervisedProcess } from './process.ts'
import { runCommand, runToEnd } from './run.ts'
import { ProcessSearch } from './search.ts'
import { killGroup, signalProcess } from './signal.ts'
import { nextState, type ProcessEvent } from './states.ts'
import { describeRecent } from './storm.ts'
import { type Systemctl, unitKill } from './unit.ts'
import { Units } from './units.ts'

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
  readonly check: Check
  readonly systemctl: Systemctl
}

/** What somebody asks for. */
export interface Request {
  readonly spec: ProcessSpec
  /** critAppAdminStatus was named: up again is the way out of `failed`, though it was up before. */
  readonly isWished?: boolean
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
  readonly #units: Units
  readonly #timers: Timer[] = []
  #isStarted = false

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#searcher = new ProcessSearch(options)
    const { clock, log, systemctl } = options
    const wanted = (): Set<string> =>
      new Set(this.processes().flatMap(({ spec: { unit } }) => (unit === '' ? [] : [unit])))
    this.#units = new Units({ clock, log, systemctl, wanted })
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
    this.#beginInOrder(fresh)
    this.#setInOrder(changed, 'down')
    this.#setInOrder(changed, 'up')
  }

  #change(entry: Entry, spec: ProcessSpec): void {
    const before = entry.shown.spec
    entry.shown.spec = spec
    if (entry.shown.state === 'restartWait' && before.restartOnExit && !spec.restartOnExit) {
      entry.timer?.cancel()
      this.#move(entry, 'giveUp')
    }
    const isOtherCheck = JSON.stringify(before.health) !== JSON.stringify(spec.health)
    if (isOtherCheck && entry.identity && entry.shown.state !== 'stopping') this.#checkAnew(entry)
  }

  /** Forgets a row. Its process goes on, watched by nobody. */
  remove(index: number): void {
    const entry = this.#entries.get(index)
    if (!entry) return
    entry.round++
    entry.timer?.cancel()
    entry.monitor?.stop()
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
    entry.sickness = undefined
    this.#searcher.forget()
    if (adminStatus === 'up') this.#wantUp(entry)
    else this.#wantDown(entry)
  }

  /** Runs the graceful command of a process that is up; what comes of it is logged. */
  graceful(index: number): void {
    const entry = this.#entries.get(index)
    if (!entry?.shown.isUp) return
    const { log, systemctl } = this.#options
    const { name } = entry.shown.spec
    runToEnd(gracefulCommandOf(entry.shown.spec, systemctl).parsed, {
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
    this.#units.start()
    this.#timers.push(clock.every(watchEveryMs, () => this.#watch()))
    this.#timers.push(clock.every(findEveryMs, () => this.#lookAround()))
  }

  /** Ends supervision; what is supervised goes on. */
  stop(): void {
    this.#isStarted = false
    this.#units.stop()
    for (const timer of this.#timers.splice(0)) timer.cancel()
    for (const entry of this.#entries.values()) {
      entry.round++
      entry.timer?.cancel()
      entry.monitor?.stop()
      entry.child?.unref()
    }
  }

  #beginInOrder(entries: readonly Entry[]): void {
    this.#inOrder(entries, 'ascending', {
      act: (entry) => this.#begin(entry),
      isOnItsWay: ({ shown }) => shown.state === 'starting' || shown.state === 'unknown',
      // It may have been set up or down by somebody while it waited.
      isDue: ({ shown }) => shown.state === 'unknown',
    })
  }

  #setInOrder(entries: readonly Entry[], adminStatus: 'up' | 'down'): void {
    this.#inOrder(
      entries.filter(({ shown }) => shown.spec.adminStatus === adminStatus),
      adminStatus === 'up' ? 'ascending' : 'descending',
      {
        act: ({ shown }) => this.setAdminStatus(shown.spec.index, adminStatus),
        isOnItsWay: ({ shown }) => shown.state === (adminStatus === 'up' ? 'starting' : 'stopping'),
        isDue: ({ shown }) => shown.spec.adminStatus === adminStatus,
      },
    )
  }

  #inOrder(
    entries: readonly Entry[],
    direction: 'ascending' | 'descending',
    { act, isOnItsWay, isDue }: Record<'isOnItsWay' | 'isDue', (entry: Entry) => boolean> & { act(entry: Entry): void },
  ): void {
    if (entries.length === 0) return
    const isHere = (entry: Entry): boolean => this.#isStarted && this.#entries.get(entry.shown.spec.index) === entry
    const timer = actInOrder(entries, {
      clock: this.#options.clock,
      direction,
      orderOf: ({ shown }) => shown.spec.startOrder,
      act,
      isOnItsWay: (entry) => isHere(entry) && isOnItsWay(entry),
      isDue: (entry) => isHere(entry) && isDue(entry),
    })
    if (timer) this.#timers.push(timer)
  }

  #begin(entry: Entry): void {
    const { unit } = entry.shown.spec
    if (unit === '') this.#beginKnowing(entry)
    else
      void this.#units.refresh().then(() => {
        const isHere = this.#isStarted && this.#entries.get(entry.shown.spec.index) === entry
        if (isHere && entry.shown.state === 'unknown') this.#beginKnowing(entry)
      })
  }

  #beginKnowing(entry: Entry): void {
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
    const { state } = entry.shown
    if (state === 'stopping') return
    entry.timer?.cancel()
    entry.monitor?.stop()
    this.#move(entry, 'wantDown')
    if (entry.shown.state !== 'stopping') return
    if (state === 'starting' && !entry.identity) this.#stopWhatStarts(entry)
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
        if (itself) this.#kill(entry)
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
    const { unit, name } = shown.spec
    return unit === '' ? this.#searcher.find(name, formerGroup) : this.#units.find(unit)
  }

  #know(entry: Entry, identity: ProcessIdentity): void {
    entry.identity = identity
    const { unit, name } = entry.shown.spec
    // What a unit leaves behind is systemd's, by its KillMode.
    entry.leads = unit === '' && readProcess(identity.pid)?.groupId === identity.pid
    const pidFile = join(this.#options.runFolder, `${name}.pid`)
    entry.pidFile = readPidFile(pidFile)?.pid === identity.pid ? pidFile : undefined
  }

  /** The process is there; it is up when it serves, where that is checked. */
  #takeUp(entry: Entry, identity: ProcessIdentity, event: 'ready' | 'found', sentence: string): void {
    const { clock } = this.#options
    this.#know(entry, identity)
    const aliveMs = ageMs(identity)
    Object.assign(entry.shown, {
      pid: identity.pid,
      count: Math.max(1, entry.shown.count),
      startedMonotonicMs: clock.monotonicMs() - aliveMs,
      lastStart: new Date(clock.now() - aliveMs),
    })
    if (event === 'found') this.#move(entry, event)
    if (entry.shown.spec.health.kind === 'none') this.#serves(entry, sentence)
    else {
      this.#options.events.changed(entry.shown)
      this.#monitor(entry, false, sentence)
    }
  }

  #serves(entry: Entry, sentence: string): void {
    const { events, log } = this.#options
    Object.assign(entry.shown, { isUp: true, lastError: '' })
    this.#move(entry, 'ready')
    log.notice('a process is up', { name: entry.shown.spec.name, sentence })
    events.started(entry.shown, sentence)
  }

  #monitor(entry: Entry, hasServed: boolean, sentence: string): void {
    const { clock, check, events, log } = this.#options
    const { shown } = entry
    const { name, health: spec } = shown.spec
    entry.monitor?.stop()
    entry.monitor = new HealthMonitor({
      clock,
      check,
      spec,
      hasServed,
      events: {
        serves: () => {
          shown.health = 'healthy'
          if (!shown.isUp) this.#serves(entry, sentence)
          else {
            shown.lastError = ''
            events.changed(shown)
          }
        },
        fails: (reason, times) => {
          shown.health = 'failing'
          const error = `${name}: health check failed (${times} of ${spec.failures}): ${reason}`
          shown.lastError = truncateUtf8(error, maxSentenceOctets)
          log.warn('a health check failed', { name, times, reason })
          events.changed(shown)
        },
        sick: (reason) => this.#sick(entry, reason),
      },
    })
  }

  /** The check was changed while the process runs; what was up stays up until the new one says otherwise. */
  #checkAnew(entry: Entry): void {
    const { shown } = entry
    entry.monitor?.stop()
    shown.health = 'unknown'
    const sentence = `${shown.spec.name} runs as PID ${shown.pid}`
    if (shown.spec.health.kind !== 'none') this.#monitor(entry, shown.isUp, sentence)
    else if (!shown.isUp) this.#serves(entry, sentence)
  }

  /** It runs and does not serve: it is stopped, and started again after the delay. */
  #sick(entry: Entry, reason: string): void {
    const { shown } = entry
    entry.sickness = reason
    shown.isUp = false
    shown.health = 'failing'
    shown.lastError = truncateUtf8(`${shown.spec.name} is stopped: ${reason}`, maxSentenceOctets)
    this.#options.log.error('a process does not serve and is stopped', { name: shown.spec.name, reason })
    this.#move(entry, 'sick')
    this.#terminate(entry)
  }

  #launch(entry: Entry, event: ProcessEvent): void {
    const { spec } = entry.shown
    this.#move(entry, event)
    const round = ++entry.round
    const command = startCommandOf(spec, this.#options.systemctl)
    const child = this.#spawn(spec, command.parsed)
    if ('reason' in child) {
      this.#startFailed(entry, `${command.text}: ${child.reason}`)
      return
    }
    child.on('error', (error) => {
      if (entry.round === round) this.#startFailed(entry, `${command.text}: ${explain(error)}; see critAppStartCommand`)
    })
    child.on('exit', (code, signal) => this.#childEnded(entry, child, round, code, signal))
    if (child.pid === undefined) return
    entry.child = child
    const deadline = this.#options.clock.monotonicMs() + appearWithinMs
    entry.timer = this.#options.clock.every(lookEveryMs, () => this.#lookForStarted(entry, child, round, deadline))
  }

  #spawn(spec: ProcessSpec, command: ParsedCommand): ChildProcess | { readonly reason: string } {
    try {
      const output = openOutput(this.#outputPath(spec))
      try {
        return runCommand(command, output)
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
    const { name, unit } = entry.shown.spec
    const now = this.#options.clock.monotonicMs()
    const hasSettled = now > deadline - appearWithinMs + settleMs
    const isOver = now > deadline
    const itself = liveChild(child)
    let real = unit === '' && itself && hasSettled && isNamed(itself, name) ? itself : undefined
    // While the start command runs, what it has started may not serve yet: it ends when that does.
    if (!real && (!itself || isOver)) real = this.#search(entry).main
    if (!real && isOver && unit === '') real = itself // it runs in front under another name than its row says
    if (real) {
      entry.timer?.cancel()
      const isChild = real.pid === child.pid
      if (!isChild) entry.child = undefined
      this.#takeUp(entry, real, 'ready', `${name} was started as PID ${real.pid}`)
    } else if (isOver && !(unit !== '' && itself)) {
      // systemd has time-outs of its own, and its answer is awaited.
      const { text } = startCommandOf(entry.shown.spec, this.#options.systemctl)
      const missing = unit === '' ? `no process named ${name} appeared` : `${unit} has no process`
      this.#startFailed(entry, `${text} ended, but ${missing}`)
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
    if (entry.identity?.pid === child.pid) {
      this.#ended(entry, code ?? -1, signalNumber(signal), describeEnd(code, signal))
      return
    }
    if (entry.round !== round) return
    if (entry.shown.spec.unit !== '') void this.#units.refresh()
    if (entry.shown.state === 'stopping') {
      // Code 0: it left a daemon behind, which is still to be found and stopped.
      if (code !== 0) this.#ended(entry, code ?? -1, signalNumber(signal), describeEnd(code, signal))
    } else if (entry.shown.state === 'starting' && code !== 0) {
      const said = lastLine(this.#outputPath(entry.shown.spec))
      entry.shown.lastExitCode = code ?? -1
      entry.shown.lastExitSignal = signalNumber(signal)
      const { text } = startCommandOf(entry.shown.spec, this.#options.systemctl)
      this.#startFailed(entry, `${text} ${describeEnd(code, signal)}${said ? `: ${said}` : ''}`)
    }
    // Code 0 while starting: it left a daemon behind, and the search for that goes on.
    this.#searcher.forget()
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
    this.#retry(entry, this.#planRestart(entry, entry.shown.spec.restartOnExit))
  }

  #terminate(entry: Entry): void {
    const { spec } = entry.shown
    const round = entry.round
    const failed = (reason: string): void => {
      this.#options.log.warn('a terminate command failed; sending SIGTERM', { name: spec.name, reason })
      if (entry.round === round) this.#signal(entry, 'SIGTERM')
    }
    const command = terminateCommandOf(spec, this.#options.systemctl)
    if (command) runToEnd(command.parsed, { done: () => {}, failed })
    else this.#signal(entry, 'SIGTERM')
    entry.timer = this.#options.clock.after(spec.stopTimeoutSeconds * 1000, () => {
      if (entry.round !== round || entry.shown.state !== 'stopping') return
      this.#options.log.warn('a process did not stop in time and is killed', {
        name: spec.name,
        seconds: spec.stopTimeoutSeconds,
      })
      this.#kill(entry)
    })
  }

  #kill(entry: Entry): void {
    const { unit } = entry.shown.spec
    if (unit === '') this.#signal(entry, 'SIGKILL')
    else
      runToEnd(unitKill(this.#options.systemctl, unit), {
        done: () => {},
        failed: () => this.#signal(entry, 'SIGKILL'),
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
    const { sickness } = entry
    const wasTold = wasStopping && sickness === undefined
    entry.round++
    entry.timer?.cancel()
    entry.monitor?.stop()
    entry.monitor = undefined
    entry.sickness = undefined
    entry.formerGroup = entry.identity && entry.leads ? entry.identity.pid : undefined
    if (entry.formerGroup !== undefined) killGroup(entry.formerGroup)
    entry.identity = undefined
    entry.child = undefined
    if (spec.unit !== '') this.#units.forget(spec.unit)
    const output = wasTold ? [] : lastLines(this.#outputPath(spec), 20)
    const restart = wasTold ? undefined : this.#planRestart(entry, spec.restartOnExit || sickness !== undefined)
    const why = sickness === undefined ? how : `was stopped: ${sickness}`
    const sentence = `${spec.name} ${wasTold ? `${how}, as it was told to` : `${why}${restart?.words ?? ''}`}`
    Object.assign(entry.shown, {
      isUp: false,
      health: 'unknown',
      pid: 0,
      count: 0,
      exits: entry.shown.exits + 1,
      lastExit: new Date(clock.now()),
      lastExitCode: code,
      lastExitSignal: signal,
      lastError: wasTold ? '' : truncateUtf8(sentence, maxSentenceOctets),
    })
    this.#move(entry, 'exited')
    log.notice('a process ended', {
      name: spec.name,
      sentence,
      ...(output.length > 0 ? { output: output.join('\n') } : {}),
    })
    events.exited(entry.shown, sentence)
    if (spec.adminStatus !== 'up') return
    if (wasTold) this.#wantUp(entry)
    else this.#retry(entry, restart)
  }

  /** When the next start is due, or that there are too many; nothing where a restart is not wished. */
  #planRestart(
    { history, shown }: Entry,
    isWished: boolean,
  ): { delayMs: number | undefined; words: string } | undefined {
    const { spec } = shown
    if (!this.#isStarted || spec.adminStatus !== 'up' || !isWished) return undefined
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
      const { identity, child, pidFile, isUnderInquest } = entry
      if (!identity || isUnderInquest || child?.pid === identity.pid || isRunning(identity)) continue
      const { unit } = entry.shown.spec
      if (unit === '') {
        const { code, signal, how } = this.#isStoppedByUs(entry) ? ended : inquire({ identity, pidFile })
        this.#ended(entry, code, signal, how)
      } else void this.#askSystemd(entry, identity)
    }
  }

  /** It went as it was told to, or was killed for not going: there is nothing to find out. */
  #isStoppedByUs({ shown, sickness }: Entry): boolean {
    return shown.state === 'stopping' && sickness === undefined
  }

  async #askSystemd(entry: Entry, identity: ProcessIdentity): Promise<void> {
    const { round } = entry
    const { unit } = entry.shown.spec
    entry.isUnderInquest = true
    await this.#units.refresh()
    entry.isUnderInquest = false
    if (entry.round !== round || entry.identity !== identity) return
    const { code, signal, how } = inquireUnit(this.#units.stateOf(unit), identity)
    this.#ended(entry, code, signal, how)
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

const ended: Finding = { code: -1, signal: 0, how: 'ended' }
