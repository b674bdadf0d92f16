/** What fired, as one sentence for people. */
import type { SnmpValue } from '../../lib/smi/value.ts'
import type { Comparison } from './conditions/boolean.ts'
import { differenceOf } from './conditions/integer.ts'
import type { Fired, InstanceState } from './conditions/step.ts'
import type { TriggerRow } from './rows.ts'

export interface Firing {
  readonly fired: Fired
  /** Before the sample that fired, and after it. */
  readonly before: InstanceState | undefined
  readonly after: InstanceState
}

/** `object` is the name of the instance, `show` gives its values as people read them. */
export function sentenceOf(
  row: TriggerRow,
  object: string,
  { fired, before, after }: Firing,
  show: (value: SnmpValue) => string,
): string {
  const comment = row.mteTriggerComment.trim()
  const said = say(row, object, { fired, before, after }, show)
  return comment === '' ? said : `${comment}: ${said}`
}

const comparisonWords: Readonly<Record<Comparison, string>> = {
  unequal: 'other than',
  equal: 'equal to',
  less: 'less than',
  lessOrEqual: 'at or below',
  greater: 'greater than',
  greaterOrEqual: 'at or above',
}

function say(
  row: TriggerRow,
  object: string,
  { fired, before, after }: Firing,
  show: (value: SnmpValue) => string,
): string {
  const value = after.last && show(after.last.value)
  switch (fired) {
    case 'present':
      return before ? `${object} appeared, with ${value}` : `${object} is there, with ${value}`
    case 'absent':
      return before ? `${object} is gone` : `${object} is not there`
    case 'changed':
      return before?.last
        ? `${object} changed from ${show(before.last.value)} to ${value}`
        : `${object} changed to ${value}`
    case 'isTrue':
      return `${measured(row, object, after)}, ${comparisonWords[row.mteTriggerBooleanComparison ?? 'unequal']} ${row.mteTriggerBooleanValue}`
    case 'rising':
      return `${measured(row, object, after)}, at or above ${row.mteTriggerThresholdRising}${since(before)}`
    case 'falling':
      return `${measured(row, object, after)}, at or below ${row.mteTriggerThresholdFalling}${since(before)}`
    case 'deltaRising':
      return `${stepped(object, before, after)}, at or above ${row.mteTriggerThresholdDeltaRising}`
    case 'deltaFalling':
      return `${stepped(object, before, after)}, at or below ${row.mteTriggerThresholdDeltaFalling}`
  }
}

function measured(row: TriggerRow, object: string, { sampled }: InstanceState): string {
  if (row.mteTriggerSampleType === 'absoluteValue') return `${object} is ${sampled}`
  return `${object} changed by ${sampled} in ${row.mteTriggerFrequency} s`
}

function since(before: InstanceState | undefined): string {
  return before?.sampled === undefined ? '' : `; it was ${before.sampled} at the sample before`
}

function stepped(object: string, before: InstanceState | undefined, { sampled }: InstanceState): string {
  const difference = before?.sampled === undefined || sampled === undefined ? 0 : differenceOf(before.sampled, sampled)
  return `${object} went from ${before?.sampled} to ${sampled} from one sample to the next, by ${difference}`
}
