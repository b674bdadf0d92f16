/** The tables of NOTIFICATION-LOG-MIB (RFC 3014). */

import { column, defineScalars, defineTable, foreignIndex } from '../../lib/mib/declare.ts'
import {
  counter32,
  counter64,
  dateAndTime,
  enumeration,
  integer32,
  ipAddress,
  objectIdentifier,
  octetString,
  opaque,
  rowStatus,
  storageType,
  timeStamp,
  timeTicks,
  unsigned32,
} from '../../lib/mib/syntax.ts'
import { adminString } from './conventions.ts'

const objects = '1.3.6.1.2.1.92.1'
/** Where both limits say that there is none, memory does. */
export const mostEntries = 100_000

export const nlmConfig = defineScalars({
  name: 'nlmConfig',
  oid: `${objects}.1`,
  objects: {
    nlmConfigGlobalEntryLimit: column(1, unsigned32(), 'read-write'),
    nlmConfigGlobalAgeOut: column(2, unsigned32(), 'read-write'),
  },
  cnf: ['nlmConfigGlobalEntryLimit', 'nlmConfigGlobalAgeOut'],
})

export const nlmConfigLogTable = defineTable({
  name: 'nlmConfigLogTable',
  oid: `${objects}.1.3`,
  index: { nlmLogName: column(1, adminString(0, 32), 'not-accessible') },
  columns: {
    nlmConfigLogFilterName: column(2, adminString(0, 32), 'read-create', { defaultValue: '' }),
    nlmConfigLogEntryLimit: column(3, unsigned32(), 'read-create', { defaultValue: 0 }),
    nlmConfigLogAdminStatus: column(4, enumeration({ enabled: 1, disabled: 2 }), 'read-create', {
      defaultValue: 'enabled',
    }),
    nlmConfigLogOperStatus: column(5, enumeration({ disabled: 1, operational: 2, noFilter: 3 }), 'read-only', {
      presence: 'live',
    }),
    nlmConfigLogStorageType: column(6, storageType(), 'read-create', { defaultValue: 'nonVolatile' }),
    nlmConfigLogEntryStatus: column(7, rowStatus(), 'read-create'),
  },
  cnf: [
    'nlmLogName',
    'nlmConfigLogFilterName',
    'nlmConfigLogEntryLimit',
    'nlmConfigLogAdminStatus',
    'nlmConfigLogStorageType',
  ],
})

export const nlmStats = defineScalars({
  name: 'nlmStats',
  oid: `${objects}.2`,
  objects: {
    nlmStatsGlobalNotificationsLogged: column(1, counter32(), 'read-only', { presence: 'live' }),
    nlmStatsGlobalNotificationsBumped: column(2, counter32(), 'read-only', { presence: 'live' }),
  },
})

export const nlmStatsLogTable = defineTable({
  name: 'nlmStatsLogTable',
  oid: `${objects}.2.3`,
  index: { nlmLogName: foreignIndex(nlmConfigLogTable.columns.nlmLogName) },
  columns: {
    nlmStatsLogNotificationsLogged: column(1, counter32(), 'read-only', { presence: 'live' }),
    nlmStatsLogNotificationsBumped: column(2, counter32(), 'read-only', { presence: 'live' }),
  },
})

export const nlmLogTable = defineTable({
  name: 'nlmLogTable',
  oid: `${objects}.3.1`,
  index: {
    nlmLogName: foreignIndex(nlmConfigLogTable.columns.nlmLogName),
    nlmLogIndex: column(1, unsigned32(1), 'not-accessible'),
  },
  columns: {
    nlmLogTime: column(2, timeStamp()),
    nlmLogDateAndTime: column(3, dateAndTime()),
    nlmLogEngineID: column(4, octetString(0, 32, 'SnmpEngineID')),
    nlmLogEngineTAddress: column(5, octetString(0, 255, 'TAddress')),
    nlmLogEngineTDomain: column(6, objectIdentifier('TDomain')),
    nlmLogContextEngineID: column(7, octetString(0, 32, 'SnmpEngineID')),
    nlmLogContextName: column(8, adminString(0, 255)),
    nlmLogNotificationID: column(9, objectIdentifier()),
  },
})

export const valueTypes = {
  Counter32: 'counter32',
  Gauge32: 'unsigned32',
  TimeTicks: 'timeTicks',
  Integer32: 'integer32',
  IpAddress: 'ipAddress',
  OctetString: 'octetString',
  ObjectIdentifier: 'objectId',
  Counter64: 'counter64',
  Opaque: 'opaque',
} as const

const contents = { contents: true } as const
const value = { presence: 'maybe', ...contents } as const

/** Whatever notifications held, log lines and arguments among it. */
export const nlmLogVariableTable = defineTable({
  name: 'nlmLogVariableTable',
  oid: `${objects}.3.2`,
  index: {
    nlmLogName: foreignIndex(nlmConfigLogTable.columns.nlmLogName),
    nlmLogIndex: foreignIndex(nlmLogTable.columns.nlmLogIndex),
    nlmLogVariableIndex: column(1, unsigned32(1), 'not-accessible'),
  },
  columns: {
    nlmLogVariableID: column(2, objectIdentifier(), 'read-only', contents),
    nlmLogVariableValueType: column(
      3,
      enumeration({
        counter32: 1,
        unsigned32: 2,
        timeTicks: 3,
        integer32: 4,
        ipAddress: 5,
        octetString: 6,
        objectId: 7,
        counter64: 8,
        opaque: 9,
      }),
      'read-only',
      contents,
    ),
    nlmLogVariableCounter32Val: column(4, counter32(), 'read-only', value),
    nlmLogVariableUnsigned32Val: column(5, unsigned32(), 'read-only', value),
    nlmLogVariableTimeTicksVal: column(6, timeTicks(), 'read-only', value),
    nlmLogVariableInteger32Val: column(7, integer32(), 'read-only', value),
    nlmLogVariableOctetStringVal: column(8, octetString(), 'read-only', value),
    nlmLogVariableIpAddressVal: column(9, ipAddress(), 'read-only', value),
    nlmLogVariableOidVal: column(10, objectIdentifier(), 'read-only', value),
    nlmLogVariableCounter64Val: column(11, counter64(), 'read-only', value),
    nlmLogVariableOpaqueVal: column(12, opaque(), 'read-only', value),
  },
})
