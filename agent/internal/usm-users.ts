/** usmUserTable of SNMP-USER-BASED-SM-MIB (RFC 3414): the users of SNMPv3, made and changed over SNMP and in snmpd.cnf. */
import { column, defineScalars, defineTable, type RowOf } from '../../lib/mib/declare.ts'
import { indexValues } from '../../lib/mib/instance.ts'
import { anyServing, type Handlers, type Refusal, serve } from '../../lib/mib/module.ts'
import {
  objectIdentifier,
  octetString,
  rowStatus,
  type Syntax,
  storageType,
  testAndIncr,
  truthValue,
} from '../../lib/mib/syntax.ts'
import { compareOid, type Oid, oid, startsWith } from '../../lib/smi/oid.ts'
import { changedKey } from '../../snmp/security/usm/key-change.ts'
import { authProtocols, privProtocols } from '../../snmp/security/usm/protocols.ts'
import type { UsmUser } from '../../snmp/security/usm/usm.ts'
import { adminString, engineIdOr } from './conventions.ts'

const noAuthProtocol = oid('1.3.6.1.6.3.10.1.1.1')
const noPrivProtocol = oid('1.3.6.1.6.3.10.1.2.1')
const zeroDotZero: Oid = [0, 0]
const nothing = new Uint8Array(0)

/** A protocol by its OID, or in files by its usual name; one that is not known is wrongValue. */
function protocol(known: readonly { readonly name: string; readonly oid: Oid }[], none: Oid): Syntax<Oid> {
  const plain = objectIdentifier('AutonomousType')
  const all = [{ name: 'none', oid: none }, ...known]
  const find = (value: Oid) => all.find((one) => compareOid(one.oid, value) === 0)
  return {
    ...plain,
    fromSnmp: (value) => {
      const decoded = plain.fromSnmp(value)
      return 'error' in decoded || find(decoded.value) ? decoded : { error: 'wrongValue' }
    },
    format: (value) => find(value)?.name ?? plain.format(value),
    parse: (text) => {
      const typed = plain.parse(text)
      return typed ? find(typed)?.oid : all.find(({ name }) => name.toLowerCase() === text.toLowerCase())?.oid
    },
  }
}

function keyChange(number: number) {
  const options = { readsAs: nothing, defaultValue: nothing, secret: true } as const
  return column(number, octetString(0, 65_535, 'KeyChange'), 'read-create', options)
}
/** Localized keys: of use with one engine alone, and in no table that is served. */
const hiddenKey = () =>
  column(0, octetString(0, 64), 'not-accessible', { secret: true, defaultValue: nothing as Uint8Array })

/** The engine's own engineID is an index part; files call it localSnmpID. */
export function defineUsmUserTable(localEngineId: Uint8Array) {
  return defineTable({
    name: 'usmUserTable',
    oid: '1.3.6.1.6.3.15.1.2.2',
    index: {
      usmUserEngineID: column(1, engineIdOr(localEngineId), 'not-accessible'),
      usmUserName: column(2, adminString(1, 32), 'not-accessible'),
    },
    columns: {
      usmUserSecurityName: column(3, adminString(0, 255), 'read-only', { presence: 'live' }),
      usmUserCloneFrom: column(4, objectIdentifier('RowPointer'), 'read-create', {
        readsAs: zeroDotZero,
        defaultValue: zeroDotZero,
      }),
      usmUserAuthProtocol: column(5, protocol(authProtocols, noAuthProtocol), 'read-create', {
        defaultValue: noAuthProtocol,
      }),
      usmUserAuthKeyChange: keyChange(6),
      usmUserOwnAuthKeyChange: keyChange(7),
      usmUserPrivProtocol: column(8, protocol(privProtocols, noPrivProtocol), 'read-create', {
        defaultValue: noPrivProtocol,
      }),
      usmUserPrivKeyChange: keyChange(9),
      usmUserOwnPrivKeyChange: keyChange(10),
      usmUserPublic: column(11, octetString(0, 32), 'read-create', { defaultValue: nothing as Uint8Array }),
      usmUserStorageType: column(12, storageType(), 'read-create', { defaultValue: 'nonVolatile' }),
      usmUserStatus: column(13, rowStatus(), 'read-create'),
      usmUserAuthKey: hiddenKey(),
      usmUserPrivKey: hiddenKey(),
      // What is still to be done before a row made over SNMP may be active; a row of the file has all of it.
      isCloned: column(0, truthValue(), 'not-accessible', { defaultValue: true }),
      hasOwnAuthKey: column(0, truthValue(), 'not-accessible', { defaultValue: true }),
      hasOwnPrivKey: column(0, truthValue(), 'not-accessible', { defaultValue: true }),
    },
    cnf: [
      'usmUserEngineID',
      'usmUserName',
      'usmUserAuthProtocol',
      'usmUserPrivProtocol',
      'usmUserStorageType',
      'usmUserAuthKey',
      'usmUserPrivKey',
      'usmUserPublic',
    ],
  })
}

