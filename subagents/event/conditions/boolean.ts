/** The boolean test of RFC 2981 (mteTriggerBooleanTable): it fires when the comparison becomes true. */
import { type Integer, isEqual } from './integer.ts'

export type Comparison = 'unequal' | 'equal' | 'less' | 'lessOrEqual' | 'greater' | 'greaterOrEqual'

export interface BooleanTest {
  /** mteTriggerBooleanComparison: the sample is its left side. */
  readonly comparison: Comparison
  /** mteTriggerBooleanValue. */
  readonly value: number
  /** mteTriggerBooleanStartup: whether the first sample of an instance may fire. */
  readonly startup: boolean
}

export interface BooleanStep {
  /** Whether the comparison held; what the next step is given. */
  readonly state: boolean
  readonly fired: boolean
}

/** The state is undefined before the first sample of an instance. */
export function booleanStep(test: BooleanTest, state: boolean | undefined, sample: Integer): BooleanStep {
  const isTrue = comparisons[test.comparison](sample, test.value)
  return { state: isTrue, fired: isTrue && (state === undefined ? test.startup : !state) }
}

const comparisons: Readonly<Record<Comparison, (sample: Integer, value: number) => boolean>> = {
  unequal: (sample, value) => !isEqual(sample, value),
  equal: (sample, value) => isEqual(sample, value),
  less: (sample, value) => sample < value,
  lessOrEqual: (sample, value) => sample <= value,
  greater: (sample, value) => sample > value,
  greaterOrEqual: (sample, value) => sample >= value,
}
