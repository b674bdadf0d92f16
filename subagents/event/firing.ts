/** What an event does when a trigger invokes it: notifications with their objects, and sets (mteEventTable). */

import type { Notification } from '../../lib/mib/declare.ts'
import type { LocalAgent, LocalFailure } from '../../lib/mib/local-agent.ts'
import { varbindsOf } from '../../lib/mib/notification.ts'
import { compareOid, type Oid, zeroDotZero } from '../../lib/smi/oid.ts'
import { isException, type SnmpValue, type Varbind } from '../../lib/smi/value.ts'
import { integerOf, toInteger32 } from './conditions/integer.ts'
import type { Fired } from './conditions/step.ts'
import { mteEventSetFailure, mteTriggerFailure, mteTriggerFalling, mteTriggerFired, mteTriggerRising } from './mib.ts'
import {
  type EventRow,
  eventOf,
  nameOf,
  type ObjectsRow,
  objectGroupsOf,
  type Pointer,
  requesterOf,
  type TriggerRow,
} from './rows.ts'
import { type Firing, sentenceOf } from './sentence.ts'

/** The rows that a trigger may point to, as they are when it fires. */
export interface Context {
  event(pointer: Pointer): EventRow | undefined
  /** The rows of a group, by mteObjectsIndex. */
  objects(pointer: Pointer): Iterable<ObjectsRow>
}

export type FailureReason = LocalFailure['status'] | 'localResourceLack' | 'badType' | 'sampleOverrun'

/** Of one instance: where it was found, and what follows mteTriggerValueID where that is wildcarded. */
export interface FiredInstance extends Firing {
  readonly oid: Oid
  readonly instance: Oid
}

export interface EventsOptions {
  readonly agent: LocalAgent
  readonly context: Context
}

export class Events {
  readonly #options: EventsOptions
  /** mteEventFailures. */
  failures = 0

  constructor(options: EventsOptions) {
    this.#options = options
  }

  /** Invokes the event that belongs to what fired. Resolves to one sentence when that came to nothing. */
  async fire(row: TriggerRow, firing: FiredInstance): Promise<string | undefined> {
    const pointer = eventOf(row, firing.fired)
    const event = this.#options.context.event(pointer)
    if (event?.mteEventEntryStatus !== 'active') {
      this.#failed()
      return `there is no active event ${nameOf({ mteOwner: pointer.owner, mteTriggerName: pointer.name })}`
    }
    if (!event.mteEventEnabled) return undefined
    if (event.mteEventActions.has('notification')) await this.#notify(row, event, firing)
    return event.mteEventActions.has('set') ? this.#set(row, event, firing) : undefined
  }

  /** mteTriggerFailure. */
  notifyFailure(row: TriggerRow, oid: Oid, reason: FailureReason, sentence: string): void {
    this.#send(mteTriggerFailure, row, oid, { mteFailedReason: reason }, `trigger ${nameOf(row)} failed: ${sentence}`)
  }

  async #notify(row: TriggerRow, event: EventRow, firing: FiredInstance): Promise<void> {
    const { agent } = this.#options
    const { mteEventNotification = zeroDotZero } = event
    const objects = await this.#objects(row, event, firing)
    const { fired, oid } = firing
    const hot = { ...hotOf(row, oid), mteHotValue: hotValueOf(firing) }
    // 0.0: the one that RFC 2981 has for what fired.
    const standard = standardFor(fired)
    const trapOid = compareOid(mteEventNotification, zeroDotZero) === 0 ? standard.oid : mteEventNotification
    const varbinds = [...varbindsOf(standard, {}, hot), ...objects]
    const show = (value: SnmpValue): string => agent.formatValue(oid, value)
    agent.notify({ trapOid, varbinds }, sentenceOf(row, agent.format(oid), firing, show))
  }

  /** Trigger, test, event (mteObjectsIndex); what is not available is left out. */
  async #objects(row: TriggerRow, event: EventRow, { fired, instance }: FiredInstance): Promise<Varbind[]> {
    const { agent, context } = this.#options
    const names: Oid[] = []
    for (const group of objectGroupsOf(row, fired, event)) {
      if (group.name === '') continue
      for (const { mteObjectsID, mteObjectsIDWildcard, mteObjectsEntryStatus } of context.objects(group)) {
        if (mteObjectsEntryStatus !== 'active') continue
        names.push(mteObjectsIDWildcard ? [...mteObjectsID, ...instance] : mteObjectsID)
      }
    }
    const answers = await Promise.all(agent.getEach(names, requesterOf(row)))
    return answers.filter((answer): answer is Varbind => !('status' in answer) && !isException(answer.value))
  }

  async #set(row: TriggerRow, event: EventRow, { instance }: FiredInstance): Promise<string | undefined> {
    const { mteEventSetObject = zeroDotZero, mteEventSetObjectWildcard, mteEventSetValue = 0 } = event
    const name = mteEventSetObjectWildcard ? [...mteEventSetObject, ...instance] : mteEventSetObject
    const as = { ...requesterOf(row), contextName: event.mteEventSetContextName ?? '' }
    const failure = await this.#options.agent.set([{ name, value: { type: 'Integer32', value: mteEventSetValue } }], as)
    if (!failure) return undefined
    this.#failed()
    const pointer = nameOf({ mteOwner: event.mteOwner, mteTriggerName: event.mteEventName })
    const sentence = `event ${pointer} of trigger ${nameOf(row)} could not set: ${failure.sentence}`
    this.#send(mteEventSetFailure, row, name, { mteFailedReason: failure.status }, sentence)
    return sentence
  }

  #send(notification: Notification, row: TriggerRow, oid: Oid, values: object, sentence: string): void {
    const varbinds = varbindsOf(notification, {}, { ...hotOf(row, oid), ...values })
    this.#options.agent.notify({ trapOid: notification.oid, varbinds }, sentence)
  }

  #failed(): void {
    this.failures = (this.failures + 1) >>> 0
  }
}

function hotOf(row: TriggerRow, oid: Oid) {
  return {
    mteHotTrigger: row.mteTriggerName,
    mteHotTargetName: '', // this system
    mteHotContextName: row.mteTriggerContextName,
    mteHotOID: oid,
  }
}

/** What the test saw; of an existence test the value, or the last one. 0 for what is no integer and never was there. */
function hotValueOf({ before, after }: FiredInstance): number {
  const seen = after.last ?? before?.last
  return toInteger32(after.sampled ?? (seen && integerOf(seen.value)) ?? 0)
}

function standardFor(fired: Fired): Notification {
  switch (fired) {
    case 'rising':
    case 'deltaRising':
      return mteTriggerRising
    case 'falling':
    case 'deltaFalling':
      return mteTriggerFalling
    default:
      return mteTriggerFired
  }
}
