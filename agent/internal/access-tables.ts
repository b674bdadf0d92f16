/** SNMP-COMMUNITY-MIB (RFC 3584) and SNMP-VIEW-BASED-ACM-MIB (RFC 3415): who may do what, as tables. */
import { column, defineScalars, defineTable, foreignIndex } from '../../lib/mib/declare.ts'
import {
  enumeration,
  objectIdentifier,
  octetString,
  rowStatus,
  storageType,
  testAndIncr,
  textOctets,
} from '../../lib/mib/syntax.ts'
import { adminString, engineIdOr, securityLevel, securityModel, securityModelOrAny, tagValue } from './conventions.ts'

const kept = { defaultValue: 'nonVolatile' } as const

export function defineCommunityTable(localEngineId: Uint8Array) {
  return defineTable({
    name: 'snmpCommunityTable',
    oid: '1.3.6.1.6.3.18.1.1',
    index: { snmpCommunityIndex: column(1, adminString(1, 32), 'not-accessible') },
    implied: true,
    columns: {
      snmpCommunityName: column(2, textOctets(0, 255), 'read-create', { secret: true }),
      snmpCommunitySecurityName: column(3, adminString(1, 32), 'read-create'),
      snmpCommunityContextEngineID: column(4, engineIdOr(localEngineId), 'read-create', {
        defaultValue: new Uint8Array(0),
      }),
      snmpCommunityContextName: column(5, adminString(0, 32), 'read-create', { defaultValue: '' }),
      snmpCommunityTransportTag: column(6, tagValue(), 'read-create', { defaultValue: '' }),
      snmpCommunityStorageType: column(7, storageType(), 'read-create', kept),
      snmpCommunityStatus: column(8, rowStatus(), 'read-create'),
    },
    cnf: [
      'snmpCommunityIndex',
      'snmpCommunityName',
      'snmpCommunitySecurityName',
      'snmpCommunityContextEngineID',
      'snmpCommunityContextName',
      'snmpCommunityTransportTag',
      'snmpCommunityStorageType',
    ],
  })
}

/** For names and types alone: its rows belong to no engine. */
export const snmpCommunityTable = defineCommunityTable(new Uint8Array(0))

export const vacmContextTable = defineTable({
  name: 'vacmContextTable',
  oid: '1.3.6.1.6.3.16.1.1',
  index: { vacmContextName: column(1, adminString(0, 32), 'read-only') },
  columns: {},
})

export const vacmViews = defineScalars({
  name: 'vacmMIBViews',
  oid: '1.3.6.1.6.3.16.1.5',
  objects: { vacmViewSpinLock: column(1, testAndIncr(), 'read-write') },
})

export const vacmSecurityToGroupTable = defineTable({
  name: 'vacmSecurityToGroupTable',
  oid: '1.3.6.1.6.3.16.1.2',
  index: {
    vacmSecurityModel: column(1, securityModel(), 'not-accessible'),
    vacmSecurityName: column(2, adminString(1, 32), 'not-accessible'),
  },
  columns: {
    vacmGroupName: column(3, adminString(1, 32), 'read-create'),
    vacmSecurityToGroupStorageType: column(4, storageType(), 'read-create', kept),
    vacmSecurityToGroupStatus: column(5, rowStatus(), 'read-create'),
  },
  cnf: ['vacmSecurityModel', 'vacmSecurityName', 'vacmGroupName', 'vacmSecurityToGroupStorageType'],
})

export const vacmAccessTable = defineTable({
  name: 'vacmAccessTable',
  oid: '1.3.6.1.6.3.16.1.4',
  index: {
    vacmGroupName: foreignIndex(vacmSecurityToGroupTable.declared.vacmGroupName),
    vacmAccessContextPrefix: column(1, adminString(0, 32), 'not-accessible'),
    vacmAccessSecurityModel: column(2, securityModelOrAny(), 'not-accessible'),
    vacmAccessSecurityLevel: column(3, securityLevel(), 'not-accessible'),
  },
  columns: {
    vacmAccessContextMatch: column(4, enumeration({ exact: 1, prefix: 2 }), 'read-create', { defaultValue: 'exact' }),
    vacmAccessReadViewName: column(5, adminString(0, 32), 'read-create', { defaultValue: '' }),
    vacmAccessWriteViewName: column(6, adminString(0, 32), 'read-create', { defaultValue: '' }),
    vacmAccessNotifyViewName: column(7, adminString(0, 32), 'read-create', { defaultValue: '' }),
    vacmAccessStorageType: column(8, storageType(), 'read-create', kept),
    vacmAccessStatus: column(9, rowStatus(), 'read-create'),
  },
  cnf: [
    'vacmGroupName',
    'vacmAccessContextPrefix',
    'vacmAccessSecurityModel',
    'vacmAccessSecurityLevel',
    'vacmAccessContextMatch',
    'vacmAccessReadViewName',
    'vacmAccessWriteViewName',
    'vacmAccessNotifyViewName',
    'vacmAccessStorageType',
  ],
})

export const vacmViewTreeFamilyTable = defineTable({
  name: 'vacmViewTreeFamilyTable',
  oid: '1.3.6.1.6.3.16.1.5.2',
  index: {
    vacmViewTreeFamilyViewName: column(1, adminString(1, 32), 'not-accessible'),
    vacmViewTreeFamilySubtree: column(2, objectIdentifier(), 'not-accessible'),
  },
  columns: {
    vacmViewTreeFamilyMask: column(3, octetString(0, 16), 'read-create', { defaultValue: new Uint8Array(0) }),
    vacmViewTreeFamilyType: column(4, enumeration({ included: 1, excluded: 2 }), 'read-create', {
      defaultValue: 'included',
    }),
    vacmViewTreeFamilyStorageType: column(5, storageType(), 'read-create', kept),
    vacmViewTreeFamilyStatus: column(6, rowStatus(), 'read-create'),
  },
  cnf: [
    'vacmViewTreeFamilyViewName',
    'vacmViewTreeFamilySubtree',
    'vacmViewTreeFamilyMask',
    'vacmViewTreeFamilyType',
    'vacmViewTreeFamilyStorageType',
  ],
})
