/** One trigger's life: it samples, keeps the state of each instance, and invokes events for what fires. */
import { isDeepStrictEqual } from 'node:util'
import type { Log } from '../../lib/log/log.ts'
import type { LocalAgent, LocalFailure } from '../../lib/mib/local-agent.ts'
import type { Oid } from '../../lib/smi/oid.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { type Fired, type InstanceSample, type InstanceState, step, type TriggerTests } from './conditions/step.ts'
import type { Events, FailureReason } from './firing.ts'
import { type Instance, newInstance } from './instance.ts'
import type { Memory } from './memory.ts'
import type { Paced } from './pace.ts'
import type { Resources } from './resources.ts'
import { eventOf, nameOf, namesDiscontinuity, requesterOf, type TriggerRow, testsOf } from './rows.ts'
import { type Reading, scan, type Target } from './sampler.ts'
import { Turns } from './turns.ts'

export interface TriggerOptions {
  readonly agent: LocalAgent
  readonly events: Events
  readonly resources: Resources
  readonly memory: Memory
  readonly clock: Clock
  readonly log: Log
  upTimeTicks(): number
  /** A failed attempt to check the condition: counts for mteTriggerFailures. */
  failed(): void
  /** An instance comes, or goes. */
  changed(trigger: Trigger, instance: Instance, event: 'came' | 'went'): void
  /** Each sample that was taken, before its tests. */
  sampled?(trigger: Trigger, instance: Instance, sample: InstanceSample): void
}

export class Trigger implements Paced {
  readonly #options: TriggerOptions
  /** By what follows mteTriggerValueID; the empty text where that is not wildcarded. */
  readonly #instances = new Map<string, Instance>()
  #row: TriggerRow
  #tests: TriggerTests
  #target: Target
  #scans = 0
  #isScanning = false
  #isStopped = false
  /** Until a sample went well: instances are found to be there or not, rather than to have come. */
  #isFirst = true
  /** The reason that was notified last, until a sample is good again. */
  #notified: FailureReason | undefined
  failures = 0
  #sampleError = ''
  #eventError = ''

  constructor(row: TriggerRow, options: TriggerOptions) {
    this.#options = options
    this.#row = row
    this.#tests = testsOf(row)
    this.#target = targetOf(row)
  }

  get row(): TriggerRow {
    return this.#row
  }

  get tests(): TriggerTests {
    return this.#tests
  }

  get periodMs(): number {
    return this.#row.mteTriggerFrequency * 1000
  }

  /** Why the last sample or the last event came to nothing; empty when both went well. */
  get lastError(): string {
    return this.#sampleError || this.#eventError
  }

  get instanceCount(): number {
    return this.#instances.size
  }

  /** The instance of this object. */
  find(oid: Oid): Instance | undefined {
    return this.#instances.get(oid.slice(this.#target.oid.length).join('.'))
  }

