/** Watches one log file: its size against a threshold, and its lines against a pattern. Knows nothing of SNMP. */

import { messageOf } from '../../lib/errors.ts'
import { conditionWords, type FileCondition, type FollowerState } from '../../lib/follow/follower-result.ts'
import { type Patterns, patternError } from '../../lib/follow/patterns.ts'
import type { Log } from '../../lib/log/log.ts'
import type { Launcher } from '../../lib/program/launcher.ts'
import { truncateUtf8 } from '../../lib/text/text.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { LookSchedule } from './look-schedule.ts'
import { MatchLimit } from './match-limit.ts'
import type { MonitorEvent, MonitorSpec, MonitorState } from './monitor-state.ts'
import { PatternReader } from './pattern-reader.ts'
import { PendingEvents } from './pending-events.ts'
import { Runner } from './runner.ts'
import { SizeProbe } from './size-probe.ts'

export type OperState = FileCondition | 'badRegExp' | 'disabled'

export interface MonitorEvents {
  /** It is durable. */
  happened(monitor: Monitor, event: MonitorEvent): void
  problem(monitor: Monitor, sentence: string): void
}

export interface MonitorOptions {
  readonly clock: Clock
  readonly log: Log
  /** Of the row's commands; children by default. */
  readonly launcher?: Launcher | undefined
  readonly patterns: Pick<Patterns, 'match'>
  readonly events: MonitorEvents
  maxNotifications(): number
  /** Makes the state durable. */
  commit(monitor: Monitor): Promise<void>
}

/** siLogLastMatch holds so many octets; a command is given more. */
const maxShownOctets = 1024
const maxEventOctets = 8192
const maxErrorOctets = 255

export class Monitor {
  spec: MonitorSpec
  sizeOctets = 0
  isSizeKnown = false
  isAbove: boolean
  matches: number
  rotations: number
  filesLost: number
  operState: OperState | undefined
  lastMatch: string
  lastMatchMs: number | undefined
  lastPollMs: number | undefined
  lastError = ''
  commandResult = -1
  readonly #options: MonitorOptions
  readonly #looks: LookSchedule
  readonly #size: SizeProbe
  readonly #limit: MatchLimit
  readonly #runner: Runner
  readonly #pending: PendingEvents
  /** Of a row with a pattern, once it is started. */
  #reader: PatternReader | undefined
  #followerState: FollowerState | undefined
  #isInvalid = false
  #isStopped = false

