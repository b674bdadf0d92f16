/** castellan user: makes, changes, verifies and removes users of SNMPv3. Passphrases never are arguments, and are kept nowhere. */
import { vacmSecurityToGroupTable } from '../agent/internal/access-tables.ts'
import { type UsmUserRow, usmUserTable } from '../agent/internal/usm-users.ts'
import { becomeUserOf } from '../lib/home/act-as.ts'
import type { Home } from '../lib/home/home.ts'
import { requireOwner } from '../lib/home/home-trust.ts'
import { anyDefinition } from '../lib/mib/declare.ts'
import { hexadecimal } from '../lib/mib/syntax.ts'
import type { Credentials } from '../snmp/manager/credentials.ts'
import { letAgentTake, verifyUser, verifyUserIsUnknown } from './agent-takes.ts'
import { openConfiguration } from './configuration.ts'
import { type Passphrases, passphraseLines, passphrases } from './passphrases.ts'
import { authNamed, privNamed } from './protocols.ts'
import { type GroupRow, memberRow, type Protocols, protocolsOf, userRow } from './user-rows.ts'
import { snippets } from './user-snippets.ts'

/** What is not given stays as it is with a user that exists. */
export interface UserOptions {
  readonly auth?: string
  readonly priv?: string
  readonly group?: string
  readonly engine?: string
  readonly passphraseFile?: string
}

type Configuration = Awaited<ReturnType<typeof openConfiguration>>

const nothing = new Uint8Array(0)

export async function addUser(home: Home, name: string, options: UserOptions): Promise<string> {
  if (options.group !== undefined && !['read', 'operate', 'admin'].includes(options.group))
    throw new Error(`--group must be read, operate or admin, got ${options.group}`)
  if (!/^[\w.@-]{1,32}$/.test(name))
    throw new Error(`invalid user name ${name}; expected 1 to 32 letters, digits, or any of _ . @ -`)
  const remoteEngine = options.engine === undefined ? undefined : engineNamed(options.engine)
  const given = actAsAgent(home, `castellan user add ${name}`, options)
  const file = await openConfiguration(home)
  const before = userOf(file, name, remoteEngine ?? nothing)
  const protocols = protocolsFor(options, before)
  const memberBefore = memberOf(file, name)
  // Keys for another engine say nothing of what the user may do here.
  const isMemberKept = remoteEngine !== undefined && memberBefore !== undefined && options.group === undefined
  const member = isMemberKept
    ? memberBefore
    : memberRow(name, options.group, protocols.priv !== undefined, memberBefore)
  const phrases = await passphrases(given, protocols.priv !== undefined, { areNew: true })
  const after = userRow(
    name,
    remoteEngine ?? nothing,
    protocols,
    phrases,
    remoteEngine ?? (await file.keepEngineId()),
    before,
  )
  await file.config.persist([
    { definition: anyDefinition(usmUserTable), before, after },
    { definition: anyDefinition(vacmSecurityToGroupTable), before: memberBefore, after: member },
  ])
  const done = [
    remoteEngine
      ? `user ${name} has keys for informs to engine ${hexadecimal(remoteEngine)}`
      : `${before ? 'changed' : 'created'} user ${name}`,
    groupSentence(memberBefore, member),
  ].join('; ')
  if (remoteEngine) return `${done}\n${takenSentence(await letAgentTake(home))}\n`
  return [
    done,
    await verifyOnRunningAgent(home, file.address, credentialsOf(name, protocols, phrases)),
    snippets({ name, auth: protocols.auth.name, priv: protocols.priv?.name, address: file.address }),
  ].join('\n')
}

/** Gives a user new passphrases; protocols and group stay, and so do keys for other engines, where the receiver has its own. */
export async function rotateUser(home: Home, name: string, options: { passphraseFile?: string }): Promise<string> {
  const given = actAsAgent(home, `castellan user rotate ${name}`, options)
  const file = await openConfiguration(home)
  const before = localUser(file, name)
  const protocols = protocolsOf(before)
  const phrases = await passphrases(given, protocols.priv !== undefined, { areNew: true })
  const after = userRow(name, nothing, protocols, phrases, await file.keepEngineId(), before)
  await file.config.persist([{ definition: anyDefinition(usmUserTable), before, after }])
  const unchanged = usersNamed(file, name)
    .filter(({ usmUserEngineID }) => usmUserEngineID.length > 0)
    .map(({ usmUserEngineID }) => hexadecimal(usmUserEngineID))
    .map((id) => `keys for informs to engine ${id} stay; to change them: castellan user add ${name} --engine ${id}`)
  return [
    `user ${name} has new keys`,
    ...unchanged,
    await verifyOnRunningAgent(home, file.address, credentialsOf(name, protocols, phrases)),
    '',
  ].join('\n')
}

