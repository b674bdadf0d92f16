/** mteTriggerTable with the tables whose rows it brings along, and what CASTELLAN-EVENT-MIB adds to each trigger. */

import { column, defineTable } from '../../../lib/mib/declare.ts'
import { securityLevelColumn, securityModelColumn } from '../../../lib/mib/principal-columns.ts'
import {
  bits,
  counter32,
  enumeration,
  gauge32,
  integer32,
  objectIdentifier,
  rowStatus,
  text,
  truthValue,
  unsigned32,
} from '../../../lib/mib/syntax.ts'
import { castellanArc } from '../../../lib/smi/enterprise.ts'
import { oid } from '../../../lib/smi/oid.ts'
import { adminName, mteObjectsArc, noText, ownOnly, rowName } from './syntax.ts'

const mteTrigger = `${mteObjectsArc}.2`
const delta = { entry: `${mteTrigger}.3.1`, presence: 'maybe' } as const
const existence = { entry: `${mteTrigger}.4.1`, presence: 'maybe' } as const
const boolean = { entry: `${mteTrigger}.5.1`, presence: 'maybe' } as const
const threshold = { entry: `${mteTrigger}.6.1`, presence: 'maybe' } as const
/** Its columns AUGMENT mteTriggerEntry. */
const own = { entry: `${castellanArc}.12.88.1.1.1` } as const
const ownLive = { ...own, presence: 'live' } as const
const no = { defaultValue: false } as const

/** As whom triggers act that a file makes; snmpd.cnf gives it views. */
export const eventAgent = { securityModel: 'usm', securityName: 'eventAgent', securityLevel: 'authPriv' } as const

const thresholdName = (number: number) => column(number, adminName(), 'read-write', { ...threshold, ...noText })
const thresholdValue = (number: number) => column(number, integer32(), 'read-write', { ...threshold, defaultValue: 0 })
const has = (test: string) => (row: Readonly<Record<string, unknown>>) =>
  row.mteTriggerTest instanceof Set && row.mteTriggerTest.has(test)