/** For names and types alone: its rows belong to no engine. */
export const usmUserTable = defineUsmUserTable(nothing)
export type UsmUserRow = RowOf<typeof usmUserTable>

export const usmUserGroup = defineScalars({
  name: 'usmUser',
  oid: '1.3.6.1.6.3.15.1.2',
  objects: { usmUserSpinLock: column(1, testAndIncr(), 'read-write') },
})

/** The table with its rules, and the users that its active rows are. */
export function usmUsers(localEngineId: Uint8Array) {
  const definition = defineUsmUserTable(localEngineId)
  const derive: Handlers<typeof usmUserTable>['derive'] = ({ before, after, changes, requester }) => {
    let row: UsmUserRow = before
      ? after
      : { ...after, isCloned: false, hasOwnAuthKey: false, hasOwnPrivKey: false, ...withoutKeys }
    const protocols = keepProtocols(before, changes)
    if (protocols) return protocols
    const { usmUserCloneFrom } = changes
    if (usmUserCloneFrom && !row.isCloned) {
      const template = pointedAt(usmUserCloneFrom)
      if (template?.usmUserStatus !== 'active') return { status: 'inconsistentName', column: 'usmUserCloneFrom' }
      const { usmUserAuthProtocol, usmUserPrivProtocol, usmUserAuthKey, usmUserPrivKey } = template
      row = { ...row, isCloned: true, usmUserAuthProtocol, usmUserPrivProtocol, usmUserAuthKey, usmUserPrivKey }
    }
    const isOwn = requester?.securityModel === 'usm' && requester.securityName === row.usmUserName
    for (const [name, kind, own] of keyChanges) {
      const value = changes[name]
      if (value === undefined) continue
      if (own && (!isOwn || before?.usmUserStatus !== 'active')) return { status: 'noAccess', column: name }
      if (!row.isCloned) return { status: 'inconsistentName', column: name }
      const changed = withKey(row, kind, value)
      if (!changed) return { status: 'wrongLength', column: name }
      row = changed
    }
    // A protocol taken away takes its key along.
    if (compareOid(row.usmUserPrivProtocol, noPrivProtocol) === 0) row = { ...row, usmUserPrivKey: nothing }
    if (compareOid(row.usmUserAuthProtocol, noAuthProtocol) === 0) {
      if (compareOid(row.usmUserPrivProtocol, noPrivProtocol) !== 0)
        return { status: 'inconsistentValue', column: 'usmUserAuthProtocol' }
      row = { ...row, usmUserAuthKey: nothing }
    }
    return row
  }
  const pointedAt = (pointer: Oid): UsmUserRow | undefined => {
    const { entry } = users.table.definition
    const first = pointer[entry.length]
    if (!startsWith(pointer, entry) || first === undefined) return undefined
    const index = indexValues(users.table.definition, pointer.slice(entry.length + 1))
    return index && users.table.get(index)
  }
  const users = serve(definition, {
    live: { usmUserSecurityName: ({ usmUserName }) => usmUserName },
    derive,
    isComplete: (row) =>
      row.isCloned &&
      (row.hasOwnAuthKey || compareOid(row.usmUserAuthProtocol, noAuthProtocol) === 0) &&
      (row.hasOwnPrivKey || compareOid(row.usmUserPrivProtocol, noPrivProtocol) === 0),
  })
  const lock = serve(usmUserGroup)
  lock.table.put({ usmUserSpinLock: Math.floor(Math.random() * 0x7fff_ffff) })
  return {
    servings: [users, lock].map(anyServing),
    table: users.table,
    /** Users whose rows make sense; `broken` names the others. */
    read(): { users: UsmUser[]; broken: string[] } {
      const rows = [...users.table.rows()].filter(({ usmUserStatus }) => usmUserStatus === 'active')
      const made = rows.map((row) => ({ row, user: usmUserOf(row) }))
      return {
        users: made.flatMap(({ user }) => user ?? []),
        broken: made.filter(({ user }) => !user).map(({ row }) => row.usmUserName),
      }
    },
  }
}

