/** Times of sipd by the sysUpTime of the master that shows them. */
import type { ModuleHost } from '../../lib/mib/module.ts'
import type { Clock } from '../../lib/time/clock.ts'

/** What a master's time may seem to waver by, between its answers; more is another master. */
const otherMasterTicks = 100

export class MasterTime {
  readonly #clock: Clock
  readonly #startedMonotonicMs: number
  #host: ModuleHost | undefined
  #startedTicks: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#startedMonotonicMs = clock.monotonicMs()
  }

  follow(host: ModuleHost): void {
    this.#host = host
  }

  /** A time of the wall clock as the master's sysUpTime was then; 0 for what was before the master. */
  stamp(atMs: number | undefined): number {
    if (atMs === undefined || !this.#host) return 0
    return Math.max(0, this.#host.upTimeTicks() - Math.floor((this.#clock.now() - atMs) / 10))
  }

  /**
   * When sipd started; 0 for what was before the master. It stays what it is while that master runs: as a discontinuity
   * indicator (RFC 4780, ...DisconTime) another value would void every difference.
   */
  get startedTicks(): number {
    const upTimeTicks = this.#host?.upTimeTicks() ?? 0
    if (upTimeTicks === 0) return 0 // no master has said its time yet
    const ticks = upTimeTicks - Math.floor((this.#clock.monotonicMs() - this.#startedMonotonicMs) / 10)
    if (this.#startedTicks === undefined || Math.abs(ticks - this.#startedTicks) > otherMasterTicks)
      this.#startedTicks = ticks
    return Math.max(0, this.#startedTicks)
  }
}