export const mteTriggerTable = defineTable({
  name: 'mteTriggerTable',
  oid: `${mteTrigger}.2`,
  index: {
    mteOwner: column(1, adminName(), 'not-accessible'),
    mteTriggerName: column(2, rowName(), 'not-accessible'),
  },
  implied: true,
  columns: {
    mteTriggerComment: column(3, text(0, 255), 'read-create', noText),
    mteTriggerTest: column(4, bits({ existence: 0, boolean: 1, threshold: 2 }), 'read-create', {
      defaultValue: new Set(['boolean'] as const),
    }),
    mteTriggerSampleType: column(5, enumeration({ absoluteValue: 1, deltaValue: 2 }), 'read-create', {
      defaultValue: 'absoluteValue',
    }),
    mteTriggerValueID: column(6, objectIdentifier(), 'read-create', { defaultValue: [0, 0] }),
    mteTriggerValueIDWildcard: column(7, truthValue(), 'read-create', no),
    mteTriggerTargetTag: column(8, ownOnly('SnmpTagValue'), 'read-create', noText),
    mteTriggerContextName: column(9, ownOnly(), 'read-create', noText),
    mteTriggerContextNameWildcard: column(10, truthValue(), 'read-create', no),
    // 0, instantaneous recognition, is disallowed where it cannot be had.
    mteTriggerFrequency: column(11, unsigned32(1), 'read-create', { defaultValue: 600 }),
    mteTriggerObjectsOwner: column(12, adminName(), 'read-create', noText),
    mteTriggerObjects: column(13, adminName(), 'read-create', noText),
    mteTriggerEnabled: column(14, truthValue(), 'read-create', no),
    mteTriggerEntryStatus: column(15, rowStatus(), 'read-create'),

    mteTriggerDeltaDiscontinuityID: column(1, objectIdentifier(), 'read-write', {
      ...delta,
      defaultValue: oid('1.3.6.1.2.1.1.3.0'), // sysUpTime.0
    }),
    mteTriggerDeltaDiscontinuityIDWildcard: column(2, truthValue(), 'read-write', { ...delta, ...no }),
    mteTriggerDeltaDiscontinuityIDType: column(
      3,
      enumeration({ timeTicks: 1, timeStamp: 2, dateAndTime: 3 }),
      'read-write',
      { ...delta, defaultValue: 'timeTicks' },
    ),

    mteTriggerExistenceTest: column(1, bits({ present: 0, absent: 1, changed: 2 }), 'read-write', {
      ...existence,
      defaultValue: new Set(['present', 'absent'] as const),
    }),
    mteTriggerExistenceStartup: column(2, bits({ present: 0, absent: 1 }), 'read-write', {
      ...existence,
      defaultValue: new Set(['present', 'absent'] as const),
    }),
    mteTriggerExistenceObjectsOwner: column(3, adminName(), 'read-write', { ...existence, ...noText }),
    mteTriggerExistenceObjects: column(4, adminName(), 'read-write', { ...existence, ...noText }),
    mteTriggerExistenceEventOwner: column(5, adminName(), 'read-write', { ...existence, ...noText }),
    mteTriggerExistenceEvent: column(6, adminName(), 'read-write', { ...existence, ...noText }),

    mteTriggerBooleanComparison: column(
      1,
      enumeration({ unequal: 1, equal: 2, less: 3, lessOrEqual: 4, greater: 5, greaterOrEqual: 6 }),
      'read-write',
      { ...boolean, defaultValue: 'unequal' },
    ),
    mteTriggerBooleanValue: column(2, integer32(), 'read-write', { ...boolean, defaultValue: 0 }),
    mteTriggerBooleanStartup: column(3, truthValue(), 'read-write', { ...boolean, defaultValue: true }),
    mteTriggerBooleanObjectsOwner: column(4, adminName(), 'read-write', { ...boolean, ...noText }),
    mteTriggerBooleanObjects: column(5, adminName(), 'read-write', { ...boolean, ...noText }),
    mteTriggerBooleanEventOwner: column(6, adminName(), 'read-write', { ...boolean, ...noText }),
    mteTriggerBooleanEvent: column(7, adminName(), 'read-write', { ...boolean, ...noText }),

    mteTriggerThresholdStartup: column(1, enumeration({ rising: 1, falling: 2, risingOrFalling: 3 }), 'read-write', {
      ...threshold,
      defaultValue: 'risingOrFalling',
    }),
    mteTriggerThresholdRising: thresholdValue(2),
    mteTriggerThresholdFalling: thresholdValue(3),
    mteTriggerThresholdDeltaRising: thresholdValue(4),
    mteTriggerThresholdDeltaFalling: thresholdValue(5),
    mteTriggerThresholdObjectsOwner: thresholdName(6),
    mteTriggerThresholdObjects: thresholdName(7),
    mteTriggerThresholdRisingEventOwner: thresholdName(8),
    mteTriggerThresholdRisingEvent: thresholdName(9),
    mteTriggerThresholdFallingEventOwner: thresholdName(10),
    mteTriggerThresholdFallingEvent: thresholdName(11),
    mteTriggerThresholdDeltaRisingEventOwner: thresholdName(12),
    mteTriggerThresholdDeltaRisingEvent: thresholdName(13),
    mteTriggerThresholdDeltaFallingEventOwner: thresholdName(14),
    mteTriggerThresholdDeltaFallingEvent: thresholdName(15),

    castellanEventTriggerLastError: column(1, text(0, 1024, 'CastellanText'), 'read-only', {
      ...ownLive,
      contents: false,
    }),
    castellanEventTriggerFailures: column(2, counter32(), 'read-only', ownLive),
    castellanEventTriggerInstances: column(3, gauge32(), 'read-only', ownLive),
    castellanEventTriggerSecurityModel: column(4, securityModelColumn(), 'read-only', {
      ...own,
      defaultValue: eventAgent.securityModel,
    }),
    castellanEventTriggerSecurityName: column(5, adminName(), 'read-only', {
      ...own,
      defaultValue: eventAgent.securityName,
    }),
    castellanEventTriggerSecurityLevel: column(6, securityLevelColumn(), 'read-only', {
      ...own,
      defaultValue: eventAgent.securityLevel,
    }),
  },
  cnf: [
    'mteOwner',
    'mteTriggerName',
    'mteTriggerComment',
    'mteTriggerTest',
    'mteTriggerSampleType',
    'mteTriggerValueID',
    'mteTriggerValueIDWildcard',
    'mteTriggerTargetTag',
    'mteTriggerContextName',
    'mteTriggerContextNameWildcard',
    'mteTriggerFrequency',
    'mteTriggerObjectsOwner',
    'mteTriggerObjects',
    'mteTriggerEnabled',
    'mteTriggerEntryStatus',
    // Of rows that were made over SNMP: whose rights they have. Lines without act as eventAgent.
    'castellanEventTriggerSecurityModel',
    'castellanEventTriggerSecurityName',
    'castellanEventTriggerSecurityLevel',
  ],
  // The lines of these end in the index, as the ancestor's do.
  dependents: [
    {
      name: 'mteTriggerDeltaTable',
      oid: `${mteTrigger}.3`,
      exists: (row) => row.mteTriggerSampleType === 'deltaValue',
      cnf: [
        'mteTriggerDeltaDiscontinuityID',
        'mteTriggerDeltaDiscontinuityIDWildcard',
        'mteTriggerDeltaDiscontinuityIDType',
        'mteOwner',
        'mteTriggerName',
      ],
    },
    {
      name: 'mteTriggerExistenceTable',
      oid: `${mteTrigger}.4`,
      exists: has('existence'),
      cnf: [
        'mteTriggerExistenceTest',
        'mteTriggerExistenceStartup',
        'mteTriggerExistenceObjectsOwner',
        'mteTriggerExistenceObjects',
        'mteTriggerExistenceEventOwner',
        'mteTriggerExistenceEvent',
        'mteOwner',
        'mteTriggerName',
      ],
    },
    {
      name: 'mteTriggerBooleanTable',
      oid: `${mteTrigger}.5`,
      exists: has('boolean'),
      cnf: [
        'mteTriggerBooleanComparison',
        'mteTriggerBooleanValue',
        'mteTriggerBooleanStartup',
        'mteTriggerBooleanObjectsOwner',
        'mteTriggerBooleanObjects',
        'mteTriggerBooleanEventOwner',
        'mteTriggerBooleanEvent',
        'mteOwner',
        'mteTriggerName',
      ],
    },
    {
      name: 'mteTriggerThresholdTable',
      oid: `${mteTrigger}.6`,
      exists: has('threshold'),
      cnf: [
        'mteTriggerThresholdStartup',
        'mteTriggerThresholdRising',
        'mteTriggerThresholdFalling',
        'mteTriggerThresholdDeltaRising',
        'mteTriggerThresholdDeltaFalling',
        'mteTriggerThresholdObjectsOwner',
        'mteTriggerThresholdObjects',
        'mteTriggerThresholdRisingEventOwner',
        'mteTriggerThresholdRisingEvent',
        'mteTriggerThresholdFallingEventOwner',
        'mteTriggerThresholdFallingEvent',
        'mteTriggerThresholdDeltaRisingEventOwner',
        'mteTriggerThresholdDeltaRisingEvent',
        'mteTriggerThresholdDeltaFallingEventOwner',
        'mteTriggerThresholdDeltaFallingEvent',
        'mteOwner',
        'mteTriggerName',
      ],
    },
  ],
})