  constructor(spec: MonitorSpec, options: MonitorOptions, state?: MonitorState) {
    const kept = state?.fileName === spec.fileName ? state : undefined
    this.spec = spec
    this.#options = options
    this.matches = kept?.matches ?? 0
    this.rotations = kept?.rotations ?? 0
    this.filesLost = kept?.filesLost ?? 0
    this.isAbove = kept?.isAbove ?? false
    this.lastMatch = kept?.lastMatch ?? ''
    this.lastMatchMs = kept?.lastMatchMs
    this.#followerState = kept?.follower
    const { clock } = options
    this.#looks = new LookSchedule(clock, () => this.#look())
    this.#size = new SizeProbe(spec.fileName)
    this.#pending = new PendingEvents(
      {
        commit: () => this.#commit(),
        deliver: (event) => {
          options.events.happened(this, event)
          this.#command(event)
        },
      },
      kept?.untold,
    )
    this.#limit = new MatchLimit(
      {
        clock,
        limit: options.maxNotifications,
        summarize: (count) => {
          this.#pending.add({ kind: 'summary', count, line: this.lastMatch, matches: this.matches })
          void this.#pending.deliver()
        },
      },
      kept?.summarized,
    )
    this.#runner = new Runner({
      clock,
      launcher: options.launcher,
      ended: (result, problem) => {
        this.commandResult = result
        if (problem) this.#complain(problem)
      },
    })
  }

  get state(): MonitorState {
    return {
      fileName: this.spec.fileName,
      matches: this.matches,
      rotations: this.rotations,
      filesLost: this.filesLost,
      isAbove: this.isAbove,
      summarized: this.#limit.summarized,
      lastMatch: this.lastMatch,
      lastMatchMs: this.lastMatchMs,
      follower: this.#reader ? this.#reader.state : this.#followerState,
      untold: this.#pending.all,
    }
  }

  /** Octets that are examined, and those just before. Without a pattern the whole file counts as examined. */
  get position(): { readonly offset: number; readonly tail: Uint8Array } {
    return this.#reader?.position ?? { offset: this.spec.regExp ? 0 : this.sizeOctets, tail: new Uint8Array(0) }
  }

  get summarized(): number {
    return this.#limit.summarized
  }

  start(): void {
    const { spec } = this
    const error = spec.regExp === '' ? undefined : patternError(spec.regExp)
    if (error) {
      this.#isInvalid = true
      const { index, fileName } = spec
      this.#options.log.warn('a pattern is not a regular expression', { index, fileName, error })
      this.#setOperState('badRegExp', `the pattern for ${fileName} is not a regular expression`, true)
    } else if (spec.regExp !== '') {
      this.#reader = this.#readerOf(spec)
    }
    // Where a row without pattern stands is nowhere: one that it is given later begins at the end.
    this.#followerState = undefined
    this.#looks.every(spec.pollSeconds)
    if (spec.pollSeconds > 0) void this.poll()
    else if (this.#pending.all.length > 0) void this.#pending.deliver()
  }

  /** Other thresholds, commands and intervals; another file or pattern needs another monitor. */
  configure(spec: MonitorSpec): void {
    const isOtherInterval = spec.pollSeconds !== this.spec.pollSeconds
    this.spec = spec
    if (isOtherInterval) this.#looks.every(spec.pollSeconds)
    if (this.#judgeSize()) void this.#pending.deliver()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    const looked = this.#looks.stop()
    this.#reader?.quiet()
    this.#limit.stop()
    await looked
    await this.#reader?.close()
  }

  /** Says in siLogLastError and by siLogMonitorProblem that lines may have gone unseen. */
  report(sentence: string): void {
    this.#complain(sentence)
    this.#options.events.problem(this, sentence)
  }

  /**
   * The size that rotation saw. Without it, whether a log that is rotated at siLogMaxSize is ever seen above it would
   * depend on which of two timers is first.
   */
  measured(octets: number): void {
    this.isSizeKnown = true
    this.sizeOctets = octets
    if (this.#judgeSize()) void this.#pending.deliver()
  }

  /** siLogResetMatches. */
  resetMatches(): void {
    this.matches = 0
    void this.#commit()
  }

  /** Looks now; when it looks already, once more after that. Never rejects. */
  poll(): Promise<void> {
    return this.#looks.now()
  }

  async #look(): Promise<void> {
    const { clock, log } = this.#options
    try {
      const result = (await this.#reader?.read()) ?? (await this.#size.measure(this.sizeOctets))
      this.lastPollMs = clock.now()
      this.rotations = (this.rotations + result.rotations) % 0x1_0000_0000
      const { filesLost } = result
      const { condition } = result
      const isWide = condition === 'badEncoding'
      this.isSizeKnown = condition === 'ok' || isWide
      this.sizeOctets = result.sizeOctets
      if (!this.#isInvalid && !this.#reader?.hasOffences)
        this.#setOperState(
          condition,
          result.reason ?? `${this.spec.fileName} ${conditionWords[condition]}`,
          isWide || condition === 'refused',
        )
      if (filesLost > 0) this.#lose(filesLost)
      this.#judgeSize()
      // A row that is polled only when asked to still reads to the end then.
      if (result.hasMore || (result.isBehind && this.spec.pollSeconds > 0)) this.#looks.soon()
      await this.#pending.deliver()
    } catch (error) {
      if (this.#isStopped) return
      log.error('a log file could not be looked at', { file: this.spec.fileName, error })
      this.#complain(`${this.spec.fileName} could not be looked at: ${messageOf(error)}`)
    }
  }

  #readerOf(spec: MonitorSpec): PatternReader {
    const { clock, patterns } = this.#options
    const reader = new PatternReader(
      spec,
      {
        clock,
        patterns,
        isWatched: () => this.spec.pollSeconds > 0,
        written: () => this.#looks.soon(),
        matched: (line) => this.#matched(line),
        offended: () => this.#offended(reader),
        forgiven: () => void this.poll(), // so that the row shows it
        retried: () => {
          this.#setOperState('badRegExp', `the pattern is tried on ${spec.fileName} again`)
          void this.poll()
        },
      },
      this.#followerState,
    )
    return reader
  }

  #matched(line: string): void {
    const { matchTrap, matchCommand } = this.spec
    this.matches = (this.matches + 1) % 0x1_0000_0000 // a Counter32
    this.lastMatch = truncateUtf8(line, maxShownOctets)
    this.lastMatchMs = this.#options.clock.now()
    const isToBeSent = matchTrap && this.#limit.admits()
    if (!isToBeSent && matchCommand === '') return
    const cut = truncateUtf8(line, maxEventOctets)
    this.#pending.addMatch({ kind: 'match', line: cut, matches: this.matches, isToBeSent })
  }

  #lose(files: number): void {
    this.filesLost = (this.filesLost + files) % 0x1_0000_0000
    const what = files === 1 ? 'a rotated file of' : `${files} rotated files of`
    const sentence = `${what} ${this.spec.fileName} went, compressed or deleted, before all of it was read; lines may have gone unseen`
    this.report(sentence)
  }

  #offended(reader: PatternReader): void {
    const what = `the pattern took too long on a line of ${this.spec.fileName}`
    if (!reader.isGivenUp) this.#setOperState('badRegExp', what, true)
    else {
      const next = `it is tried again after ${reader.retryHours} h, at the end of the file`
      this.#setOperState('disabled', `${what} for the third time; ${next}`, true)
    }
  }

  /** Once a crossing, with no state between. */
  #judgeSize(): boolean {
    const { maxSizeOctets } = this.spec
    if (!this.isSizeKnown) return false
    const isAbove = maxSizeOctets > 0 && this.sizeOctets > maxSizeOctets
    if (isAbove === this.isAbove) return false
    this.isAbove = isAbove
    this.#pending.add({ kind: isAbove ? 'exceeded' : 'cleared', sizeOctets: this.sizeOctets })
    return true
  }

  async #commit(): Promise<void> {
    try {
      await this.#options.commit(this)
    } catch (error) {
      // On a full disk, say: an alarm that may come twice is better than none.
      this.#complain(`the state of ${this.spec.fileName} could not be kept: ${messageOf(error)}`)
    }
  }

  #command(event: MonitorEvent): void {
    const { matchCommand, maxSizeCommand, fileName: FILE, descr: DESCR } = this.spec
    const words = { FILE, DESCR, MATCHES: String(this.matches), SIZE: String(this.sizeOctets) }
    if (event.kind === 'match' && matchCommand !== '')
      this.#runner.run(matchCommand, { ...words, LINE: event.line, MATCHES: String(event.matches), REASON: 'match' })
    if (event.kind === 'exceeded' && maxSizeCommand !== '')
      this.#runner.run(maxSizeCommand, { ...words, LINE: '', SIZE: String(event.sizeOctets), REASON: 'size' })
  }

  /** A row that is well again says so by its state; one that is not, by a notification as well. */
  #setOperState(state: OperState, sentence: string, isNotified = false): void {
    const before = this.operState
    if (before === state) return
    this.operState = state
    if (state === 'ok') {
      this.lastError = ''
      return
    }
    this.#complain(sentence)
    if (isNotified || before === 'ok') this.#options.events.problem(this, sentence)
  }

  #complain(sentence: string): void {
    this.lastError = truncateUtf8(sentence, maxErrorOctets)
    this.#options.log.warn('a watched log file has a problem', { index: this.spec.index, what: this.lastError })
  }
}
