/** What the commands of castellan user have in common: the users of snmpd.cnf, and the agent that takes it. */
import { vacmSecurityToGroupTable } from '../../agent/internal/access-tables.ts'
import { type UsmUserRow, usmUserTable } from '../../agent/internal/usm-users.ts'
import { text } from '../../lib/cli/options.ts'
import { becomeUserOf } from '../../lib/home/act-as.ts'
import type { Home } from '../../lib/home/home.ts'
import { requireOwner } from '../../lib/home/home-trust.ts'
import type { Credentials } from '../../snmp/manager/credentials.ts'
import { letAgentTake, verifyUser } from '../agent/agent-takes.ts'
import type { Configuration } from '../agent/configuration.ts'
import { type Passphrases, passphraseLines } from '../credentials/passphrases.ts'
import type { GroupRow, Protocols } from './rows.ts'

/** Whose rows have no engineID of another engine. */
export const thisEngine = new Uint8Array(0)

export const passphraseFile = text(
  '--passphrase-file <file>',
  'authentication passphrase in the first line, privacy passphrase in the second',
)

export interface PassphraseOption {
  readonly passphraseFile?: string | undefined
}

/** Passphrases never are arguments, which others can read. */
export const passphraseHelp = `Passphrases come from --passphrase-file, from CASTELLAN_AUTH_PASSPHRASE and CASTELLAN_PRIV_PASSPHRASE, or from the terminal, and are kept nowhere.`

/** The agent's user owns the files that are read and written; a file of passphrases is read as who names it. */
export function actAsAgent(home: Home, command: string, file?: string) {
  requireOwner(home, command)
  const lines = file === undefined ? undefined : passphraseLines(file)
  becomeUserOf(home, 'agent')
  return lines
}

export function takenSentence(isTaken: boolean): string {
  return isTaken ? 'the running agent has taken it' : 'the agent does not run; it takes it when it starts'
}

export function credentialsOf(userName: string, { auth, priv }: Protocols, phrases: Passphrases): Credentials {
  return {
    userName,
    auth: { protocol: auth, passphrase: phrases.auth },
    priv: priv && { protocol: priv, passphrase: phrases.priv },
  }
}

export function usersNamed(file: Configuration, name: string): UsmUserRow[] {
  return file.rows(usmUserTable).filter((row) => row.usmUserName === name)
}

export function userOf(file: Configuration, name: string, engineId: Uint8Array): UsmUserRow | undefined {
  return usersNamed(file, name).find(({ usmUserEngineID }) => Buffer.compare(usmUserEngineID, engineId) === 0)
}

export function localUser(file: Configuration, name: string): UsmUserRow {
  const row = userOf(file, name, thisEngine)
  if (!row) throw new Error(`there is no user ${name}`)
  return row
}

export function memberOf(file: Configuration, name: string): GroupRow | undefined {
  return file
    .rows(vacmSecurityToGroupTable)
    .find((one) => one.vacmSecurityModel === 'usm' && one.vacmSecurityName === name)
}

/** A running agent takes the file, and then must answer the user. */
export async function verifyOnRunningAgent(home: Home, address: string, credentials: Credentials): Promise<string> {
  if (await letAgentTake(home)) return verifyUser(address, credentials)
  return `the agent does not run; when it does, this verifies the user: castellan user test ${credentials.userName}`
}
