/** RowStatus, RFC 2579: what each value of a SET does to a row, laid out as the state table of its DESCRIPTION. */
import type { ErrorStatus } from '../smi/error-status.ts'
import type { RowStatus } from './syntax.ts'

export type RowState = 'absent' | 'notReady' | 'notInService' | 'active'
export type Outcome = RowState | ErrorStatus

/** What a set of the status column, or of other columns alone ('columns'), leads to when the row will be complete. */
const whenComplete: Record<RowStatus | 'columns', Record<RowState, Outcome>> = {
  createAndGo: {
    absent: 'active',
    notReady: 'inconsistentValue',
    notInService: 'inconsistentValue',
    active: 'inconsistentValue',
  },
  createAndWait: {
    absent: 'notInService',
    notReady: 'inconsistentValue',
    notInService: 'inconsistentValue',
    active: 'inconsistentValue',
  },
  active: { absent: 'inconsistentValue', notReady: 'active', notInService: 'active', active: 'active' },
  notInService: {
    absent: 'inconsistentValue',
    notReady: 'notInService',
    notInService: 'notInService',
    active: 'notInService',
  },
  destroy: { absent: 'absent', notReady: 'absent', notInService: 'absent', active: 'absent' },
  notReady: { absent: 'wrongValue', notReady: 'wrongValue', notInService: 'wrongValue', active: 'wrongValue' },
  columns: { absent: 'inconsistentName', notReady: 'notInService', notInService: 'notInService', active: 'active' },
}

/** The same when a column without default is still missing. */
const whenIncomplete: typeof whenComplete = {
  ...whenComplete,
  createAndGo: { ...whenComplete.createAndGo, absent: 'inconsistentValue' },
  createAndWait: { ...whenComplete.createAndWait, absent: 'notReady' },
  active: {
    ...whenComplete.active,
    notReady: 'inconsistentValue',
    notInService: 'inconsistentValue',
    active: 'inconsistentValue',
  },
  notInService: {
    ...whenComplete.notInService,
    notReady: 'inconsistentValue',
    notInService: 'inconsistentValue',
    active: 'inconsistentValue',
  },
  columns: { absent: 'inconsistentName', notReady: 'notReady', notInService: 'notReady', active: 'inconsistentValue' },
}

export function nextRowState(present: RowState, requested: RowStatus | undefined, isComplete: boolean): Outcome {
  return (isComplete ? whenComplete : whenIncomplete)[requested ?? 'columns'][present]
}

/** As a row's status column has it; absent where there is no row. */
export function rowStateOf(status: unknown): RowState {
  return status === 'active' || status === 'notInService' || status === 'notReady' ? status : 'absent'
}

export function isRowState(outcome: Outcome): outcome is RowState {
  return outcome === 'absent' || outcome === 'notReady' || outcome === 'notInService' || outcome === 'active'
}
