/** CASTELLAN-AGENT-MIB: what this agent knows of itself that no standard module has a place for. */

import { column, defineNotification, defineScalars, defineTable, foreignIndex } from '../../lib/mib/declare.ts'
import { storageFailures, storageReason, storageUnkept } from '../../lib/mib/storage-group.ts'
import { counter32, enumeration, gauge32, text } from '../../lib/mib/syntax.ts'
import { castellanArc } from '../../lib/smi/enterprise.ts'
import { snmpTargetAddrTable } from './target-tables.ts'

const live = { presence: 'live' } as const
const castellanAgent = `${castellanArc}.12.1`

export const castellanNotify = defineScalars({
  name: 'castellanNotify',
  oid: `${castellanAgent}.1.1`,
  objects: {
    castellanNotifyText: column(1, text(0, 1024, 'CastellanText'), 'accessible-for-notify', { presence: 'maybe' }),
  },
})

export const castellanTargetTable = defineTable({
  name: 'castellanTargetTable',
  oid: `${castellanAgent}.1.2`,
  index: { snmpTargetAddrName: foreignIndex(snmpTargetAddrTable.columns.snmpTargetAddrName) },
  implied: true,
  columns: {
    castellanTargetSent: column(1, counter32(), 'read-only', live),
    castellanTargetAcknowledged: column(2, counter32(), 'read-only', live),
    castellanTargetLost: column(3, counter32(), 'read-only', live),
    castellanTargetWaiting: column(4, gauge32(), 'read-only', live),
    castellanTargetLastError: column(5, text(0, 255, 'CastellanText'), 'read-only', { ...live, contents: false }),
  },
})

export const castellanSubagents = defineScalars({
  name: 'castellanSubagents',
  oid: `${castellanAgent}.1.3`,
  objects: {
    castellanSubagentDescription: column(1, text(0, 255, 'CastellanText'), 'accessible-for-notify', {
      presence: 'maybe',
    }),
    castellanSubagentSocket: column(2, enumeration({ subagents: 1, sipd: 2, others: 3 }), 'accessible-for-notify', {
      presence: 'maybe',
    }),
  },
})

export const castellanAccountTable = defineTable({
  name: 'castellanAccountTable',
  oid: `${castellanAgent}.1.4`,
  index: { castellanAccountName: column(1, text(1, 32, 'CastellanText'), 'not-accessible') },
  implied: true,
  columns: {
    castellanAccountHeld: column(2, gauge32(), 'read-only', live),
    castellanAccountMost: column(3, gauge32(), 'read-only', live),
    castellanAccountRefused: column(4, counter32(), 'read-only', live),
  },
})

const { castellanSubagentDescription, castellanSubagentSocket } = castellanSubagents.columns

export const castellanStorage = defineScalars({
  name: 'castellanStorage',
  oid: `${castellanAgent}.1.5`,
  objects: {
    castellanStorageFailures: storageFailures(1),
    castellanStorageUnkept: storageUnkept(1),
    castellanStorageReason: storageReason(1),
  },
})

export const castellanSubagentLost = defineNotification({
  name: 'castellanSubagentLost',
  oid: `${castellanAgent}.0.1`,
  objects: { castellanSubagentDescription, castellanSubagentSocket },
})

export const castellanSubagentReturned = defineNotification({
  name: 'castellanSubagentReturned',
  oid: `${castellanAgent}.0.2`,
  objects: { castellanSubagentDescription, castellanSubagentSocket },
})
