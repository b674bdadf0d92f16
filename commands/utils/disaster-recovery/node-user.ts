/**
 * The user of SNMPv3 that the master of backups is on another node: made there by a user of group admin, by cloning and with keys
 * of its own (RFC 3414 §5, usmUserCloneFrom), in a group that reads and sets CASTELLAN-BACKUP-MIB and nothing else.
 */
import {
  vacmAccessTable,
  vacmSecurityToGroupTable,
  vacmViewTreeFamilyTable,
} from '../../../agent/internal/access-tables.ts'
import { usmUserTable } from '../../../agent/internal/usm-users.ts'
import { anyDefinition } from '../../../lib/mib/declare.ts'
import { instanceOf } from '../../../lib/mib/instance.ts'
import { readRow, varbindsOf } from '../../../lib/mib/row-requests.ts'
import { oid } from '../../../lib/smi/oid.ts'
import type { Varbind } from '../../../lib/smi/value.ts'
import type { Manager } from '../../../snmp/manager/manager.ts'
import { keyChangeOf } from '../../../snmp/security/usm/key-change.ts'
import { authKey, privKey } from '../../../snmp/security/usm/keys.ts'
import type { AuthProtocol, PrivProtocol } from '../../../snmp/security/usm/protocols.ts'
import { drs } from '../../../subagents/backup/mib-syntax.ts'

/** As a person knows a user, with privacy. */
export interface FullUser {
  readonly name: string
  readonly auth: { readonly protocol: AuthProtocol; readonly passphrase: string }
  readonly priv: { readonly protocol: PrivProtocol; readonly passphrase: string }
}

/** Of the group and of its view. */
const masterName = 'drsMaster'

/** `manager` asks as `admin`. One of that name that is there already is made again, with the new keys. */
export async function makeUser(manager: Manager, admin: FullUser, user: FullUser): Promise<void> {
  await removeUser(manager, user.name)
  const usmUserEngineID = engineOf(manager)
  const index = { usmUserEngineID, usmUserName: user.name }
  const template = instanceOf(anyDefinition(usmUserTable), { usmUserEngineID, usmUserName: admin.name })
  const usmUserCloneFrom = [...usmUserTable.columns.usmUserSecurityName.oid, ...template]
  await manager.set(varbindsOf(usmUserTable, index, { usmUserCloneFrom, usmUserStatus: 'createAndWait' }))
  await manager.set(varbindsOf(usmUserTable, index, { ...keyChanges(usmUserEngineID, admin, user) }))
  await manager.set(varbindsOf(usmUserTable, index, { usmUserStatus: 'active' }))
  const rows = [...(await accessRows(manager)), ...(await memberRow(manager, user.name))]
  if (rows.length > 0) await manager.set(rows)
}

/** With its membership; nothing where there is no such user. */
export async function removeUser(manager: Manager, name: string): Promise<void> {
  const index = { usmUserEngineID: await findEngine(manager), usmUserName: name }
  const columns = ['usmUserStatus'] as const
  if ((await readRow(manager, usmUserTable, { index, columns })).usmUserStatus === undefined) return
  await manager.set(varbindsOf(usmUserTable, index, { usmUserStatus: 'destroy' }))
  const member = memberOf(name)
  const status = await readRow(manager, vacmSecurityToGroupTable, {
    index: member,
    columns: ['vacmSecurityToGroupStatus'],
  })
  if (status.vacmSecurityToGroupStatus !== undefined)
    await manager.set(varbindsOf(vacmSecurityToGroupTable, member, { vacmSecurityToGroupStatus: 'destroy' }))
}

/** Each new key as a difference to that of the template, of use only to who knows the old one. */
function keyChanges(engineId: Uint8Array, admin: FullUser, user: FullUser) {
  const { protocol } = admin.auth
  const change = (before: Uint8Array, after: Uint8Array): Uint8Array => keyChangeOf(protocol, before, after)
  return {
    usmUserAuthKeyChange: change(
      authKey(protocol, admin.auth.passphrase, engineId),
      authKey(protocol, user.auth.passphrase, engineId),
    ),
    usmUserPrivKeyChange: change(
      privKey(protocol, admin.priv.protocol, admin.priv.passphrase, engineId),
      privKey(protocol, admin.priv.protocol, user.priv.passphrase, engineId),
    ),
  }
}

/** What the node lacks of the rights of the group. */
async function accessRows(manager: Manager): Promise<Varbind[]> {
  const view = { vacmViewTreeFamilyViewName: masterName, vacmViewTreeFamilySubtree: oid(drs) }
  const access = {
    vacmGroupName: masterName,
    vacmAccessContextPrefix: '',
    vacmAccessSecurityModel: 'usm',
    vacmAccessSecurityLevel: 'authPriv',
  }
  const hasView = await readRow(manager, vacmViewTreeFamilyTable, {
    index: view,
    columns: ['vacmViewTreeFamilyStatus'],
  })
  const hasAccess = await readRow(manager, vacmAccessTable, { index: access, columns: ['vacmAccessStatus'] })
  return [
    ...(hasView.vacmViewTreeFamilyStatus === undefined
      ? varbindsOf(vacmViewTreeFamilyTable, view, { vacmViewTreeFamilyStatus: 'createAndGo' })
      : []),
    ...(hasAccess.vacmAccessStatus === undefined
      ? varbindsOf(vacmAccessTable, access, {
          vacmAccessReadViewName: masterName,
          vacmAccessWriteViewName: masterName,
          vacmAccessStatus: 'createAndGo',
        })
      : []),
  ]
}

async function memberRow(manager: Manager, name: string): Promise<Varbind[]> {
  const index = memberOf(name)
  const found = await readRow(manager, vacmSecurityToGroupTable, { index, columns: ['vacmGroupName'] })
  if (found.vacmGroupName === masterName) return []
  const status = found.vacmGroupName === undefined ? ({ vacmSecurityToGroupStatus: 'createAndGo' } as const) : {}
  return varbindsOf(vacmSecurityToGroupTable, index, { vacmGroupName: masterName, ...status })
}

const memberOf = (vacmSecurityName: string) => ({ vacmSecurityModel: 'usm', vacmSecurityName }) as const

/** Known once the agent has answered. */
async function findEngine(manager: Manager): Promise<Uint8Array> {
  if (!manager.engineId) await manager.get([oid('1.3.6.1.2.1.1.3.0')])
  return engineOf(manager)
}

function engineOf({ engineId }: Manager): Uint8Array {
  if (!engineId) throw new Error('the agent did not say which engine it is')
  return engineId
}
