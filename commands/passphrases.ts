/** Passphrases: from a file, from the environment, or asked for without being shown; never from an argument, which others can read. */
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { shortestPassphrase } from '../agent/security/usm/keys.ts'
import { readRegularFileSync } from '../lib/regular-file.ts'

/** Two lines need no more; whoever names another file by mistake hears so. */
const maxFileOctets = 65_536

export interface Passphrases {
  readonly auth: string
  readonly priv: string
}

/** Throws an Error that says where they come from, when one that is needed is missing or too short. */
export async function passphrases(file: string | undefined, needsPrivacy: boolean): Promise<Passphrases> {
  let auth = process.env.CASTELLAN_AUTH_PASSPHRASE
  let priv = process.env.CASTELLAN_PRIV_PASSPHRASE
  if (file !== undefined) [auth, priv] = readRegularFileSync(file, maxFileOctets).octets.toString('utf8').split(/\r?\n/)
  if (auth === undefined && process.stdin.isTTY) {
    auth = await askSecretly('authentication passphrase: ')
    if (needsPrivacy) priv = await askSecretly('privacy passphrase: ')
  }
  const wanted = [
    ['authentication', 'AUTH', auth],
    ...(needsPrivacy ? [['privacy', 'PRIV', priv] as const] : []),
  ] as const
  for (const [what, variable, found] of wanted) {
    if (Buffer.byteLength(found ?? '') >= shortestPassphrase) continue
    throw new Error(
      `the ${what} passphrase is to have at least ${shortestPassphrase} octets; it comes from --passphrase-file, CASTELLAN_${variable}_PASSPHRASE or a terminal`,
    )
  }
  return { auth: auth!, priv: needsPrivacy ? priv! : '' }
}

async function askSecretly(question: string): Promise<string> {
  process.stderr.write(question)
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  const answer = await terminal.question('')
  terminal.close()
  process.stderr.write('\n')
  return answer
}
