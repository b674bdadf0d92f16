/** Users of SNMPv3 as snmpd.cnf has them. Their rows will be usmUserTable; so far they are configuration alone. */
import { column, defineTable } from '../../lib/mib/declare.ts'
import { objectIdentifier, octetString, type Syntax, storageType } from '../../lib/mib/syntax.ts'
import { compareOid, type Oid, oid } from '../../lib/smi/oid.ts'
import { authProtocols, privProtocols } from '../security/usm/protocols.ts'
import type { UsmUser } from '../security/usm/usm.ts'
import { adminString, contextEngineId } from './conventions.ts'

const noAuthProtocol = oid('1.3.6.1.6.3.10.1.1.1')
const noPrivProtocol = oid('1.3.6.1.6.3.10.1.2.1')

/** A protocol by its OID, or in files by its usual name. */
function protocol(known: readonly { readonly name: string; readonly oid: Oid }[], none: Oid): Syntax<Oid> {
  const plain = objectIdentifier('AutonomousType')
  const all = [{ name: 'none', oid: none }, ...known]
  return {
    ...plain,
    format: (value) => all.find((one) => compareOid(one.oid, value) === 0)?.name ?? plain.format(value),
    parse: (text) => all.find(({ name }) => name.toLowerCase() === text.toLowerCase())?.oid,
  }
}

export const usmUserTable = defineTable({
  name: 'usmUserTable',
  oid: '1.3.6.1.6.3.15.1.2.2',
  index: {
    usmUserEngineID: column(1, contextEngineId(), 'not-accessible'),
    usmUserName: column(2, adminString(1, 32), 'not-accessible'),
  },
  columns: {
    usmUserAuthProtocol: column(5, protocol(authProtocols, noAuthProtocol), 'not-accessible'),
    usmUserPrivProtocol: column(8, protocol(privProtocols, noPrivProtocol), 'not-accessible'),
    usmUserStorageType: column(12, storageType(), 'not-accessible', { defaultValue: 'nonVolatile' }),
    // Localized keys: of use to this engine alone.
    usmUserAuthKey: column(0, octetString(0, 64), 'not-accessible', { secret: true, defaultValue: new Uint8Array(0) }),
    usmUserPrivKey: column(0, octetString(0, 64), 'not-accessible', { secret: true, defaultValue: new Uint8Array(0) }),
  },
  cnf: [
    'usmUserEngineID',
    'usmUserName',
    'usmUserAuthProtocol',
    'usmUserPrivProtocol',
    'usmUserStorageType',
    'usmUserAuthKey',
    'usmUserPrivKey',
  ],
})

interface UserRow {
  readonly usmUserName: string
  readonly usmUserAuthProtocol: Oid
  readonly usmUserPrivProtocol: Oid
  readonly usmUserAuthKey: Uint8Array
  readonly usmUserPrivKey: Uint8Array
}

/** Undefined for a row whose keys do not fit its protocols. */
export function usmUserOf(row: UserRow): UsmUser | undefined {
  const auth = authProtocols.find((one) => compareOid(one.oid, row.usmUserAuthProtocol) === 0)
  const priv = privProtocols.find((one) => compareOid(one.oid, row.usmUserPrivProtocol) === 0)
  if (auth && row.usmUserAuthKey.length !== auth.keyLength) return undefined
  if (priv && (!auth || row.usmUserPrivKey.length !== priv.keyLength)) return undefined
  return {
    name: row.usmUserName,
    auth: auth && { protocol: auth, key: row.usmUserAuthKey },
    priv: priv && { protocol: priv, key: row.usmUserPrivKey },
  }
}
