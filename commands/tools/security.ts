/** How a tool speaks to an agent: -v1, -v2c, or -v3 with a user; the options that all tools share. */
import { UsageError } from '../../lib/cli/exit-codes.ts'
import { type Options, text, textOr, type ValuesOf } from '../../lib/cli/options.ts'
import type { ManagerSecurity } from '../../snmp/manager/manager.ts'
import { passphrases } from '../credentials/passphrases.ts'
import { authNamed, privNamed } from '../credentials/protocols.ts'

const versions = ['v1', 'v2c', 'v3'] as const
export type Version = (typeof versions)[number]

/** After Net-SNMP's, so that hands know them. */
export const securityOptions = {
  user: text('-u, --user <name>', 'of version 3'),
  level: text('-l, --level <level>', 'noAuthNoPriv, authNoPriv or authPriv (authPriv)'),
  auth: textOr('-a, --auth <protocol>', 'of authentication', 'SHA-256'),
  priv: textOr('-x, --priv <protocol>', 'of privacy', 'AES'),
  context: textOr('-n, --context <name>', 'context of version 3', ''),
  passphraseFile: text('--passphrase-file <file>', 'authentication passphrase, and in the second line the privacy one'),
} as const satisfies Options

export const v3Help = `-v3 takes a user (-u) in place of the COMMUNITY. Without --passphrase-file the passphrases are asked for, or are in CASTELLAN_AUTH_PASSPHRASE and CASTELLAN_PRIV_PASSPHRASE.`

/** Takes -v1, -v2c or -v3 out of the arguments: as options they would be three in `-v2c`. */
export function takeVersion(args: readonly string[]): { version: Version; rest: string[] } {
  const versionOf = (argument: string): Version | undefined => versions.find((one) => argument === `-${one}`)
  const given = args.flatMap((argument) => versionOf(argument) ?? [])
  return { version: given.at(-1) ?? 'v2c', rest: args.filter((argument) => versionOf(argument) === undefined) }
}

export async function v3Security(
  values: ValuesOf<typeof securityOptions>,
): Promise<Extract<ManagerSecurity, { version: 'v3' }>> {
  const { user, level = 'authPriv', context } = values
  if (user === undefined) throw new UsageError('-v3 needs a user: -u USER')
  if (level !== 'noAuthNoPriv' && level !== 'authNoPriv' && level !== 'authPriv')
    throw new UsageError(`-l must be noAuthNoPriv, authNoPriv or authPriv, got ${level}`)
  const base = { version: 'v3', level, contextName: context } as const
  if (level === 'noAuthNoPriv') return { ...base, credentials: { userName: user, auth: undefined, priv: undefined } }
  const auth = authNamed('-a', values.auth)
  const priv = level === 'authPriv' ? privNamed('-x', values.priv) : undefined
  if (level === 'authPriv' && !priv) throw new UsageError('authPriv needs a privacy protocol: -x')
  const phrases = await passphrases(values.passphraseFile, priv !== undefined)
  const credentials = {
    userName: user,
    auth: { protocol: auth, passphrase: phrases.auth },
    priv: priv && { protocol: priv, passphrase: phrases.priv },
  }
  return { ...base, credentials }
}
