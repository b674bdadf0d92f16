/** castellan user add: makes a user of SNMPv3, or changes one. */
import { vacmSecurityToGroupTable } from '../../agent/internal/access-tables.ts'
import { type UsmUserRow, usmUserTable } from '../../agent/internal/usm-users.ts'
import { defineCommand } from '../../lib/cli/command.ts'
import { exitCodes, UsageError } from '../../lib/cli/exit-codes.ts'
import { text } from '../../lib/cli/options.ts'
import { print } from '../../lib/cli/print.ts'
import type { Home } from '../../lib/home/home.ts'
import { anyDefinition } from '../../lib/mib/declare.ts'
import { hexadecimal } from '../../lib/mib/syntax.ts'
import { letAgentTake } from '../agent/agent-takes.ts'
import { openConfiguration } from '../agent/configuration.ts'
import { passphrases } from '../credentials/passphrases.ts'
import { authNamed, privNamed } from '../credentials/protocols.ts'
import {
  actAsAgent,
  credentialsOf,
  memberOf,
  passphraseFile,
  passphraseHelp,
  takenSentence,
  thisEngine,
  userOf,
  verifyOnRunningAgent,
} from './file.ts'
import { type GroupRow, memberRow, type Protocols, protocolsOf, userRow } from './rows.ts'
import { snippets } from './snippets.ts'

export const userAdd = defineCommand({
  name: 'add',
  operands: '<name>',
  summary: 'make a user, or change one; passphrases come from a file, the environment or the terminal',
  details: passphraseHelp,
  example: 'castellan user add nms --group read --passphrase-file phrases',
  exitCodes: { 0: 'the running agent answers this user; or none runs, and the files have it' },
  options: {
    auth: text('--auth <protocol>', 'MD5, SHA, SHA-224, SHA-256, SHA-384, SHA-512 (what the user has, or SHA-256)'),
    priv: text(
      '--priv <protocol>',
      'DES, AES, AES-192, AES-256, AES-192-C, AES-256-C, none (what the user has, or AES)',
    ),
    group: text('--group <group>', 'what it may: read, operate or admin (what the user is in, or read)'),
    engine: text('--engine <id>', 'make it for informs to another engine, whose engineID this is'),
    passphraseFile,
  },
  async run({ home, operands: [name = ''], options }) {
    print(await addUser(home, name, options))
    return exitCodes.ok
  },
})

/** What is not given stays as it is with a user that exists. */
export interface UserOptions {
  readonly auth?: string | undefined
  readonly priv?: string | undefined
  readonly group?: string | undefined
  readonly engine?: string | undefined
  readonly passphraseFile?: string | undefined
}

export async function addUser(home: Home, name: string, options: UserOptions): Promise<string> {
  if (options.group !== undefined && !['read', 'operate', 'admin'].includes(options.group))
    throw new UsageError(`--group must be read, operate or admin, got ${options.group}`)
  if (!/^[\w.@-]{1,32}$/.test(name))
    throw new UsageError(`invalid user name ${name}; expected 1 to 32 letters, digits, or any of _ . @ -`)
  const remoteEngine = options.engine === undefined ? undefined : engineNamed(options.engine)
  const given = actAsAgent(home, `castellan user add ${name}`, options.passphraseFile)
  const file = await openConfiguration(home)
  const before = userOf(file, name, remoteEngine ?? thisEngine)
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
    remoteEngine ?? thisEngine,
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

/** The engineID of the receiver of informs, as snmptrapd and traprcv print it. */
function engineNamed(text: string): Uint8Array {
  const { parse } = usmUserTable.columns.usmUserEngineID.syntax
  const engineId = text === 'localSnmpID' ? undefined : parse(text)
  if (!engineId || engineId.length === 0)
    throw new UsageError(`--engine must be 5 to 32 octets in hexadecimal, neither all 00 nor all ff; got ${text}`)
  return engineId
}
