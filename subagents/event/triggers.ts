/** The triggers of all active rows: each is sampled when it is due, remembers its alarms, and invokes events. */
import type { Log } from '../../lib/log/log.ts'
import type { LocalAgent } from '../../lib/mib/local-agent.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { type Context, Events } from './firing.ts'
import type { Memory } from './memory.ts'
import { Pace } from './pace.ts'
import type { Resources } from './resources.ts'
import { isSampled, keyOf, type TriggerIndex, type TriggerRow } from './rows.ts'
import type { Recorder } from './samples/recorder.ts'
import { Trigger, type TriggerOptions } from './trigger.ts'

export interface TriggersOptions extends Pick<TriggerOptions, 'upTimeTicks' | 'failed' | 'changed'> {
  readonly agent: LocalAgent
  readonly clock: Clock
  readonly log: Log
  readonly context: Context
  readonly resources: Resources
  readonly memory: Memory
  /** Keeps what is sampled. */
  readonly recorder: Recorder | undefined
  readonly onSlice: ((tookMs: number) => void) | undefined
}

export class Triggers {
  readonly #options: TriggersOptions
  readonly #pace: Pace
  readonly #events: Events
  readonly #triggers = new Map<string, Trigger>()

  constructor(options: TriggersOptions) {
    const { agent, clock, log, context, onSlice } = options
    this.#options = options
    this.#pace = new Pace({ clock, log, onSlice })
    this.#events = new Events({ agent, context })
  }

  /** mteEventFailures. */
  get eventFailures(): number {
    return this.#events.failures
  }

  find(row: TriggerIndex): Trigger | undefined {
    return this.#triggers.get(keyOf(row))
  }

  /** Takes a row as it is now. It is sampled after `firstMs` for the first time, if it was not sampled before. */
  configure(row: TriggerRow, firstMs = 0): void {
    const present = this.find(row)
    const isOn = isSampled(row)
    if (present?.isFor(row)) {
      if (isOn === isSampled(present.row)) return
      present.resume(row)
      if (isOn) this.#pace.add(present, firstMs)
      else this.#pace.remove(present)
      return
    }
    this.#end(keyOf(row))
    if (row.mteTriggerEntryStatus !== 'active') return
    const trigger = this.#triggerOf(row)
    this.#triggers.set(keyOf(row), trigger)
    if (isOn) this.#pace.add(trigger, firstMs)
  }

  /** Ends the trigger of a row that goes, and forgets its alarms. */
  remove(row: TriggerRow): void {
    this.#end(keyOf(row))
    this.#options.memory.drop(row)
  }

  /** Resolves when its alarms are durable, or could not be written. */
  async stop(): Promise<void> {
    this.#pace.stop()
    for (const key of [...this.#triggers.keys()]) this.#end(key)
    await this.#options.memory.stop()
    await this.#options.recorder?.stop()
  }

  #triggerOf(row: TriggerRow): Trigger {
    const { agent, clock, log, resources, memory, recorder, upTimeTicks, failed, changed } = this.#options
    const sampled: TriggerOptions['sampled'] =
      recorder && ((trigger, instance, sample) => recorder.take(trigger.row, instance, sample))
    return new Trigger(row, {
      agent,
      events: this.#events,
      resources,
      memory,
      clock,
      log,
      upTimeTicks,
      failed,
      changed,
      ...(sampled ? { sampled } : {}),
    })
  }

  #end(key: string): void {
    const trigger = this.#triggers.get(key)
    if (!trigger) return
    this.#pace.remove(trigger)
    this.#triggers.delete(key)
    trigger.stop()
  }
}
