/** CASTELLAN-EVENT-MIB: where each sampled instance stands; what it adds to triggers is declared with them. */

import { column, defineTable, foreignIndex } from '../../../lib/mib/declare.ts'
import {
  counter32,
  dateAndTimeOrNever,
  enumeration,
  integer32,
  objectIdentifier,
  text,
} from '../../../lib/mib/syntax.ts'
import { castellanArc } from '../../../lib/smi/enterprise.ts'
import { mteTriggerTable } from './triggers.ts'

const live = { presence: 'live' } as const

/** `unknown` until two samples make a difference; `normal` is neither threshold reached, and nothing that fires. */
const instanceState = () =>
  enumeration({
    unknown: 1,
    normal: 2,
    rising: 3,
    falling: 4,
    isTrue: 5,
    isFalse: 6,
    present: 7,
    absent: 8,
    failed: 9,
  })

export const castellanEventInstanceTable = defineTable({
  name: 'castellanEventInstanceTable',
  oid: `${castellanArc}.12.88.1.2`,
  index: {
    mteOwner: foreignIndex(mteTriggerTable.index.mteOwner),
    mteTriggerName: foreignIndex(mteTriggerTable.index.mteTriggerName),
    castellanEventInstanceOID: column(1, objectIdentifier(), 'not-accessible'),
  },
  implied: true,
  columns: {
    castellanEventInstanceValue: column(2, text(0, 1024, 'CastellanText'), 'read-only', live),
    castellanEventInstanceDistance: column(3, integer32(), 'read-only', live),
    castellanEventInstanceState: column(4, instanceState(), 'read-only', live),
    castellanEventInstanceSampled: column(5, dateAndTimeOrNever(), 'read-only', live),
    castellanEventInstanceFired: column(6, counter32(), 'read-only', live),
    castellanEventInstanceLastFired: column(7, dateAndTimeOrNever(), 'read-only', live),
    castellanEventInstanceLastError: column(8, text(0, 1024, 'CastellanText'), 'read-only', {
      ...live,
      contents: false,
    }),
  },
})
