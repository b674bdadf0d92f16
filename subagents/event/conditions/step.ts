/** One more sample of one instance through all the tests of its trigger: what they make of it, and what fired. */
import type { SnmpValue } from '../../../lib/smi/value.ts'
import { type BooleanTest, booleanStep } from './boolean.ts'
import { type DiscontinuityType, isDiscontinuityValue, isDiscontinuous } from './discontinuity.ts'
import { type ExistenceSample, type ExistenceTest, existenceStep } from './existence.ts'
import { deltaOf, type Integer, integerOf } from './integer.ts'
import { type CrossingState, type ThresholdState, type ThresholdTest, thresholdStep } from './threshold.ts'

/** What a row of mteTriggerTable and those that came with it ask of each sample. */
export interface TriggerTests {
  readonly sampleType: 'absoluteValue' | 'deltaValue'
  readonly discontinuityType: DiscontinuityType
  readonly existence: ExistenceTest | undefined
  readonly boolean: BooleanTest | undefined
  readonly threshold: ThresholdTest | undefined
}

export interface PresentSample {
  readonly value: SnmpValue
  /** mteTriggerDeltaDiscontinuityID's, of deltaValue triggers whose row names another object than sysUpTime. */
  readonly discontinuity?: SnmpValue | undefined
  /** sysUpTime, which is looked at whatever the row names. */
  readonly upTimeTicks: number
}

/** `absent`: noSuchObject or noSuchInstance; of wildcards, not among those found. */
export type InstanceSample = PresentSample | 'absent'

export interface InstanceState {
  readonly existence?: ExistenceSample | undefined
  readonly boolean?: boolean | undefined
  readonly threshold?: ThresholdState | undefined
  /** What the next difference starts from. */
  readonly last?: PresentSample | undefined
  /** What boolean and threshold tests saw last: the value, or the difference. */
  readonly sampled?: Integer | undefined
  /** It was above its rising threshold when it went, and has not come back. */
  readonly isRaised?: boolean | undefined
}

/** What of a state outlives the agent. */
export type KeptState = Pick<InstanceState, 'boolean' | 'threshold' | 'isRaised'>

/** Undefined where nothing is raised: then an instance starts as a new one does. */
export function keptOf(state: InstanceState | undefined): KeptState | undefined {
  const { boolean, threshold, isRaised } = state ?? {}
  const isWaiting = isBeyond(threshold?.value) || isBeyond(threshold?.delta)
  if (!boolean && !isWaiting && !isRaised) return undefined
  return {
    ...(boolean === undefined ? {} : { boolean }),
    ...(threshold && isWaiting ? { threshold: { ...threshold, isRecalled: true } } : {}),
    ...(isRaised ? { isRaised } : {}),
  }
}

/** Whether one of two thresholds was reached, and the other not since. */
function isBeyond(crossing: CrossingState | undefined): boolean {
  return crossing !== undefined && !(crossing.isRisingArmed && crossing.isFallingArmed)
}

/** In the order in which they are notified: that of the bits of mteTriggerTest. */
export type Fired = 'present' | 'absent' | 'changed' | 'isTrue' | 'rising' | 'falling' | 'deltaRising' | 'deltaFalling'

export interface InstanceStep {
  readonly state: InstanceState
  readonly fired: readonly Fired[]
  /** Boolean and threshold tests need integers, and differences a usable discontinuity object. */
  readonly isBadType: boolean
}

/** The state is undefined before the first sample; an instance that is not there loses all but its existence. */
export function step(tests: TriggerTests, state: InstanceState | undefined, sample: InstanceSample): InstanceStep {
  const fired: Fired[] = []
  let existence: ExistenceSample | undefined
  if (tests.existence) {
    const seen: ExistenceSample =
      sample === 'absent' ? { isPresent: false } : { isPresent: true, value: textOf(sample.value) }
    const next = existenceStep(tests.existence, state?.existence, seen)
    existence = next.state
    if (next.fired) fired.push(next.fired)
  }
  if (sample === 'absent') {
    const isRaised = state?.threshold ? !state.threshold.value.isRisingArmed : state?.isRaised
    return { state: { existence, ...(isRaised ? { isRaised } : {}) }, fired, isBadType: false }
  }
  if (!tests.boolean && !tests.threshold) return { state: { existence, last: sample }, fired, isBadType: false }

  const kept = { existence, boolean: state?.boolean, threshold: state?.threshold, isRaised: state?.isRaised }
  const sampled = comparedOf(tests, state?.last, sample)
  if (sampled === 'badType') return { state: kept, fired, isBadType: true }
  if (sampled === undefined) return { state: { ...kept, last: sample }, fired, isBadType: false }
  const boolean = tests.boolean && booleanStep(tests.boolean, state?.boolean, sampled)
  if (boolean?.fired) fired.push('isTrue')
  const threshold = tests.threshold && thresholdStep(tests.threshold, state?.threshold, sampled, state?.isRaised)
  if (threshold) fired.push(...threshold.fired)
  return {
    state: { existence, boolean: boolean?.state, threshold: threshold?.state, last: sample, sampled },
    fired,
    isBadType: false,
  }
}

/** The text of a value: another one for every other value. */
export function textOf(value: SnmpValue): string {
  if (!('value' in value)) return value.type
  if (typeof value.value === 'object') return Array.from(value.value).join('.')
  return String(value.value)
}

/** Undefined while there is no difference yet, or where it would mean nothing. */
function comparedOf(
  { sampleType, discontinuityType }: TriggerTests,
  before: PresentSample | undefined,
  { value, discontinuity, upTimeTicks }: PresentSample,
): Integer | 'badType' | undefined {
  const integer = integerOf(value)
  if (integer === undefined) return 'badType'
  if (sampleType === 'absoluteValue') return integer
  if (discontinuity && !isDiscontinuityValue(discontinuityType, discontinuity)) return 'badType'
  if (!before || upTimeTicks < before.upTimeTicks) return undefined
  if (discontinuity && before.discontinuity) {
    if (isDiscontinuous(discontinuityType, before.discontinuity, discontinuity)) return undefined
  }
  return deltaOf(before.value, value)
}
