/** The rows of snmpd.cnf that a user of SNMPv3 is: one of usmUserTable for each engine, and one of the groups. */
import type { vacmSecurityToGroupTable } from '../../agent/internal/access-tables.ts'
import type { UsmUserRow } from '../../agent/internal/usm-users.ts'
import type { RowOf } from '../../lib/mib/declare.ts'
import { compareOid, type Oid, oid } from '../../lib/smi/oid.ts'
import { authKey, privKey } from '../../snmp/security/usm/keys.ts'
import {
  type AuthProtocol,
  authProtocols,
  type PrivProtocol,
  privProtocols,
} from '../../snmp/security/usm/protocols.ts'
import type { Passphrases } from '../credentials/passphrases.ts'

export type GroupRow = RowOf<typeof vacmSecurityToGroupTable>
export interface Protocols {
  readonly auth: AuthProtocol
  readonly priv: PrivProtocol | undefined
}

const nothing = new Uint8Array(0)
const noPrivProtocol = oid('1.3.6.1.6.3.10.1.2.1')

/** A user with new keys; what else `kept` says of it stays. `engineId` is whose the keys are, by its octets. */
export function userRow(
  name: string,
  usmUserEngineID: Uint8Array,
  { auth, priv }: Protocols,
  phrases: Passphrases,
  engineId: Uint8Array,
  kept: UsmUserRow | undefined,
): UsmUserRow {
  return {
    usmUserEngineID,
    usmUserName: name,
    usmUserCloneFrom: [0, 0],
    usmUserAuthKeyChange: nothing,
    usmUserOwnAuthKeyChange: nothing,
    usmUserPrivKeyChange: nothing,
    usmUserOwnPrivKeyChange: nothing,
    usmUserPublic: nothing,
    usmUserStorageType: 'nonVolatile',
    ...kept,
    usmUserAuthProtocol: auth.oid,
    usmUserPrivProtocol: priv?.oid ?? noPrivProtocol,
    usmUserAuthKey: authKey(auth, phrases.auth, engineId),
    usmUserPrivKey: priv ? privKey(auth, priv, phrases.priv, engineId) : nothing,
    usmUserStatus: 'active',
    isCloned: true,
    hasOwnAuthKey: true,
    hasOwnPrivKey: true,
  }
}

/** Throws for a user without authentication, which has no passphrases. */
export function protocolsOf(row: UsmUserRow): Protocols {
  const of = <P extends { readonly oid: Oid }>(known: readonly P[], wanted: Oid): P | undefined =>
    known.find((one) => compareOid(one.oid, wanted) === 0)
  const auth = of(authProtocols, row.usmUserAuthProtocol)
  if (!auth) throw new Error(`user ${row.usmUserName} has no authentication, and so no passphrase`)
  return { auth, priv: of(privProtocols, row.usmUserPrivProtocol) }
}

/** A user's membership after a change: `requested` where there is one, else the group that it is in, else `read`. */
export function memberRow(
  name: string,
  requested: string | undefined,
  isPrivate: boolean,
  kept: GroupRow | undefined,
): GroupRow {
  const level = isPrivate ? 'Priv' : 'Auth'
  // A group of one's own making is nothing that could be derived from the protocols.
  const before = kept?.vacmGroupName ?? 'readPriv'
  const [, present] = /^(read|operate|admin)(?:Priv|Auth)$/.exec(before) ?? []
  const group = requested ?? present
  if (group === 'admin' && !isPrivate) throw new Error('group admin needs a user with privacy: --priv')
  return {
    vacmSecurityModel: 'usm',
    vacmSecurityName: name,
    vacmSecurityToGroupStorageType: 'nonVolatile',
    ...kept,
    vacmGroupName: group === undefined ? before : `${group}${level}`,
    vacmSecurityToGroupStatus: 'active',
  }
}