/** Asks the running agent for its up time as this user; throws with the reason when it does not answer. */
export async function testUser(home: Home, name: string, options: { passphraseFile?: string }): Promise<string> {
  const given = actAsAgent(home, `castellan user test ${name}`, options)
  const file = await openConfiguration(home)
  const protocols = protocolsOf(localUser(file, name))
  const phrases = await passphrases(given, protocols.priv !== undefined)
  return `${await verifyUser(file.address, credentialsOf(name, protocols, phrases))}\n`
}

/** With its keys for all engines, and its group. */
export async function removeUser(home: Home, name: string): Promise<string> {
  actAsAgent(home, `castellan user remove ${name}`)
  const file = await openConfiguration(home)
  const users = usersNamed(file, name)
  if (users.length === 0) throw new Error(`there is no user ${name}`)
  const member = memberOf(file, name)
  await file.config.persist([
    ...users.map((before) => ({ definition: anyDefinition(usmUserTable), before, after: undefined })),
    { definition: anyDefinition(vacmSecurityToGroupTable), before: member, after: undefined },
  ])
  const isTaken = await letAgentTake(home)
  const wasLocal = users.some(({ usmUserEngineID }) => usmUserEngineID.length === 0)
  const proof = isTaken && wasLocal ? await verifyUserIsUnknown(file.address, name) : takenSentence(isTaken)
  return `removed user ${name}\n${proof}\n`
}

/** The agent's user owns the files that are read and written; a file of passphrases is read as who names it. */
function actAsAgent(home: Home, command: string, { passphraseFile }: { passphraseFile?: string } = {}) {
  requireOwner(home, command)
  const lines = passphraseFile === undefined ? undefined : passphraseLines(passphraseFile)
  becomeUserOf(home, 'agent')
  return lines
}

function protocolsFor({ auth, priv }: UserOptions, kept: UsmUserRow | undefined): Protocols {
  const present = kept && protocolsOf(kept)
  return {
    auth: auth === undefined && present ? present.auth : authNamed('--auth', auth ?? 'SHA-256'),
    priv: priv === undefined && present ? present.priv : privNamed('--priv', priv ?? 'AES'),
  }
}

function groupSentence(before: GroupRow | undefined, after: GroupRow): string {
  if (!before) return `its group is ${after.vacmGroupName}`
  if (before.vacmGroupName === after.vacmGroupName) return `its group stays ${after.vacmGroupName}`
  return `its group is ${after.vacmGroupName}, and was ${before.vacmGroupName}`
}

function takenSentence(isTaken: boolean): string {
  return isTaken ? 'the running agent has taken it' : 'the agent does not run; it takes it when it starts'
}

function credentialsOf(userName: string, { auth, priv }: Protocols, phrases: Passphrases): Credentials {
  return {
    userName,
    auth: { protocol: auth, passphrase: phrases.auth },
    priv: priv && { protocol: priv, passphrase: phrases.priv },
  }
}

function usersNamed(file: Configuration, name: string): UsmUserRow[] {
  return file.rows(usmUserTable).filter((row) => row.usmUserName === name)
}

function userOf(file: Configuration, name: string, engineId: Uint8Array): UsmUserRow | undefined {
  return usersNamed(file, name).find(({ usmUserEngineID }) => Buffer.compare(usmUserEngineID, engineId) === 0)
}

function localUser(file: Configuration, name: string): UsmUserRow {
  const row = userOf(file, name, nothing)
  if (!row) throw new Error(`there is no user ${name}`)
  return row
}

function memberOf(file: Configuration, name: string): GroupRow | undefined {
  return file
    .rows(vacmSecurityToGroupTable)
    .find((one) => one.vacmSecurityModel === 'usm' && one.vacmSecurityName === name)
}

/** The engineID of the receiver of informs, as snmptrapd and traprcv print it. */
function engineNamed(text: string): Uint8Array {
  const { parse } = usmUserTable.columns.usmUserEngineID.syntax
  const engineId = text === 'localSnmpID' ? undefined : parse(text)
  if (!engineId || engineId.length === 0)
    throw new Error(`--engine must be 5 to 32 octets in hexadecimal, neither all 00 nor all ff; got ${text}`)
  return engineId
}

/** A running agent takes the file, and then must answer the user. */
async function verifyOnRunningAgent(home: Home, address: string, credentials: Credentials): Promise<string> {
  if (await letAgentTake(home)) return verifyUser(address, credentials)
  return `the agent does not run; when it does, this verifies the user: castellan user test ${credentials.userName}`
}
