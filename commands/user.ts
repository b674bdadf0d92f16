/** castellan user: makes, lists, changes, proves and removes users of SNMPv3. Passphrases never are arguments, and are kept nowhere. */
import { vacmSecurityToGroupTable } from '../agent/internal/access-tables.ts'
import { type UsmUserRow, usmUserTable } from '../agent/internal/usm-users.ts'
import type { Credentials } from '../agent/manager/credentials.ts'
import { Manager } from '../agent/manager/manager.ts'
import { authKey, privKey } from '../agent/security/usm/keys.ts'
import { type AuthProtocol, authProtocols, type PrivProtocol, privProtocols } from '../agent/security/usm/protocols.ts'
import { parseAddress } from '../agent/transport/udp.ts'
import type { Home } from '../lib/home.ts'
import { anyDefinition, type RowOf } from '../lib/mib/declare.ts'
import { compareOid, type Oid, oid } from '../lib/smi/oid.ts'
import { openConfiguration } from './configuration.ts'
import { agentOf } from './daemons.ts'
import { passphrases } from './passphrases.ts'
import { authNamed, privNamed } from './protocols.ts'
import { snippets } from './user-snippets.ts'

export interface UserOptions {
  readonly auth: string
  readonly priv: string
  readonly group: string
  readonly engine?: string
  readonly passphraseFile?: string
}

type GroupRow = RowOf<typeof vacmSecurityToGroupTable>

const nothing = new Uint8Array(0)
const noPrivProtocol = oid('1.3.6.1.6.3.10.1.2.1')
const sysUpTime = oid('1.3.6.1.2.1.1.3.0')
/** A running agent has taken its files anew within this time. */
const reloadWithinMs = 5000

export async function addUser(home: Home, name: string, options: UserOptions): Promise<string> {
  const auth = authNamed('--auth', options.auth)
  const priv = privNamed('--priv', options.priv)
  if (!['read', 'operate', 'admin'].includes(options.group) || (options.group === 'admin' && !priv))
    throw new Error('--group is to be read, operate or admin; admin needs privacy')
  if (!/^[\w.@-]{1,32}$/.test(name))
    throw new Error(`${name} is no user name: 1 to 32 letters, digits, or any of _ . @ -`)
  const remoteEngine = options.engine === undefined ? undefined : engineNamed(options.engine)
  const phrases = await passphrases(options.passphraseFile, priv !== undefined)
  const file = await openConfiguration(home)
  const engineId = remoteEngine ?? file.engineId
  const user = userRow(name, auth, priv, phrases, engineId, remoteEngine ?? nothing)
  const member: GroupRow = {
    vacmSecurityModel: 'usm',
    vacmSecurityName: name,
    vacmGroupName: `${options.group}${priv ? 'Priv' : 'Auth'}`,
    vacmSecurityToGroupStorageType: 'nonVolatile',
    vacmSecurityToGroupStatus: 'active',
  }
  await file.config.persist([
    { definition: anyDefinition(usmUserTable), before: undefined, after: user },
    { definition: anyDefinition(vacmSecurityToGroupTable), before: undefined, after: member },
  ])
  if (remoteEngine) return `user ${name} is made for informs to engine ${options.engine}\n${reloadHint(home)}`
  const credentials = credentialsOf(name, auth, priv, phrases)
  return [
    `user ${name} is made, of group ${member.vacmGroupName}`,
    await proveOnRunningAgent(home, file.address, credentials),
    snippets({ name, auth: auth.name, priv: priv?.name, address: file.address }),
  ].join('\n')
}

/** Gives a user new passphrases; protocols and group stay. */
export async function rotateUser(home: Home, name: string, options: { passphraseFile?: string }): Promise<string> {
  const file = await openConfiguration(home)
  const row = localUser(file.rows(usmUserTable), name)
  const { auth, priv } = protocolsOf(row)
  const phrases = await passphrases(options.passphraseFile, priv !== undefined)
  const after = { ...row, ...keysOf(auth, priv, phrases, file.engineId) }
  await file.config.persist([{ definition: anyDefinition(usmUserTable), before: row, after }])
  const proof = await proveOnRunningAgent(home, file.address, credentialsOf(name, auth, priv, phrases))
  return `user ${name} has new keys\n${proof}\n`
}

/** Asks the running agent for its up time as this user; throws with the reason when it does not answer. */
export async function testUser(home: Home, name: string, options: { passphraseFile?: string }): Promise<string> {
  const file = await openConfiguration(home)
  const { auth, priv } = protocolsOf(localUser(file.rows(usmUserTable), name))
  const phrases = await passphrases(options.passphraseFile, priv !== undefined)
  return `${await prove(file.address, credentialsOf(name, auth, priv, phrases))}\n`
}

export async function listUsers(home: Home): Promise<string> {
  const file = await openConfiguration(home)
  const groups = file.rows(vacmSecurityToGroupTable)
  const lines = file.rows(usmUserTable).map((row) => {
    const { format: auth } = usmUserTable.columns.usmUserAuthProtocol.syntax
    const { format: priv } = usmUserTable.columns.usmUserPrivProtocol.syntax
    const group = groups.find((one) => one.vacmSecurityModel === 'usm' && one.vacmSecurityName === row.usmUserName)
    const engine =
      row.usmUserEngineID.length > 0 ? `  at engine ${Buffer.from(row.usmUserEngineID).toString('hex')}` : ''
    return `${row.usmUserName.padEnd(20)} ${auth(row.usmUserAuthProtocol).padEnd(8)} ${priv(row.usmUserPrivProtocol).padEnd(10)} ${group?.vacmGroupName ?? '-'}${engine}\n`
  })
  return lines.length > 0 ? lines.join('') : 'there are no users\n'
}

