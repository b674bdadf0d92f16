/** Reads the lines of one log file for a pattern, and gives up one that takes too long, to try it again later. */
import { FileWatch } from '../../lib/follow/file-watch.ts'
import { Follower } from '../../lib/follow/follower.ts'
import type { FollowerState, PollResult } from '../../lib/follow/follower-result.ts'
import { Offences } from '../../lib/follow/offences.ts'
import type { Patterns } from '../../lib/follow/patterns.ts'
import type { Clock } from '../../lib/time/clock.ts'
import type { MonitorSpec } from './monitor-state.ts'

export interface PatternReaderOptions {
  readonly clock: Clock
  readonly patterns: Pick<Patterns, 'match'>
  /** Whether to watch the file, so that it is read again as soon as it is written. */
  isWatched(): boolean
  written(): void
  matched(line: string): void
  /** The pattern took too long on a line. */
  offended(): void
  /** Nothing counts against the pattern any more. */
  forgiven(): void
  /** A pattern that was given up may be tried again, from the end of the file on. */
  retried(): void
}

export class PatternReader {
  readonly #spec: MonitorSpec
  readonly #options: PatternReaderOptions
  readonly #offences: Offences
  readonly #watch: FileWatch
  #follower: Follower
  /** The follower begins again, at the end of the file, before it is read next. */
  #isRenewed = false

  constructor(spec: MonitorSpec, options: PatternReaderOptions, state: FollowerState | undefined) {
    const { clock } = options
    this.#spec = spec
    this.#options = options
    this.#follower = new Follower({ path: spec.fileName, clock, startAt: spec.seed, ...(state ? { state } : {}) })
    this.#watch = new FileWatch(() => options.written())
    this.#offences = new Offences({
      clock,
      forgiven: () => options.forgiven(),
      retried: () => {
        this.#isRenewed = true
        options.retried()
      },
    })
  }

  /** Nothing is kept of where a pattern stood that was given up. */
  get state(): FollowerState | undefined {
    return this.isGivenUp ? undefined : this.#follower.state
  }

  /** Octets that are examined, and those just before. */
  get position(): { readonly offset: number; readonly tail: Uint8Array } {
    return this.#follower.position
  }

  get isGivenUp(): boolean {
    return this.#offences.isGivenUp
  }

  /** Whether the pattern took too long lately. */
  get hasOffences(): boolean {
    return this.#offences.areThere
  }

  /** When a pattern that is given up is tried again. */
  get retryHours(): number {
    return this.#offences.retryHours
  }

  /** Undefined while the pattern is given up. */
  async read(): Promise<PollResult | undefined> {
    await this.#renew()
    if (this.isGivenUp) return undefined
    const { regExp: source, matchStart: start, matchStop: stop } = this.#spec
    return this.#follower.poll(
      async (lines) => {
        const { matches, offending } = await this.#options.patterns.match({ source, start, stop }, lines)
        return () => {
          for (const at of matches) this.#options.matched(lines[at] ?? '')
          for (const _ of offending) {
            this.#offences.add()
            this.#options.offended()
          }
        }
      },
      () => this.#watchFile(), // before reading: what is written after the last read wakes us
    )
  }

  /** What is written wakes nobody, and no pattern is tried again. */
  quiet(): void {
    this.#offences.stop()
    this.#watch.end()
  }

  close(): Promise<void> {
    return this.#follower.close()
  }

  #watchFile(): void {
    const { liveDescriptor } = this.#follower
    if (liveDescriptor !== undefined && this.#options.isWatched()) this.#watch.begin(liveDescriptor)
  }

  /** A pattern that was given up holds no file open, and does not go through what was written meanwhile. */
  async #renew(): Promise<void> {
    if (this.isGivenUp || this.#isRenewed) await this.#follower.close()
    if (!this.#isRenewed) return
    this.#isRenewed = false
    this.#follower = new Follower({ path: this.#spec.fileName, clock: this.#options.clock })
  }
}
