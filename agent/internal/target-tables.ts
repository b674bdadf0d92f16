/** SNMP-TARGET-MIB and SNMP-NOTIFICATION-MIB (RFC 3413): where notifications go, as tables. */
import { column, defineScalars, defineTable, foreignIndex } from '../../lib/mib/declare.ts'
import {
  enumeration,
  integer32,
  objectIdentifier,
  octetString,
  rowStatus,
  type Syntax,
  storageType,
  testAndIncr,
  timeInterval,
} from '../../lib/mib/syntax.ts'
import {
  adminString,
  messageProcessingModel,
  securityLevel,
  securityModel,
  tagList,
  tagValue,
  transportAddress,
  transportDomain,
} from './conventions.ts'

const kept = { defaultValue: 'nonVolatile' } as const
const snmpTargetAddrExtEntry = '1.3.6.1.6.3.18.1.2.1'

/** 0 for a size that is not known, or what every engine takes at least (RFC 3417 §3.2.1). */
function maxMessageSize(): Syntax<number> {
  const plain = integer32(0, 0x7fff_ffff)
  const isSize = (value: number): boolean => value === 0 || value >= 484
  return {
    ...plain,
    ranges: [
      [0, 0],
      [484, 0x7fff_ffff],
    ],
    fromSnmp: (value) => {
      const decoded = plain.fromSnmp(value)
      return 'error' in decoded || isSize(decoded.value) ? decoded : { error: 'wrongValue' }
    },
    parse: (typed) => {
      const value = plain.parse(typed)
      return value !== undefined && isSize(value) ? value : undefined
    },
  }
}

export const snmpTargetObjects = defineScalars({
  name: 'snmpTargetObjects',
  oid: '1.3.6.1.6.3.12.1',
  objects: { snmpTargetSpinLock: column(1, testAndIncr(), 'read-write') },
})

export const snmpTargetAddrTable = defineTable({
  name: 'snmpTargetAddrTable',
  oid: '1.3.6.1.6.3.12.1.2',
  index: { snmpTargetAddrName: column(1, adminString(1, 32), 'not-accessible') },
  implied: true,
  columns: {
    snmpTargetAddrTDomain: column(2, transportDomain(), 'read-create'),
    snmpTargetAddrTAddress: column(3, transportAddress(), 'read-create'),
    snmpTargetAddrTimeout: column(4, timeInterval(), 'read-create', { defaultValue: 1500 }),
    snmpTargetAddrRetryCount: column(5, integer32(0, 255), 'read-create', { defaultValue: 3 }),
    snmpTargetAddrTagList: column(6, tagList(), 'read-create', { defaultValue: '' }),
    snmpTargetAddrParams: column(7, adminString(1, 32), 'read-create'),
    snmpTargetAddrStorageType: column(8, storageType(), 'read-create', kept),
    snmpTargetAddrRowStatus: column(9, rowStatus(), 'read-create'),
    // snmpTargetAddrExtTable of SNMP-COMMUNITY-MIB augments this table; its columns end the row's line in snmpd.cnf.
    snmpTargetAddrTMask: column(1, transportAddress(0), 'read-create', {
      entry: snmpTargetAddrExtEntry,
      defaultValue: new Uint8Array(0),
    }),
    snmpTargetAddrMMS: column(2, maxMessageSize(), 'read-create', {
      entry: snmpTargetAddrExtEntry,
      defaultValue: 484,
    }),
  },
  cnf: [
    'snmpTargetAddrName',
    'snmpTargetAddrTDomain',
    'snmpTargetAddrTAddress',
    'snmpTargetAddrTimeout',
    'snmpTargetAddrRetryCount',
    'snmpTargetAddrTagList',
    'snmpTargetAddrParams',
    'snmpTargetAddrStorageType',
    'snmpTargetAddrTMask',
    'snmpTargetAddrMMS',
  ],
})