const withoutKeys = { usmUserAuthKey: nothing, usmUserPrivKey: nothing }
const keyChanges = [
  ['usmUserAuthKeyChange', 'auth', false],
  ['usmUserOwnAuthKeyChange', 'auth', true],
  ['usmUserPrivKeyChange', 'priv', false],
  ['usmUserOwnPrivKeyChange', 'priv', true],
] as const

/** Once there, a protocol may only be taken away, and authentication not before privacy (usmUserAuthProtocol). */
function keepProtocols(before: UsmUserRow | undefined, changes: Partial<UsmUserRow>): Refusal | undefined {
  for (const [name, none] of [
    ['usmUserAuthProtocol', noAuthProtocol],
    ['usmUserPrivProtocol', noPrivProtocol],
  ] as const) {
    const wanted = changes[name]
    if (!before || !wanted || compareOid(wanted, before[name]) === 0) continue
    if (compareOid(wanted, none) !== 0) return { status: 'inconsistentValue', column: name }
  }
  return undefined
}

/** Undefined when the value has not the length for the key. Without a protocol it is done, and does nothing. */
function withKey(row: UsmUserRow, kind: 'auth' | 'priv', value: Uint8Array): UsmUserRow | undefined {
  const auth = authProtocols.find((one) => compareOid(one.oid, row.usmUserAuthProtocol) === 0)
  const hasPriv = compareOid(row.usmUserPrivProtocol, noPrivProtocol) !== 0
  if (!auth || (kind === 'priv' && !hasPriv)) return row
  const name = kind === 'auth' ? 'usmUserAuthKey' : 'usmUserPrivKey'
  const key = changedKey(auth, row[name], value)
  if (!key) return undefined
  return { ...row, [name]: key, [kind === 'auth' ? 'hasOwnAuthKey' : 'hasOwnPrivKey']: true }
}

type KeyedRow = Pick<UsmUserRow, 'usmUserAuthProtocol' | 'usmUserPrivProtocol' | 'usmUserAuthKey' | 'usmUserPrivKey'>

/** The column that keeps a user from being used: a key that does not fit its protocol, or privacy without authentication. */
export function brokenColumn(row: KeyedRow): keyof KeyedRow | undefined {
  const auth = authProtocols.find((one) => compareOid(one.oid, row.usmUserAuthProtocol) === 0)
  const priv = privProtocols.find((one) => compareOid(one.oid, row.usmUserPrivProtocol) === 0)
  if (auth && row.usmUserAuthKey.length !== auth.keyLength) return 'usmUserAuthKey'
  if (priv && !auth) return 'usmUserPrivProtocol'
  return priv && row.usmUserPrivKey.length !== priv.keyLength ? 'usmUserPrivKey' : undefined
}

/** Of this engine; others are receivers of informs. */
export function isLocalUser({ usmUserEngineID }: Pick<UsmUserRow, 'usmUserEngineID'>): boolean {
  return usmUserEngineID.length === 0
}

/** Undefined for a row whose keys do not fit its protocols. */
export function usmUserOf(row: KeyedRow & Pick<UsmUserRow, 'usmUserEngineID' | 'usmUserName'>): UsmUser | undefined {
  const auth = authProtocols.find((one) => compareOid(one.oid, row.usmUserAuthProtocol) === 0)
  const priv = privProtocols.find((one) => compareOid(one.oid, row.usmUserPrivProtocol) === 0)
  if (brokenColumn(row) !== undefined) return undefined
  return {
    engineId: row.usmUserEngineID,
    name: row.usmUserName,
    auth: auth && { protocol: auth, key: row.usmUserAuthKey },
    priv: priv && { protocol: priv, key: row.usmUserPrivKey },
  }
}
