/** Watches one log file: its size against a threshold, and its lines against a pattern. Knows nothing of SNMP. */

import { messageOf } from '../../lib/errors.ts'
import { FileWatch } from '../../lib/follow/file-watch.ts'
import { Follower } from '../../lib/follow/follower.ts'
import {
  conditionOf,
  conditionWords,
  type FileCondition,
  type FollowerState,
  type PollResult,
} from '../../lib/follow/follower-result.ts'
import { measureLog } from '../../lib/follow/log-place.ts'
import { Offences } from '../../lib/follow/offences.ts'
import { type Patterns, patternError } from '../../lib/follow/patterns.ts'
import type { Log } from '../../lib/log/log.ts'
import type { Launcher } from '../../lib/program/launcher.ts'
import { truncateUtf8 } from '../../lib/text/text.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import type { MonitorEvent, MonitorSpec, MonitorState } from './monitor-state.ts'
import { Runner } from './runner.ts'
import { MatchStorm } from './storm.ts'

export type OperState = FileCondition | 'badRegExp' | 'disabled'

export interface MonitorEvents {
  told(monitor: Monitor, event: MonitorEvent): void
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

/** A file that is written to is read so often; one that is quiet, so soon after it was written to. */
const busyMs = 300
const wakeMs = 50
/** siLogLastMatch holds so many octets; a command is told more. */
const maxShownOctets = 1024
const maxToldOctets = 8192
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
  #crowd: string | undefined
  commandResult = -1
  readonly #options: MonitorOptions
  readonly #storm: MatchStorm
  readonly #runner: Runner
  readonly #offences: Offences
  readonly #watch = new FileWatch(() => {
    if (!this.#isStopped) this.#wake()
  })
  #follower: Follower | undefined
  #followerState: FollowerState | undefined
  #untold: MonitorEvent[]
  /** The follower begins again, at the end of the file, before it is read next. */
  #isRenewed = false
  #isInvalid = false
  #seenInode: number | undefined
  #pollTimer: Timer | undefined
  #wakeTimer: Timer | undefined
  #polling: Promise<void> = Promise.resolve()
  #isQueued = false
  #polledAtMs = Number.NEGATIVE_INFINITY
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
    this.#untold = [...(kept?.untold ?? [])]
    this.#followerState = kept?.follower
    const { clock } = options
    this.#storm = new MatchStorm(
      {
        clock,
        limit: options.maxNotifications,
        summarize: (count) => {
          this.#untold.push({ kind: 'summary', count, line: this.lastMatch, matches: this.matches })
          void this.#tell()
        },
      },
      kept?.summarized,
    )
    this.#offences = new Offences({
      clock,
      forgiven: () => void this.poll(), // so that the row shows it
      retried: () => {
        this.#isRenewed = true
        this.#setOperState('badRegExp', `the pattern is tried on ${this.spec.fileName} again`)
        void this.poll()
      },
    })
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
      summarized: this.#storm.summarized,
      lastMatch: this.lastMatch,
      lastMatchMs: this.lastMatchMs,
      follower: this.#offences.isGivenUp ? undefined : this.#follower ? this.#follower.state : this.#followerState,
      untold: this.#untold,
    }
  }

  /** Octets that are examined, and those just before. Without a pattern the whole file counts as examined. */
  get position(): { readonly offset: number; readonly tail: Uint8Array } {
    return this.#follower?.position ?? { offset: this.spec.regExp ? 0 : this.sizeOctets, tail: new Uint8Array(0) }
  }

  get summarized(): number {
    return this.#storm.summarized
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
      const { clock } = this.#options
      const state = this.#followerState
      this.#follower = new Follower({ path: spec.fileName, clock, startAt: spec.seed, ...(state ? { state } : {}) })
    }
    // Where a row without pattern stands is nowhere: one that it is given later begins at the end.
    this.#followerState = undefined
    this.#schedule()
    if (spec.pollSeconds > 0) void this.poll()
    else if (this.#untold.length > 0) void this.#tell()
  }

  /** Other thresholds, commands and intervals; another file or pattern needs another monitor. */
  configure(spec: MonitorSpec): void {
    const isOtherInterval = spec.pollSeconds !== this.spec.pollSeconds
    this.spec = spec
    if (isOtherInterval) this.#schedule()
    if (this.#judgeSize()) void this.#tell()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#pollTimer?.cancel()
    this.#wakeTimer?.cancel()
    this.#offences.stop()
    this.#watch.end()
    this.#storm.stop()
    await this.#polling
    await this.#follower?.close()
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
    if (this.#judgeSize()) void this.#tell()
  }

  /** siLogResetMatches. */
  resetMatches(): void {
    this.matches = 0
    void this.#commit()
  }

  /** Looks now; when it looks already, once more after that. Never rejects. */
  poll(): Promise<void> {
    if (this.#isQueued) return this.#polling
    this.#isQueued = true
    this.#polling = this.#polling.then(() => {
      this.#isQueued = false
      return this.#isStopped ? undefined : this.#poll()
    })
    return this.#polling
  }

  async #poll(): Promise<void> {
    const { clock, log } = this.#options
    this.#polledAtMs = clock.monotonicMs()
    this.#wakeTimer?.cancel()
    this.#wakeTimer = undefined
    try {
      await this.#renew()
      const result =
        this.#follower && !this.#offences.isGivenUp ? await this.#read(this.#follower) : await this.#measure()
      this.lastPollMs = clock.now()
      this.rotations = (this.rotations + result.rotations) % 0x1_0000_0000
      const { filesLost } = result
      const { condition } = result
      const isWide = condition === 'badEncoding'
      this.isSizeKnown = condition === 'ok' || isWide
      this.sizeOctets = result.sizeOctets
      if (!this.#isInvalid && !this.#offences.areThere)
        this.#setOperState(
          condition,
          result.reason ?? `${this.spec.fileName} ${conditionWords[condition]}`,
          isWide || condition === 'refused',
        )
      if (filesLost > 0) this.#lose(filesLost)
      if (result.crowd !== undefined && result.crowd !== this.#crowd)
        this.report(`${result.crowd}; rotated files are not looked for until most of them are removed`)
      this.#crowd = result.crowd
      this.#judgeSize()
      // A row that is polled only when asked to still reads to the end then.
      if (result.hasMore || (result.isBehind && this.spec.pollSeconds > 0)) this.#wake()
      await this.#tell()
    } catch (error) {
      if (this.#isStopped) return
      log.error('a log file could not be looked at', { file: this.spec.fileName, error })
      this.#complain(`${this.spec.fileName} could not be looked at: ${messageOf(error)}`)
    }
  }

  #read(follower: Follower): Promise<PollResult> {
    // Before reading: what is written after the last read wakes us.
    const found = (): void => {
      if (this.spec.pollSeconds > 0 && follower.liveDescriptor !== undefined) this.#watch.begin(follower.liveDescriptor)
    }
    return follower.poll(async (lines) => {
      const { regExp: source, matchStart: start, matchStop: stop } = this.spec
      const { matches, offending } = await this.#options.patterns.match({ source, start, stop }, lines)
      return () => {
        for (const at of matches) this.#count(lines[at]!)
        for (const _ of offending) this.#offend()
      }
    }, found)
  }

  /** The size alone, where there is no pattern. */
  async #measure(): Promise<PollResult> {
    const unknown = { sizeOctets: 0, rotations: 0, filesLost: 0, isBehind: false, hasMore: false }
    try {
      const { ino, size } = await measureLog(this.spec.fileName)
      const isOther = this.#seenInode !== undefined && (ino !== this.#seenInode || size < this.sizeOctets)
      this.#seenInode = ino
      return { ...unknown, condition: 'ok', sizeOctets: size, rotations: isOther ? 1 : 0 }
    } catch (error) {
      return { ...unknown, ...conditionOf(error) }
    }
  }

  #count(line: string): void {
    const { matchTrap, matchCommand } = this.spec
    this.matches = (this.matches + 1) % 0x1_0000_0000 // a Counter32
    this.lastMatch = truncateUtf8(line, maxShownOctets)
    this.lastMatchMs = this.#options.clock.now()
    const isToBeSent = matchTrap && this.#storm.admits()
    if (!isToBeSent && matchCommand === '') return
    const last = this.#untold.at(-1)
    const told = truncateUtf8(line, maxToldOctets)
    // A command is told of the last of many lines; only what is sent by itself is kept by itself.
    if (!isToBeSent && last?.kind === 'match' && !last.isToBeSent) this.#untold.pop()
    this.#untold.push({ kind: 'match', line: told, matches: this.matches, isToBeSent })
  }

  #lose(files: number): void {
    this.filesLost = (this.filesLost + files) % 0x1_0000_0000
    const what = files === 1 ? 'a rotated file of' : `${files} rotated files of`
    const sentence = `${what} ${this.spec.fileName} went, compressed or deleted, before all of it was read; lines may have gone unseen`
    this.report(sentence)
  }

  #offend(): void {
    this.#offences.add()
    const what = `the pattern took too long on a line of ${this.spec.fileName}`
    if (!this.#offences.isGivenUp) this.#setOperState('badRegExp', what, true)
    else {
      const next = `it is tried again after ${this.#offences.retryHours} h, at the end of the file`
      this.#setOperState('disabled', `${what} for the third time; ${next}`, true)
    }
  }

  /** A pattern that was given up holds no file open, and does not go through what was written meanwhile. */
  async #renew(): Promise<void> {
    if (this.#offences.isGivenUp || this.#isRenewed) await this.#follower?.close()
    if (!this.#isRenewed) return
    this.#isRenewed = false
    this.#follower = new Follower({ path: this.spec.fileName, clock: this.#options.clock })
  }

  /** Once a crossing, with no state between. */
  #judgeSize(): boolean {
    const { maxSizeOctets } = this.spec
    if (!this.isSizeKnown) return false
    const isAbove = maxSizeOctets > 0 && this.sizeOctets > maxSizeOctets
    if (isAbove === this.isAbove) return false
    this.isAbove = isAbove
    this.#untold.push({ kind: isAbove ? 'exceeded' : 'cleared', sizeOctets: this.sizeOctets })
    return true
  }

  /** What is told is durable before, so that a restart neither loses it nor says it again. */
  async #tell(): Promise<void> {
    await this.#commit()
    if (this.#untold.length === 0) return
    for (const event of this.#untold.splice(0)) {
      this.#options.events.told(this, event)
      this.#command(event)
    }
    void this.#commit()
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

  /** A row that is well again says so by its state; one that is not, by an event as well. */
  #setOperState(state: OperState, sentence: string, isToBeTold = false): void {
    const before = this.operState
    if (before === state) return
    this.operState = state
    if (state === 'ok') {
      this.lastError = ''
      return
    }
    this.#complain(sentence)
    if (isToBeTold || before === 'ok') this.#options.events.problem(this, sentence)
  }

  #complain(sentence: string): void {
    this.lastError = truncateUtf8(sentence, maxErrorOctets)
    this.#options.log.warn('a watched log file has a problem', { index: this.spec.index, what: this.lastError })
  }

  #schedule(): void {
    this.#pollTimer?.cancel()
    const { pollSeconds } = this.spec
    if (pollSeconds > 0) this.#pollTimer = this.#options.clock.every(pollSeconds * 1000, () => void this.poll())
  }

  #wake(): void {
    const { clock } = this.#options
    const sincePollMs = clock.monotonicMs() - this.#polledAtMs
    this.#wakeTimer ??= clock.after(Math.max(wakeMs, busyMs - sincePollMs), () => void this.poll())
  }
}
