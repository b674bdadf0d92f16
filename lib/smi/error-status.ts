/** The error-status values of RFC 3416 §3, and their SNMPv1 equivalents of RFC 3584 §4.4. */

import { labelsOf } from './labels.ts'

export const errorStatusNumber = {
  noError: 0,
  tooBig: 1,
  noSuchName: 2,
  badValue: 3,
  readOnly: 4,
  genErr: 5,
  noAccess: 6,
  wrongType: 7,
  wrongLength: 8,
  wrongEncoding: 9,
  wrongValue: 10,
  noCreation: 11,
  inconsistentValue: 12,
  resourceUnavailable: 13,
  commitFailed: 14,
  undoFailed: 15,
  authorizationError: 16,
  notWritable: 17,
  inconsistentName: 18,
} as const

export type ErrorStatus = keyof typeof errorStatusNumber

const names = labelsOf(errorStatusNumber)

/** The name of a number from a message; undefined for one that RFC 3416 does not know. */
export function errorStatusName(number: number): ErrorStatus | undefined {
  return names[number]
}

const asV1: Record<ErrorStatus, ErrorStatus> = {
  noError: 'noError',
  tooBig: 'tooBig',
  noSuchName: 'noSuchName',
  badValue: 'badValue',
  readOnly: 'readOnly',
  genErr: 'genErr',
  wrongValue: 'badValue',
  wrongEncoding: 'badValue',
  wrongType: 'badValue',
  wrongLength: 'badValue',
  inconsistentValue: 'badValue',
  noAccess: 'noSuchName',
  notWritable: 'noSuchName',
  noCreation: 'noSuchName',
  inconsistentName: 'noSuchName',
  resourceUnavailable: 'genErr',
  commitFailed: 'genErr',
  undoFailed: 'genErr',
  authorizationError: 'noSuchName',
}

export function toV1ErrorStatus(status: ErrorStatus): ErrorStatus {
  return asV1[status]
}
