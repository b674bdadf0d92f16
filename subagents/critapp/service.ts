/** From running to serving: a process that was found is taken up, and its health watched for as long as it lives. */
import { RateLimit } from '../../lib/bounds/rate-limit.ts'
import type { Context, KnownProcess } from './context.ts'
import { type HealthFailure, quoted } from './health.ts'
import { HealthMonitor } from './monitor.ts'
import type { Entry } from './process.ts'

export interface ServiceEvents {
  /** It runs and does not serve, and is to be stopped. */
  unhealthy(entry: Entry): void
}

export class Service {
  readonly #context: Context
  readonly #events: ServiceEvents
  /** What is missing is missing at every check. */
  readonly #unasked: RateLimit

  constructor(context: Context, events: ServiceEvents) {
    this.#context = context
    this.#unasked = new RateLimit(context.options.clock, 3, 1 / 60)
    this.#events = events
  }

  /** The process is there; it is up when it serves, where that is checked. */
  takeUp(entry: Entry, known: KnownProcess, event: 'ready' | 'found', sentence: string): void {
    const { clock, events } = this.#context.options
    const { identity, aliveMs } = known
    this.#context.know(entry, known)
    Object.assign(entry.shown, {
      pid: identity.pid,
      count: Math.max(1, entry.shown.count),
      startedMonotonicMs: clock.monotonicMs() - aliveMs,
      lastStart: new Date(clock.now() - aliveMs),
    })
    if (event === 'found') this.#context.move(entry, event)
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
    const { events, log } = this.#context.options
    entry.shown.isUp = true
    this.#context.complain(entry, '')
    this.#context.move(entry, 'ready')
    log.notice('a process is up', { name: entry.shown.spec.name, sentence })
    events.started(entry.shown, sentence)
  }

  #monitor(entry: Entry, hasServed: boolean, sentence: string): void {
    const { clock, check, events, log } = this.#context.options
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
            this.#context.complain(entry, '')
            events.changed(shown)
          }
        },
        fails: ({ reason, said }, times) => {
          shown.health = 'failing'
          this.#context.complain(entry, `${name}: health check failed (${times} of ${spec.failures}): ${reason}`, said)
          log.warn('a health check failed', { name, times, reason: `${reason}${quoted(said)}` })
          events.changed(shown)
        },
        cannotTell: (reason) => {
          const held = this.#unasked.take()
          if (held !== undefined)
            log.warn('a health check could not be made', { name, reason, more: held || undefined })
        },
        unhealthy: (failure) => this.#unhealthy(entry, failure),
      },
    })
  }

  #unhealthy(entry: Entry, failure: HealthFailure): void {
    const { shown } = entry
    const { reason, said } = failure
    entry.failureReason = failure
    shown.isUp = false
    shown.health = 'failing'
    this.#context.complain(entry, `${shown.spec.name} is stopped: ${reason}`, said)
    const { log } = this.#context.options
    log.error('a process does not serve and is stopped', {
      name: shown.spec.name,
      reason: `${reason}${quoted(said)}`,
    })
    this.#context.move(entry, 'unhealthy')
    this.#events.unhealthy(entry)
  }
}
