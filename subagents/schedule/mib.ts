/** DISMAN-SCHEDULE-MIB (RFC 3231), and what CASTELLAN-SCHEDULE-MIB adds to each of its rows. */

import { securityLevelWord, securityModelWord } from '../../lib/mib/actor.ts'
import { column, defineNotification, defineScalars, defineTable } from '../../lib/mib/declare.ts'
import {
  bits,
  counter32,
  dateAndTime,
  dateAndTimeOrNever,
  enumeration,
  integer32,
  objectIdentifier,
  rowStatus,
  storageType,
  text,
  unsigned32,
} from '../../lib/mib/syntax.ts'
import { castellanArc } from '../../lib/smi/enterprise.ts'
import { errorStatusNumber } from '../../lib/smi/error-status.ts'

const sched = '1.3.6.1.2.1.63'
const castellanSched = `${castellanArc}.12.63`
/** Its columns AUGMENT schedEntry. */
const entry = `${castellanSched}.1.1.1`

/** As whom rows act that a file makes; snmpd.cnf gives it views. */
export const scheduleAgent = { securityModel: 'usm', securityName: 'scheduleAgent', securityLevel: 'authPriv' } as const

export const schedObjects = defineScalars({
  name: 'schedObjects',
  oid: `${sched}.1`,
  objects: { schedLocalTime: column(1, dateAndTime(), 'read-only', { presence: 'live' }) },
})

export const schedTable = defineTable({
  name: 'schedTable',
  oid: `${sched}.1.2`,
  index: {
    schedOwner: column(1, text(0, 32), 'not-accessible'),
    schedName: column(2, text(1, 32), 'not-accessible'),
  },
  columns: {
    schedDescr: column(3, text(0, 255), 'read-create', { defaultValue: '' }),
    schedInterval: column(4, unsigned32(), 'read-create', { defaultValue: 0 }),
    schedWeekDay: column(
      5,
      bits({ sunday: 0, monday: 1, tuesday: 2, wednesday: 3, thursday: 4, friday: 5, saturday: 6 }),
      'read-create',
      { defaultValue: new Set() },
    ),
    schedMonth: column(
      6,
      bits({
        january: 0,
        february: 1,
        march: 2,
        april: 3,
        may: 4,
        june: 5,
        july: 6,
        august: 7,
        september: 8,
        october: 9,
        november: 10,
        december: 11,
      }),
      'read-create',
      { defaultValue: new Set() },
    ),
    // d1(0) to d31(30), then r1(31) to r31(61).
    schedDay: column(7, bits({ ...numbered('d', 1, 31, 0), ...numbered('r', 1, 31, 31) }), 'read-create', {
      defaultValue: new Set(),
    }),
    schedHour: column(8, bits(numbered('h', 0, 23, 0)), 'read-create', { defaultValue: new Set() }),
    schedMinute: column(9, bits(numbered('m', 0, 59, 0)), 'read-create', { defaultValue: new Set() }),
    schedContextName: column(10, text(0, 32), 'read-create', { defaultValue: '' }),
    schedVariable: column(11, objectIdentifier(), 'read-create', { defaultValue: [0, 0] }),
    schedValue: column(12, integer32(), 'read-create', { defaultValue: 0 }),
    schedType: column(13, enumeration({ periodic: 1, calendar: 2, oneshot: 3 }), 'read-create', {
      defaultValue: 'periodic',
    }),
    schedAdminStatus: column(14, enumeration({ enabled: 1, disabled: 2 }), 'read-create', { defaultValue: 'disabled' }),
    schedOperStatus: column(15, enumeration({ enabled: 1, disabled: 2, finished: 3 }), 'read-only', {
      presence: 'live',
    }),
    schedFailures: column(16, counter32(), 'read-only', { presence: 'live' }),
    schedLastFailure: column(17, enumeration({ noResponse: -1, ...errorStatusNumber }), 'read-only', {
      presence: 'live',
    }),
    schedLastFailed: column(18, dateAndTimeOrNever(), 'read-only', { presence: 'live' }),
    schedStorageType: column(19, storageType(), 'read-create', { defaultValue: 'volatile' }),
    schedRowStatus: column(20, rowStatus(), 'read-create'),
    schedTriggers: column(21, counter32(), 'read-only', { presence: 'live' }),

    castellanSchedNextRun: column(1, dateAndTimeOrNever(), 'read-only', { presence: 'live', entry }),
    castellanSchedLastRun: column(2, dateAndTimeOrNever(), 'read-only', { presence: 'live', entry }),
    castellanSchedMissed: column(3, counter32(), 'read-only', { presence: 'live', entry }),
    castellanSchedLastMissed: column(4, dateAndTimeOrNever(), 'read-only', { presence: 'live', entry }),
    castellanSchedLastError: column(5, text(0, 1024, 'CastellanText'), 'read-only', {
      presence: 'live',
      contents: false,
      entry,
    }),
    castellanSchedSecurityModel: column(6, securityModelWord(), 'read-only', {
      defaultValue: scheduleAgent.securityModel,
      entry,
    }),
    castellanSchedSecurityName: column(7, text(0, 32), 'read-only', {
      defaultValue: scheduleAgent.securityName,
      entry,
    }),
    castellanSchedSecurityLevel: column(8, securityLevelWord(), 'read-only', {
      defaultValue: scheduleAgent.securityLevel,
      entry,
    }),
  },
  cnf: [
    'schedOwner',
    'schedName',
    'schedDescr',
    'schedInterval',
    'schedWeekDay',
    'schedMonth',
    'schedDay',
    'schedHour',
    'schedMinute',
    'schedContextName',
    'schedVariable',
    'schedValue',
    'schedType',
    'schedAdminStatus',
    'schedStorageType',
    // Of rows that were made over SNMP: whose rights they have. Lines without act as scheduleAgent.
    'castellanSchedSecurityModel',
    'castellanSchedSecurityName',
    'castellanSchedSecurityLevel',
  ],
})

const { schedLastFailure, schedLastFailed } = schedTable.columns
const { castellanSchedMissed, castellanSchedLastMissed } = schedTable.columns

export const schedActionFailure = defineNotification({
  name: 'schedActionFailure',
  oid: `${sched}.2.0.1`,
  objects: { schedLastFailure, schedLastFailed },
})

export const castellanSchedRunMissed = defineNotification({
  name: 'castellanSchedRunMissed',
  oid: `${castellanSched}.0.1`,
  objects: { castellanSchedMissed, castellanSchedLastMissed },
})

/** Labels such as h0 to h23, with consecutive bits. */
function numbered(letter: string, first: number, last: number, firstBit: number): Record<string, number> {
  const labels = Array.from({ length: last - first + 1 }, (_, i) => [`${letter}${first + i}`, firstBit + i])
  return Object.fromEntries(labels)
}
