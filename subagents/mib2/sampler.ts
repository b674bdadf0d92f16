/** Takes samples on a clock of its own, one at a time, and knows how old the last one is. */
import type { Clock } from '../../lib/clock.ts'
import type { ModuleHost } from '../../lib/mib/module.ts'

export class Sampler {
  readonly name: string
  readonly everyMs: number
  readonly #take: (host: ModuleHost) => Promise<void>
  #clock: Clock | undefined
  #takenMs = 0
  #isTaking = false
  #isFailing = false

  constructor(name: string, everyMs: number, take: (host: ModuleHost) => Promise<void>) {
    this.name = name
    this.everyMs = everyMs
    this.#take = take
  }

  /** Milliseconds since the last sample that could be taken. */
  get ageMs(): number {
    return this.#clock ? this.#clock.monotonicMs() - this.#takenMs : 0
  }

  /** Takes the first sample before it resolves; the others follow until the host stops. */
  async start(host: ModuleHost): Promise<void> {
    this.#clock = host.clock
    await this.take(host)
    const timer = host.clock.every(this.everyMs, () => void this.take(host))
    host.signal.addEventListener('abort', () => timer.cancel(), { once: true })
  }

  /** Takes one now; while the last one is still being taken, there is none. Never throws. */
  async take(host: ModuleHost): Promise<void> {
    if (this.#isTaking || host.signal.aborted) return
    this.#isTaking = true
    try {
      await this.#take(host)
      this.#takenMs = host.clock.monotonicMs()
      if (this.#isFailing) host.log.info('a sample could be taken again', { sample: this.name })
      this.#isFailing = false
    } catch (error) {
      if (!this.#isFailing) {
        host.log.error('a sample could not be taken; its rows keep their last values', { sample: this.name, error })
      }
      this.#isFailing = true
    } finally {
      this.#isTaking = false
    }
  }
}
