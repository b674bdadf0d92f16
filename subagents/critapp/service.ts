/** From running to serving: a process that was found is taken up, and its health watched for as long as it lives. */
import { ageMs, type ProcessIdentity } from '../../lib/proc/process.ts'
import { HealthMonitor } from './monitor.ts'
import type { Entry } from './process.ts'
import type { Surroundings } from './surroundings.ts'

export interface ServiceEvents {
  /** It runs and does not serve, and is to be stopped. */
  sick(entry: Entry): void
}

export class Service {
  readonly #surroundings: Surroundings
  readonly #events: ServiceEvents

  constructor(surroundings: Surroundings, events: ServiceEvents) {
    this.#surroundings = surroundings
    this.#events = events
  }

  /** The process is there; it is up when it serves, where that is checked. */
  takeUp(entry: Entry, identity: ProcessIdentity, event: 'ready' | 'found', sentence: string): void {
    const { clock, events } = this.#surroundings.options
    this.#surroundings.know(entry, identity)
    const aliveMs = ageMs(identity)
    Object.assign(entry.shown, {
      pid: identity.pid,
      count: Math.max(1, entry.shown.count),
      startedMonotonicMs: clock.monotonicMs() - aliveMs,
      lastStart: new Date(clock.now() - aliveMs),
    })
    if (event === 'found') this.#surroundings.move(entry, event)
    if (entry.shown.spec.health.kind === 'none') this.#serves(entry, sentence)
    else {
      events.changed(entry.shown)
      this.#monitor(entry, false, sentence)
    }
  }

  /** The check was changed while the process runs; what was up stays up until the new one says otherwise. */
  checkAnew(entry: Entry): void {
    const { shown } = entry
    entry.monitor?.stop()
    shown.health = 'unknown'
    const sentence = `${shown.spec.name} runs as PID ${shown.pid}`
    if (shown.spec.health.kind !== 'none') this.#monitor(entry, shown.isUp, sentence)
    else if (!shown.isUp) this.#serves(entry, sentence)
  }

  #serves(entry: Entry, sentence: string): void {
    const { events, log } = this.#surroundings.options
    Object.assign(entry.shown, { isUp: true, lastError: '' })
    this.#surroundings.move(entry, 'ready')
    log.notice('a process is up', { name: entry.shown.spec.name, sentence })
    events.started(entry.shown, sentence)
  }

  #monitor(entry: Entry, hasServed: boolean, sentence: string): void {
    const { clock, check, events, log } = this.#surroundings.options
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
          this.#surroundings.complain(entry, `${name}: health check failed (${times} of ${spec.failures}): ${reason}`)
          log.warn('a health check failed', { name, times, reason })
          events.changed(shown)
        },
        sick: (reason) => this.#sick(entry, reason),
      },
    })
  }

  #sick(entry: Entry, reason: string): void {
    const { shown } = entry
    entry.sickness = reason
    shown.isUp = false
    shown.health = 'failing'
    this.#surroundings.complain(entry, `${shown.spec.name} is stopped: ${reason}`)
    const { log } = this.#surroundings.options
    log.error('a process does not serve and is stopped', { name: shown.spec.name, reason })
    this.#surroundings.move(entry, 'sick')
    this.#events.sick(entry)
  }
}
