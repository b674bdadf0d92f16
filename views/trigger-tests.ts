/** What a trigger tests, as people read it. */
import type { TriggerRow } from '../subagents/event/rows.ts'

/** Such as `rising 75, falling 20`; of a row as its file or the agent has it, so that parts may be missing. */
export function testsText(row: Partial<TriggerRow>): string {
  const has = row.mteTriggerTest ?? new Set()
  const parts: string[] = []
  if (row.mteTriggerSampleType === 'deltaValue') parts.push(`growth in ${row.mteTriggerFrequency} s`)
  if (has.has('existence')) parts.push([...(row.mteTriggerExistenceTest ?? [])].join(' or '))
  if (has.has('boolean'))
    parts.push(`${signs[row.mteTriggerBooleanComparison ?? 'unequal']} ${row.mteTriggerBooleanValue}`)
  if (has.has('threshold')) {
    if (row.mteTriggerThresholdRisingEvent || row.mteTriggerThresholdFallingEvent)
      parts.push(`rising ${row.mteTriggerThresholdRising}`, `falling ${row.mteTriggerThresholdFalling}`)
    if (row.mteTriggerThresholdDeltaRisingEvent) parts.push(`step up ${row.mteTriggerThresholdDeltaRising}`)
    if (row.mteTriggerThresholdDeltaFallingEvent) parts.push(`step down ${row.mteTriggerThresholdDeltaFalling}`)
  }
  return parts.join(', ')
}

const signs = { unequal: '!=', equal: '=', less: '<', lessOrEqual: '<=', greater: '>', greaterOrEqual: '>=' } as const
