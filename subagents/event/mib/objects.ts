/** mteObjectsTable: groups of objects that notifications take along. */
import { column, defineTable, foreignIndex } from '../../../lib/mib/declare.ts'
import { objectIdentifier, rowStatus, truthValue, unsigned32 } from '../../../lib/mib/syntax.ts'
import { mteObjectsArc, rowName } from './syntax.ts'
import { mteTriggerTable } from './triggers.ts'

export const mteObjectsTable = defineTable({
  name: 'mteObjectsTable',
  oid: `${mteObjectsArc}.3.1`,
  index: {
    mteOwner: foreignIndex(mteTriggerTable.index.mteOwner),
    mteObjectsName: column(1, rowName(), 'not-accessible'),
    mteObjectsIndex: column(2, unsigned32(1), 'not-accessible'),
  },
  columns: {
    mteObjectsID: column(3, objectIdentifier(), 'read-create', { defaultValue: [0, 0] }),
    mteObjectsIDWildcard: column(4, truthValue(), 'read-create', { defaultValue: false }),
    mteObjectsEntryStatus: column(5, rowStatus(), 'read-create'),
  },
  cnf: [
    'mteObjectsName',
    'mteObjectsIndex',
    'mteObjectsID',
    'mteObjectsIDWildcard',
    'mteObjectsEntryStatus',
    'mteOwner',
  ],
})