export const snmpTargetParamsTable = defineTable({
  name: 'snmpTargetParamsTable',
  oid: '1.3.6.1.6.3.12.1.3',
  index: { snmpTargetParamsName: column(1, adminString(1, 32), 'not-accessible') },
  implied: true,
  columns: {
    snmpTargetParamsMPModel: column(2, messageProcessingModel(), 'read-create'),
    snmpTargetParamsSecurityModel: column(3, securityModel(), 'read-create'),
    snmpTargetParamsSecurityName: column(4, adminString(0, 255), 'read-create'),
    snmpTargetParamsSecurityLevel: column(5, securityLevel(), 'read-create'),
    snmpTargetParamsStorageType: column(6, storageType(), 'read-create', kept),
    snmpTargetParamsRowStatus: column(7, rowStatus(), 'read-create'),
  },
  cnf: [
    'snmpTargetParamsName',
    'snmpTargetParamsMPModel',
    'snmpTargetParamsSecurityModel',
    'snmpTargetParamsSecurityName',
    'snmpTargetParamsSecurityLevel',
    'snmpTargetParamsStorageType',
  ],
})

export const snmpNotifyTable = defineTable({
  name: 'snmpNotifyTable',
  oid: '1.3.6.1.6.3.13.1.1',
  index: { snmpNotifyName: column(1, adminString(1, 32), 'not-accessible') },
  implied: true,
  columns: {
    snmpNotifyTag: column(2, tagValue(), 'read-create', { defaultValue: '' }),
    snmpNotifyType: column(3, enumeration({ trap: 1, inform: 2 }), 'read-create', { defaultValue: 'trap' }),
    snmpNotifyStorageType: column(4, storageType(), 'read-create', kept),
    snmpNotifyRowStatus: column(5, rowStatus(), 'read-create'),
  },
  cnf: ['snmpNotifyName', 'snmpNotifyTag', 'snmpNotifyType', 'snmpNotifyStorageType'],
})

export const snmpNotifyFilterProfileTable = defineTable({
  name: 'snmpNotifyFilterProfileTable',
  oid: '1.3.6.1.6.3.13.1.2',
  index: { snmpTargetParamsName: foreignIndex(snmpTargetParamsTable.columns.snmpTargetParamsName) },
  implied: true,
  columns: {
    snmpNotifyFilterProfileName: column(1, adminString(1, 32), 'read-create'),
    snmpNotifyFilterProfileStorType: column(2, storageType(), 'read-create', kept),
    snmpNotifyFilterProfileRowStatus: column(3, rowStatus(), 'read-create'),
  },
  cnf: ['snmpTargetParamsName', 'snmpNotifyFilterProfileName', 'snmpNotifyFilterProfileStorType'],
})

export const snmpNotifyFilterTable = defineTable({
  name: 'snmpNotifyFilterTable',
  oid: '1.3.6.1.6.3.13.1.3',
  index: {
    snmpNotifyFilterProfileName: foreignIndex(snmpNotifyFilterProfileTable.declared.snmpNotifyFilterProfileName),
    snmpNotifyFilterSubtree: column(1, objectIdentifier(), 'not-accessible'),
  },
  implied: true,
  columns: {
    snmpNotifyFilterMask: column(2, octetString(0, 16), 'read-create', { defaultValue: new Uint8Array(0) }),
    snmpNotifyFilterType: column(3, enumeration({ included: 1, excluded: 2 }), 'read-create', {
      defaultValue: 'included',
    }),
    snmpNotifyFilterStorageType: column(4, storageType(), 'read-create', kept),
    snmpNotifyFilterRowStatus: column(5, rowStatus(), 'read-create'),
  },
  cnf: [
    'snmpNotifyFilterProfileName',
    'snmpNotifyFilterSubtree',
    'snmpNotifyFilterMask',
    'snmpNotifyFilterType',
    'snmpNotifyFilterStorageType',
  ],
})
