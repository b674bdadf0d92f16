/** SNMP-TARGET-MIB and SNMP-NOTIFICATION-MIB (RFC 3413): where notifications go, as tables. */
import { column, defineTable } from '../../lib/mib/declare.ts'
import { enumeration, integer32, rowStatus, storageType, timeInterval } from '../../lib/mib/syntax.ts'
import {
  adminString,
  messageProcessingModel,
  securityLevel,
  securityModel,
  tagList,
  transportAddress,
  transportDomain,
} from './conventions.ts'

const kept = { defaultValue: 'nonVolatile' } as const

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
    // Of SNMP-COMMUNITY-MIB, which augments this table; here because it ends the row's line in snmpd.cnf.
    snmpTargetAddrTMask: column(0, transportAddress(), 'not-accessible', { defaultValue: new Uint8Array(0) }),
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
    snmpNotifyTag: column(2, tagList(), 'read-create', { defaultValue: '' }),
    snmpNotifyType: column(3, enumeration({ trap: 1, inform: 2 }), 'read-create', { defaultValue: 'trap' }),
    snmpNotifyStorageType: column(4, storageType(), 'read-create', kept),
    snmpNotifyRowStatus: column(5, rowStatus(), 'read-create'),
  },
  cnf: ['snmpNotifyName', 'snmpNotifyTag', 'snmpNotifyType', 'snmpNotifyStorageType'],
})
