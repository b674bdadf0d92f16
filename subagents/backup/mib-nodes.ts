/** drsNodeTable and drsJobNodeTable of CASTELLAN-BACKUP-MIB: other machines that are backed up together with this one. */
import { column, defineTable, foreignIndex } from '../../lib/mib/declare.ts'
import {
  dateAndTimeOrNever,
  enumeration,
  rowStatus,
  storageType,
  textOctets,
  unsigned32,
} from '../../lib/mib/syntax.ts'
import { drsJobTable } from './mib.ts'
import { castellanText, drs, harmless, never, percent, row } from './mib-syntax.ts'

const secret = { secret: true, defaultValue: new Uint8Array() } as const

export const drsNodeTable = defineTable({
  name: 'drsNodeTable',
  oid: `${drs}.14`,
  index: { drsNodeIndex: column(1, row(), 'not-accessible') },
  columns: {
    drsNodeName: column(2, castellanText(1, 64), 'read-create', harmless),
    drsNodeHost: column(3, castellanText(1, 255), 'read-create', harmless),
    drsNodePort: column(4, unsigned32(1, 65_535), 'read-create', { defaultValue: 161 }),
    drsNodeUserName: column(5, castellanText(1, 32), 'read-create', harmless),
    drsNodeAuthProtocol: column(6, castellanText(1, 32), 'read-create', { defaultValue: 'SHA-256' }),
    drsNodePrivProtocol: column(7, castellanText(1, 32), 'read-create', { defaultValue: 'AES' }),
    drsNodeAuthPassphrase: column(8, textOctets(0, 255), 'read-create', secret),
    drsNodePrivPassphrase: column(9, textOctets(0, 255), 'read-create', secret),
    drsNodeOperStatus: column(
      10,
      enumeration({ unknown: 1, ready: 2, unreachable: 3, unauthorized: 4, notServing: 5, refused: 6 }),
      'read-only',
      { defaultValue: 'unknown' },
    ),
    drsNodeVersion: column(11, castellanText(0, 255), 'read-only', { ...harmless, defaultValue: '' }),
    drsNodeLastSeen: column(12, dateAndTimeOrNever(), 'read-only', never),
    drsNodeError: column(13, castellanText(0, 1024), 'read-only', { ...harmless, defaultValue: '' }),
    drsNodeStorageType: column(14, storageType(), 'read-create', { defaultValue: 'nonVolatile' }),
    drsNodeRowStatus: column(15, rowStatus(), 'read-create'),
  },
  cnf: [
    'drsNodeIndex',
    'drsNodeName',
    'drsNodeHost',
    'drsNodePort',
    'drsNodeUserName',
    'drsNodeAuthProtocol',
    'drsNodePrivProtocol',
    'drsNodeAuthPassphrase',
    'drsNodePrivPassphrase',
    'drsNodeStorageType',
  ],
})

export const drsJobNodeTable = defineTable({
  name: 'drsJobNodeTable',
  oid: `${drs}.15`,
  index: {
    drsJobIndex: foreignIndex(drsJobTable.columns.drsJobIndex),
    drsJobNodeIndex: column(1, row(), 'not-accessible'),
  },
  columns: {
    drsJobNodeName: column(2, castellanText(0, 255), 'read-only', harmless),
    drsJobNodeStatus: column(
      3,
      enumeration({ waiting: 1, running: 2, done: 3, partial: 4, failed: 5, canceled: 6, disconnected: 7 }),
    ),
    drsJobNodePercent: column(4, percent()),
    drsJobNodeComponent: column(5, castellanText(0, 255), 'read-only', harmless),
    drsJobNodeError: column(6, castellanText(0, 1024), 'read-only', harmless),
  },
})