  /** Whether the row asks for just what this trigger does, but for mteTriggerEnabled. */
  isFor(row: TriggerRow): boolean {
    const { mteTriggerEnabled } = this.#row
    return isDeepStrictEqual({ ...row, mteTriggerEnabled }, this.#row)
  }

  /** Sampled again after a while: differences start again, alarms stay as they are. */
  resume(row: TriggerRow): void {
    this.#row = row
    for (const instance of this.#instances.values()) {
      if (instance.state) instance.state = { ...instance.state, last: undefined, sampled: undefined }
    }
  }

  /** Its instances go; what is on its way comes to nothing. */
  stop(): void {
    this.#isStopped = true
    for (const [key, instance] of this.#instances) this.#forget(key, instance)
  }

  run(): void {
    if (this.#isScanning) {
      this.#fail('sampleOverrun', this.#target.oid, 'the sample before has not come to its end')
      return
    }
    this.#isScanning = true
    void this.#scan()
  }

  async #scan(): Promise<void> {
    const { agent, upTimeTicks, log } = this.#options
    const number = ++this.#scans
    const failuresBefore = this.failures
    let isWhole = true
    try {
      const failure = await scan(this.#target, {
        agent,
        upTimeTicks,
        found: (reading) => {
          if (this.#isStopped) return false
          const taken = this.#take(reading, number)
          if (taken === 'badType') isWhole = false
          return typeof taken === 'string' ? taken === 'taken' : taken.then(() => !this.#isStopped)
        },
      })
      if (this.#isStopped) return
      if (failure) this.#missed(failure)
      else if (isWhole && this.#target.isWildcard) await this.#sweep(number)
    } catch (error) {
      log.error('bug while sampling for a trigger', { trigger: nameOf(this.#row), error })
      this.#fail('genErr', this.#target.oid, 'the agent could not sample it; its log says why')
    } finally {
      this.#isScanning = false
    }
    this.#isFirst &&= this.failures > failuresBefore
    if (this.failures > failuresBefore) return
    this.#sampleError = ''
    this.#notified = undefined
  }

  /** One instance found; a promise when something fired, which is over when its events are. */
  #take({ oid, instance: suffix, sample }: Reading, number: number): 'taken' | 'badType' | Promise<void> {
    const key = suffix.length === 1 ? String(suffix[0]) : suffix.join('.')
    const instance = this.#instances.get(key) ?? this.#welcome(key, oid, suffix)
    if (!instance) return 'taken'
    instance.scan = number
    if (typeof sample === 'object' && 'status' in sample) {
      instance.error = sample.sentence
      this.#fail(sample.status, oid, sample.sentence)
      return 'taken'
    }
    this.#options.sampled?.(this, instance, sample)
    const before = instance.state
    const { state, fired, isBadType } = step(this.#tests, before, sample)
    instance.state = state
    this.#options.memory.put(this.#row, key, before, state)
    instance.isAbsent = sample === 'absent'
    instance.sampledMs = this.#options.clock.now()
    instance.error = isBadType ? `${this.#options.agent.format(oid)} has no value that its tests could use` : ''
    if (isBadType) this.#fail('badType', oid, instance.error)
    if (fired.some((one) => this.#invokes(one))) return this.#fire(instance, fired, before, state)
    return isBadType ? 'badType' : 'taken'
  }

  /** Room for an instance that was not there before; none when there are too many. */
  #welcome(key: string, oid: Oid, suffix: Oid): Instance | undefined {
    const { resources, agent, changed } = this.#options
    if (!resources.take()) {
      const sentence = `there is no room to sample ${agent.format(oid)}: mteResourceSampleInstanceMaximum is reached`
      this.#fail('localResourceLack', oid, sentence)
      return undefined
    }
    // What fills a wildcard later than at the first sample was absent until then.
    const hasAppeared = this.#target.isWildcard && !this.#isFirst && this.#tests.existence !== undefined
    const known = this.#options.memory.recall(this.#row, key)
    const existence = { isPresent: false } as const
    const state = hasAppeared || known ? { ...(hasAppeared ? { existence } : {}), ...known } : undefined
    const instance = newInstance(oid, suffix, state)
    this.#instances.set(key, instance)
    changed(this, instance, 'came')
    return instance
  }

  /** Thresholds that nobody has set fire too, but have no event. */
  #invokes(fired: Fired): boolean {
    return eventOf(this.#row, fired).name !== ''
  }

  async #fire(
    instance: Instance,
    fired: readonly Fired[],
    before: InstanceState | undefined,
    after: InstanceState,
  ): Promise<void> {
    for (const one of fired) {
      if (!this.#invokes(one)) continue
      instance.fired = (instance.fired + 1) >>> 0
      instance.lastFired = one
      instance.lastFiredMs = this.#options.clock.now()
      const { oid, instance: suffix } = instance
      const failure = await this.#options.events.fire(this.#row, { fired: one, before, after, oid, instance: suffix })
      this.#eventError = failure ?? ''
    }
  }

  /** Instances that a whole scan did not find are gone. */
  async #sweep(number: number): Promise<void> {
    const turns = new Turns()
    for (const [key, instance] of [...this.#instances]) {
      if (this.#isStopped) return
      if (turns.areDue) await turns.give()
      if (instance.scan === number) continue
      this.#options.sampled?.(this, instance, 'absent')
      const before = instance.state
      const { state, fired } = step(this.#tests, before, 'absent')
      instance.state = state
      this.#options.memory.put(this.#row, key, before, state)
      if (fired.some((one) => this.#invokes(one))) await this.#fire(instance, fired, before, state)
      this.#forget(key, instance)
    }
  }

  #forget(key: string, instance: Instance): void {
    if (!this.#instances.delete(key)) return
    this.#options.resources.give()
    this.#options.changed(this, instance, 'went')
  }

  #missed({ status, sentence }: LocalFailure): void {
    if (!this.#target.isWildcard) {
      const instance = this.#instances.get('')
      if (instance) instance.error = sentence
    }
    this.#fail(status, this.#target.oid, sentence)
  }

  #fail(reason: FailureReason, oid: Oid, sentence: string): void {
    const { events, failed, log } = this.#options
    this.failures = (this.failures + 1) >>> 0
    this.#sampleError = sentence
    failed()
    // Once for each reason until all is well again: the notification "can easily crowd out more important information".
    if (this.#notified === reason) return
    this.#notified = reason
    log.warn('a trigger could not be checked', { trigger: nameOf(this.#row), reason, error: sentence })
    events.notifyFailure(this.#row, oid, reason, sentence)
  }
}

function targetOf(row: TriggerRow): Target {
  const { mteTriggerDeltaDiscontinuityID: oid, mteTriggerDeltaDiscontinuityIDWildcard: isWildcard = false } = row
  return {
    oid: row.mteTriggerValueID,
    isWildcard: row.mteTriggerValueIDWildcard,
    discontinuity: oid && namesDiscontinuity(row) ? { oid, isWildcard } : undefined,
    as: requesterOf(row),
  }
}
