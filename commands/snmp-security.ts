/** How a tool speaks to an agent: -v1, -v2c, or -v3 with a user; the options that all tools share. */
import type { ManagerSecurity } from '../snmp/manager/manager.ts'
import { passphrases } from './passphrases.ts'
import { authNamed, privNamed } from './protocols.ts'

export type Version = 'v1' | 'v2c' | 'v3'

/** Options for parseArgs; after Net-SNMP's, so that hands know them. */
export const v3Options = {
  user: { type: 'string', short: 'u' },
  level: { type: 'string', short: 'l' },
  auth: { type: 'string', short: 'a', default: 'SHA-256' },
  priv: { type: 'string', short: 'x', default: 'AES' },
  context: { type: 'string', short: 'n', default: '' },
  'passphrase-file': { type: 'string' },
} as const

export interface V3Values {
  readonly user?: string | undefined
  readonly level?: string | undefined
  readonly auth: string
  readonly priv: string
  readonly context: string
  readonly 'passphrase-file'?: string | undefined
}

export const v3Usage = `  -v3 takes a user in place of the community: -u USER [-l noAuthNoPriv|authNoPriv|authPriv] [-a SHA-256] [-x AES]
  [-n CONTEXT] [--passphrase-file FILE]; without the file the passphrases are asked for, or are in
  CASTELLAN_AUTH_PASSPHRASE and CASTELLAN_PRIV_PASSPHRASE.
`

/** Takes -v1, -v2c or -v3 out of the arguments: parseArgs would see three options in `-v2c`. */
export function takeVersion(args: readonly string[]): { version: Version; rest: string[] } {
  const isVersion = (argument: string): boolean => /^-v(1|2c|3)$/.test(argument)
  const version = args.findLast(isVersion)?.slice(1) ?? 'v2c'
  return { version: version as Version, rest: args.filter((argument) => !isVersion(argument)) }
}

export async function v3Security(values: V3Values): Promise<Extract<ManagerSecurity, { version: 'v3' }>> {
  const { user, level = 'authPriv', context } = values
  if (user === undefined) throw new Error('-v3 needs a user: -u USER')
  if (level !== 'noAuthNoPriv' && level !== 'authNoPriv' && level !== 'authPriv')
    throw new Error(`-l is to be noAuthNoPriv, authNoPriv or authPriv, not ${level}`)
  const base = { version: 'v3', level, contextName: context } as const
  if (level === 'noAuthNoPriv') return { ...base, credentials: { userName: user, auth: undefined, priv: undefined } }
  const auth = authNamed('-a', values.auth)
  const priv = level === 'authPriv' ? privNamed('-x', values.priv) : undefined
  if (level === 'authPriv' && !priv) throw new Error('authPriv needs a privacy protocol: -x')
  const phrases = await passphrases(values['passphrase-file'], priv !== undefined)
  const credentials = {
    userName: user,
    auth: { protocol: auth, passphrase: phrases.auth },
    priv: priv && { protocol: priv, passphrase: phrases.priv },
  }
  return { ...base, credentials }
}
