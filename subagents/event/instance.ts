/** One sampled instance: what the tests keep of it, and where it stands for those who look. */
import type { Oid } from '../../lib/smi/oid.ts'
import type { SnmpValue } from '../../lib/smi/value.ts'
import { differenceOf, toInteger32 } from './conditions/integer.ts'
import type { Fired, InstanceState, TriggerTests } from './conditions/step.ts'

export interface Instance {
  readonly oid: Oid
  /** What follows mteTriggerValueID where that is wildcarded. */
  readonly instance: Oid
  state: InstanceState | undefined
  isAbsent: boolean
  /** The scan that found it last. */
  scan: number
  /** By the wall clock. */
  sampledMs: number | undefined
  fired: number
  lastFiredMs: number | undefined
  lastFired: Fired | undefined
  /** Empty when the last sample was good. */
  error: string
}

export type StateWord =
  | 'unknown'
  | 'normal'
  | 'rising'
  | 'falling'
  | 'isTrue'
  | 'isFalse'
  | 'present'
  | 'absent'
  | 'failed'

export function newInstance(oid: Oid, instance: Oid, state: InstanceState | undefined): Instance {
  return {
    oid,
    instance,
    state,
    isAbsent: false,
    scan: 0,
    sampledMs: undefined,
    fired: 0,
    lastFiredMs: undefined,
    lastFired: undefined,
    error: '',
  }
}

/** castellanEventInstanceState. */
export function wordOf({ state, isAbsent, error }: Instance, tests: TriggerTests): StateWord {
  if (error !== '') return 'failed'
  if (isAbsent) return 'absent'
  if (tests.threshold) {
    if (!state?.threshold) return 'unknown'
    const { isRisingArmed, isFallingArmed } = state.threshold.value
    if (!isRisingArmed) return 'rising'
    return isFallingArmed ? 'normal' : 'falling'
  }
  if (tests.boolean) return state?.boolean === undefined ? 'unknown' : state.boolean ? 'isTrue' : 'isFalse'
  return state?.existence?.isPresent ? 'present' : 'unknown'
}

/** castellanEventInstanceDistance; undefined where there is nothing to measure. */
export function distanceOf({ state }: Instance, { threshold, boolean }: TriggerTests): number | undefined {
  const sampled = state?.sampled
  if (sampled === undefined) return undefined
  if (threshold && state?.threshold) {
    const { isRisingArmed } = state.threshold.value
    return toInteger32(
      isRisingArmed ? differenceOf(sampled, threshold.rising) : differenceOf(threshold.falling, sampled),
    )
  }
  return boolean && toInteger32(differenceOf(sampled, boolean.value))
}

/** castellanEventInstanceValue. */
export function shownValue({ state }: Instance, tests: TriggerTests, show: (value: SnmpValue) => string): string {
  if (state?.sampled !== undefined) return String(state.sampled)
  // A counter whose growth is tested is no sample before there are two of it.
  const isOfNoUse = tests.sampleType === 'deltaValue' && (tests.boolean || tests.threshold)
  return state?.last && !isOfNoUse ? show(state.last.value) : ''
}
