/** mteEventTable with the tables of its two actions, notifications and sets, whose rows it brings along. */
import { column, defineTable, foreignIndex } from '../../../lib/mib/declare.ts'
import { bits, integer32, objectIdentifier, rowStatus, text, truthValue } from '../../../lib/mib/syntax.ts'
import { adminName, mteObjectsArc, noText, ownOnly, rowName } from './syntax.ts'
import { mteTriggerTable } from './triggers.ts'

const mteEvent = `${mteObjectsArc}.4`
const notification = { entry: `${mteEvent}.3.1`, presence: 'maybe' } as const
const set = { entry: `${mteEvent}.4.1`, presence: 'maybe' } as const
const no = { defaultValue: false } as const
const has = (action: string) => (row: Readonly<Record<string, unknown>>) =>
  row.mteEventActions instanceof Set && row.mteEventActions.has(action)

export const mteEventTable = defineTable({
  name: 'mteEventTable',
  oid: `${mteEvent}.2`,
  index: {
    mteOwner: foreignIndex(mteTriggerTable.index.mteOwner),
    mteEventName: column(1, rowName(), 'not-accessible'),
  },
  implied: true,
  columns: {
    mteEventComment: column(2, text(0, 255), 'read-create', noText),
    mteEventActions: column(3, bits({ notification: 0, set: 1 }), 'read-create', { defaultValue: new Set() }),
    mteEventEnabled: column(4, truthValue(), 'read-create', no),
    mteEventEntryStatus: column(5, rowStatus(), 'read-create'),

    mteEventNotification: column(1, objectIdentifier(), 'read-write', { ...notification, defaultValue: [0, 0] }),
    mteEventNotificationObjectsOwner: column(2, adminName(), 'read-write', { ...notification, ...noText }),
    mteEventNotificationObjects: column(3, adminName(), 'read-write', { ...notification, ...noText }),

    mteEventSetObject: column(1, objectIdentifier(), 'read-write', { ...set, defaultValue: [0, 0] }),
    mteEventSetObjectWildcard: column(2, truthValue(), 'read-write', { ...set, ...no }),
    mteEventSetValue: column(3, integer32(), 'read-write', { ...set, defaultValue: 0 }),
    mteEventSetTargetTag: column(4, ownOnly('SnmpTagValue'), 'read-write', { ...set, ...noText }),
    mteEventSetContextName: column(5, ownOnly(), 'read-write', { ...set, ...noText }),
    mteEventSetContextNameWildcard: column(6, truthValue(), 'read-write', { ...set, ...no }),
  },
  cnf: ['mteEventName', 'mteEventComment', 'mteEventActions', 'mteEventEnabled', 'mteEventEntryStatus', 'mteOwner'],
  dependents: [
    {
      name: 'mteEventNotificationTable',
      oid: `${mteEvent}.3`,
      exists: has('notification'),
      cnf: [
        'mteEventNotification',
        'mteEventNotificationObjectsOwner',
        'mteEventNotificationObjects',
        'mteOwner',
        'mteEventName',
      ],
    },
    {
      name: 'mteEventSetTable',
      oid: `${mteEvent}.4`,
      exists: has('set'),
      cnf: [
        'mteEventSetObject',
        'mteEventSetObjectWildcard',
        'mteEventSetValue',
        'mteEventSetTargetTag',
        'mteEventSetContextName',
        'mteEventSetContextNameWildcard',
        'mteOwner',
        'mteEventName',
      ],
    },
  ],
})