export async function removeUser(home: Home, name: string): Promise<string> {
  const file = await openConfiguration(home)
  const users = file.rows(usmUserTable).filter((row) => row.usmUserName === name)
  if (users.length === 0) throw new Error(`there is no user ${name}`)
  const members = file
    .rows(vacmSecurityToGroupTable)
    .filter((one) => one.vacmSecurityModel === 'usm' && one.vacmSecurityName === name)
  await file.config.persist([
    ...users.map((before) => ({ definition: anyDefinition(usmUserTable), before, after: undefined })),
    ...members.map((before) => ({ definition: anyDefinition(vacmSecurityToGroupTable), before, after: undefined })),
  ])
  return `user ${name} is removed\n${reloadHint(home)}`
}

function userRow(
  name: string,
  auth: AuthProtocol,
  priv: PrivProtocol | undefined,
  phrases: { readonly auth: string; readonly priv: string },
  engineId: Uint8Array,
  usmUserEngineID: Uint8Array,
): UsmUserRow {
  return {
    usmUserEngineID,
    usmUserName: name,
    usmUserCloneFrom: [0, 0],
    usmUserAuthProtocol: auth.oid,
    usmUserAuthKeyChange: nothing,
    usmUserOwnAuthKeyChange: nothing,
    usmUserPrivProtocol: priv?.oid ?? noPrivProtocol,
    usmUserPrivKeyChange: nothing,
    usmUserOwnPrivKeyChange: nothing,
    usmUserPublic: nothing,
    usmUserStorageType: 'nonVolatile',
    usmUserStatus: 'active',
    ...keysOf(auth, priv, phrases, engineId),
    isCloned: true,
    hasOwnAuthKey: true,
    hasOwnPrivKey: true,
  }
}

function keysOf(
  auth: AuthProtocol,
  priv: PrivProtocol | undefined,
  phrases: { readonly auth: string; readonly priv: string },
  engineId: Uint8Array,
) {
  return {
    usmUserAuthKey: authKey(auth, phrases.auth, engineId),
    usmUserPrivKey: priv ? privKey(auth, priv, phrases.priv, engineId) : nothing,
  }
}

function credentialsOf(
  userName: string,
  auth: AuthProtocol,
  priv: PrivProtocol | undefined,
  phrases: { readonly auth: string; readonly priv: string },
): Credentials {
  return {
    userName,
    auth: { protocol: auth, passphrase: phrases.auth },
    priv: priv && { protocol: priv, passphrase: phrases.priv },
  }
}

function localUser(users: readonly UsmUserRow[], name: string): UsmUserRow {
  const row = users.find((one) => one.usmUserName === name && one.usmUserEngineID.length === 0)
  if (!row) throw new Error(`there is no user ${name}`)
  return row
}

function protocolsOf(row: UsmUserRow): { auth: AuthProtocol; priv: PrivProtocol | undefined } {
  const of = <P extends { readonly oid: Oid }>(known: readonly P[], wanted: Oid): P | undefined =>
    known.find((one) => compareOid(one.oid, wanted) === 0)
  const auth = of(authProtocols, row.usmUserAuthProtocol)
  if (!auth) throw new Error(`user ${row.usmUserName} has no authentication, and so no passphrase`)
  return { auth, priv: of(privProtocols, row.usmUserPrivProtocol) }
}

/** The engineID of the receiver of informs, as snmptrapd and traprcv print it. */
function engineNamed(text: string): Uint8Array {
  const hex = text.replace(/^0x/i, '').replaceAll(':', '')
  if (!/^([0-9a-f]{2}){5,32}$/i.test(hex))
    throw new Error(`--engine is to be 5 to 32 octets in hexadecimal, not ${text}`)
  return Buffer.from(hex, 'hex')
}

/** A running agent takes the file, and then must answer the user: the proof that the user works. */
async function proveOnRunningAgent(home: Home, address: string, credentials: Credentials): Promise<string> {
  const agent = agentOf(home)
  if (!agent)
    return `the agent does not run; when it does, this proves the user: castellan user test ${credentials.userName}`
  process.kill(agent.pid, 'SIGHUP')
  const deadline = performance.now() + reloadWithinMs
  for (;;) {
    try {
      return await prove(address, credentials)
    } catch (error) {
      if (performance.now() > deadline)
        throw new Error(`the user is in the file, but the agent does not answer it: ${(error as Error).message}`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

async function prove(address: string, credentials: Credentials): Promise<string> {
  const { host, port } = parseAddress(address) ?? { host: '127.0.0.1', port: 161 }
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host
  const manager = new Manager({ host: reachable, port, security: { version: 'v3', credentials }, retries: 1 })
  try {
    const [varbind] = await manager.get([sysUpTime])
    const ticks = varbind?.value.type === 'TimeTicks' ? varbind.value.value : 0
    return `proved: ${credentials.userName} asked ${address} and got sysUpTime.0 = ${(ticks / 100).toFixed(2)} s`
  } finally {
    manager.close()
  }
}

function reloadHint(home: Home): string {
  return agentOf(home) ? 'the running agent takes it with: castellan reload\n' : ''
}
