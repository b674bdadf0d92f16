/** What snmpd.cnf says of the console: its users, what they may, and that the agent informs it. */

import { consoleView } from '../../agent/access/guarded-families.ts'
import {
  vacmAccessTable,
  vacmSecurityToGroupTable,
  vacmViewTreeFamilyTable,
} from '../../agent/internal/access-tables.ts'
import { nlmLogVariableTable } from '../../agent/internal/notification-log-tables.ts'
import { snmpNotifyTable, snmpTargetAddrTable, snmpTargetParamsTable } from '../../agent/internal/target-tables.ts'
import { consoleUsers } from '../../console/credentials.ts'
import { anyDefinition, type Definition, type RowOf } from '../../lib/mib/declare.ts'
import { type AnyRow, anyRow } from '../../lib/mib/served.ts'
import { type Oid, oid } from '../../lib/smi/oid.ts'
import { snmpUdpDomain } from '../../snmp/transport/transport-address.ts'
import { drsDeviceTable, drsScheduleTable } from '../../subagents/backup/mib.ts'

export interface WantedRow {
  readonly definition: Definition
  readonly row: AnyRow
}

const kept = 'nonVolatile'
const active = 'active'
const view = consoleView
const group = 'consolePriv'
/** Of target, tag, parameters and notify row alike. */
const name = 'castellanConsole'

/** What everybody's `read` view leaves out too: secrets, and who may do what. */
const excluded: readonly Oid[] = [
  '1.3.6.1.6.3.18.1.1', // snmpCommunityTable
  '1.3.6.1.6.3.16.1.2', // vacmSecurityToGroupTable
  '1.3.6.1.6.3.16.1.4', // vacmAccessTable
  '1.3.6.1.6.3.16.1.5.2', // vacmViewTreeFamilyTable
  '1.3.6.1.6.3.15.1.2.2', // usmUserTable
]
  .map((text) => oid(text))
  // Where backups go, and when.
  .concat([drsDeviceTable, drsScheduleTable].map(({ entry }) => entry.slice(0, -1)))

/** All but the users themselves. `address` is where the console receives, as snmpTargetAddrTAddress has it. */
export function consoleRows(address: Uint8Array): WantedRow[] {
  return [
    family(oid('1.3'), 'included'),
    // The history is what was notified, and the informs have it too.
    family(nlmLogVariableTable.entry.slice(0, -1), 'included'),
    ...excluded.map((subtree) => family(subtree, 'excluded')),
    wanted(vacmAccessTable, {
      vacmGroupName: group,
      vacmAccessContextPrefix: '',
      vacmAccessSecurityModel: 'usm',
      vacmAccessSecurityLevel: 'authPriv',
      vacmAccessContextMatch: 'exact',
      vacmAccessReadViewName: view,
      vacmAccessWriteViewName: '',
      vacmAccessNotifyViewName: view,
      vacmAccessStorageType: kept,
      vacmAccessStatus: active,
    }),
    member(consoleUsers.read, group),
    member(consoleUsers.operate, 'operatePriv'),
    wanted(snmpTargetParamsTable, {
      snmpTargetParamsName: name,
      snmpTargetParamsMPModel: 'snmpv3',
      snmpTargetParamsSecurityModel: 'usm',
      snmpTargetParamsSecurityName: consoleUsers.read,
      snmpTargetParamsSecurityLevel: 'authPriv',
      snmpTargetParamsStorageType: kept,
      snmpTargetParamsRowStatus: active,
    }),
    wanted(snmpTargetAddrTable, {
      snmpTargetAddrName: name,
      snmpTargetAddrTDomain: snmpUdpDomain,
      snmpTargetAddrTAddress: address,
      snmpTargetAddrTimeout: 300,
      snmpTargetAddrRetryCount: 3,
      snmpTargetAddrTagList: name,
      snmpTargetAddrParams: name,
      snmpTargetAddrStorageType: kept,
      snmpTargetAddrRowStatus: active,
      snmpTargetAddrTMask: new Uint8Array(0),
      snmpTargetAddrMMS: 484,
    }),
    wanted(snmpNotifyTable, {
      snmpNotifyName: name,
      snmpNotifyTag: name,
      snmpNotifyType: 'inform',
      snmpNotifyStorageType: kept,
      snmpNotifyRowStatus: active,
    }),
  ]
}

function member(user: string, vacmGroupName: string): WantedRow {
  return wanted(vacmSecurityToGroupTable, {
    vacmSecurityModel: 'usm',
    vacmSecurityName: user,
    vacmGroupName,
    vacmSecurityToGroupStorageType: kept,
    vacmSecurityToGroupStatus: active,
  })
}

function family(subtree: Oid, type: 'included' | 'excluded'): WantedRow {
  return wanted(vacmViewTreeFamilyTable, {
    vacmViewTreeFamilyViewName: view,
    vacmViewTreeFamilySubtree: subtree,
    vacmViewTreeFamilyMask: new Uint8Array(0),
    vacmViewTreeFamilyType: type,
    vacmViewTreeFamilyStorageType: kept,
    vacmViewTreeFamilyStatus: active,
  })
}

function wanted<D extends { readonly entry: Oid }>(declared: D, row: RowOf<D>): WantedRow {
  return { definition: anyDefinition(declared), row: anyRow(row) }
}
