/** Whether a difference between two samples means anything (mteTriggerDeltaDiscontinuityID of RFC 2981). */
import type { SnmpValue } from '../../../lib/smi/value.ts'

/** mteTriggerDeltaDiscontinuityIDType. */
export type DiscontinuityType = 'timeTicks' | 'timeStamp' | 'dateAndTime'

/** Whether a value has the syntax that the row says; one that has not is badType. */
export function isDiscontinuityValue(type: DiscontinuityType, value: SnmpValue): boolean {
  if (type !== 'dateAndTime') return value.type === 'TimeTicks'
  return value.type === 'OctetString' && (value.value.length === 8 || value.value.length === 11)
}

/** TimeTicks that count on are broken when they go back; a time stamp or a date when it becomes another. */
export function isDiscontinuous(type: DiscontinuityType, before: SnmpValue, after: SnmpValue): boolean {
  if (type === 'timeTicks') return ticksOf(after) < ticksOf(before)
  return textOf(after) !== textOf(before)
}

function ticksOf(value: SnmpValue): number {
  return value.type === 'TimeTicks' ? value.value : 0
}

function textOf(value: SnmpValue): string {
  return value.type === 'OctetString' ? Buffer.from(value.value).toString('hex') : String(ticksOf(value))
}
