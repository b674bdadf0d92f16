/** Raises an alarm when the last good backup, or the last good drill, is older than somebody wants it to be. */
import type { Clock, Timer } from '../../lib/time/clock.ts'
import type { AlarmName } from './notifications.ts'

export interface AgesOptions {
  readonly clock: Clock
  /** Days; 0 is never too old. */
  maxAgeDays(what: 'backup' | 'drill'): number
  /** Of the last that went well; undefined where none did. */
  lastMs(what: 'backup' | 'drill'): number | undefined
  raise(alarm: AlarmName, text: string): void
  clear(alarm: AlarmName): void
}

const hourMs = 3_600_000
const dayMs = 86_400_000
const alarms = { backup: 'backupTooOld', drill: 'drillTooOld' } as const

export class Ages {
  readonly #options: AgesOptions
  readonly #timer: Timer
  /** Where none ever went well, the age is counted from here. */
  readonly #startedMs: number

  constructor(options: AgesOptions) {
    this.#options = options
    this.#startedMs = options.clock.now()
    this.#timer = options.clock.every(hourMs, () => this.look())
  }

  stop(): void {
    this.#timer.cancel()
  }

  look(): void {
    for (const what of ['backup', 'drill'] as const) this.#lookAt(what)
  }

  #lookAt(what: 'backup' | 'drill'): void {
    const { clock, maxAgeDays, lastMs, raise, clear } = this.#options
    const days = maxAgeDays(what)
    const last = lastMs(what)
    if (days === 0 || clock.now() - (last ?? this.#startedMs) <= days * dayMs) return clear(alarms[what])
    const when = last === undefined ? 'none succeeded yet' : `the last one ended at ${new Date(last).toISOString()}`
    const remedy =
      what === 'backup' ? 'run one, and look at the schedules' : 'run one with: utils disaster_recovery drill'
    raise(alarms[what], `no ${what} succeeded for more than ${days} days: ${when}; ${remedy}`)
  }
}
