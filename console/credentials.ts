/** As whom the console asks the agent: users of SNMPv3 that `castellan init` makes, with passphrases that only the console can read. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { writeFileAtomic } from '../lib/files/files.ts'
import { readJsonFile } from '../lib/files/json-file.ts'
import { foldersOf, type Home } from '../lib/home/home.ts'
import { fieldsOf } from '../lib/text/fields.ts'
import type { Credentials } from '../snmp/manager/credentials.ts'
import { authProtocols, privProtocols } from '../snmp/security/usm/protocols.ts'

/** What each may do is in snmpd.cnf: the first reads and is notified, the second sets what an operator may. */
export const consoleUsers = { read: 'consoleRead', operate: 'consoleOperate' } as const
export type ConsoleRole = keyof typeof consoleUsers

export type ConsoleCredentials = Readonly<Record<ConsoleRole, Credentials>>

/** SHA-256 and AES-128: what every manager has, and the console is one. */
const auth = authProtocols.find(({ name }) => name === 'SHA-256')!
const priv = privProtocols.find(({ name }) => name === 'AES')!
export const consoleProtocols = { auth, priv } as const

interface Secrets {
  readonly auth: string
  readonly priv: string
}

export function consoleCredentialsPath(home: Home): string {
  return join(foldersOf(home, 'console').data, 'snmp.json')
}

/** The engine that receives informs: of those the receiver is the authoritative one (RFC 3412 §3.1.1). */
export function consoleEnginePath(home: Home): string {
  return join(foldersOf(home, 'console').data, 'engine.json')
}

/** Undefined before they were made. Throws an Error that says what is wrong with the file. */
export async function readConsoleCredentials(home: Home): Promise<ConsoleCredentials | undefined> {
  return readJsonFile(consoleCredentialsPath(home), {
    parse: (content) => {
      const { read, operate } = fieldsOf(content)
      const [ofRead, ofOperate] = [secretsOf(read), secretsOf(operate)]
      return ofRead && ofOperate && credentialsFrom({ read: ofRead, operate: ofOperate })
    },
    holds: 'passphrases of consoleRead and consoleOperate',
    remedy: 'delete it, and run: castellan init',
  })
}

/** Makes new ones, and keeps them. */
export async function makeConsoleCredentials(home: Home): Promise<ConsoleCredentials> {
  const made = { read: newSecrets(), operate: newSecrets() }
  await writeFileAtomic(consoleCredentialsPath(home), `${JSON.stringify(made)}\n`)
  return credentialsFrom(made)
}

function credentialsFrom(secrets: Readonly<Record<ConsoleRole, Secrets>>): ConsoleCredentials {
  const of = (role: ConsoleRole): Credentials => ({
    userName: consoleUsers[role],
    auth: { protocol: auth, passphrase: secrets[role].auth },
    priv: { protocol: priv, passphrase: secrets[role].priv },
  })
  return { read: of('read'), operate: of('operate') }
}

function newSecrets(): Secrets {
  const phrase = (): string => randomBytes(24).toString('base64url')
  return { auth: phrase(), priv: phrase() }
}

function secretsOf(content: unknown): Secrets | undefined {
  const { auth, priv } = fieldsOf(content)
  return typeof auth === 'string' && typeof priv === 'string' ? { auth, priv } : undefined
}
