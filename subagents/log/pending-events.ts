/** Events of a monitor that are still to be delivered. Each is durable before it is, so that a restart neither loses nor repeats it. */
import type { MatchEvent, MonitorEvent } from './monitor-state.ts'

export interface PendingEventsOptions {
  /** Makes them durable; never rejects. */
  commit(): Promise<void>
  deliver(event: MonitorEvent): void
}

export class PendingEvents {
  readonly #options: PendingEventsOptions
  readonly #events: MonitorEvent[]

  /** `kept`: what a former process had not delivered. */
  constructor(options: PendingEventsOptions, kept: readonly MonitorEvent[] = []) {
    this.#options = options
    this.#events = [...kept]
  }

  get all(): readonly MonitorEvent[] {
    return this.#events
  }

  add(event: MonitorEvent): void {
    this.#events.push(event)
  }

  /** A command is run for the last of many lines; only what is sent by itself is kept by itself. */
  addMatch(event: MatchEvent): void {
    const last = this.#events.at(-1)
    if (!event.isToBeSent && last?.kind === 'match' && !last.isToBeSent) this.#events.pop()
    this.#events.push(event)
  }

  async deliver(): Promise<void> {
    await this.#options.commit()
    if (this.#events.length === 0) return
    for (const event of this.#events.splice(0)) this.#options.deliver(event)
    void this.#options.commit()
  }
}
