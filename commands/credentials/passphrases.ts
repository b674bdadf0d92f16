/** Passphrases: from a file, from the environment, or asked for without being shown; never from an argument, which others can read. */
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { readRegularFileSync } from '../../lib/files/regular-file.ts'
import { hasStrayOctet, textOfOctets } from '../../lib/text/lossless-text.ts'
import { shortestPassphrase } from '../../snmp/security/usm/keys.ts'

/** Two lines need no more; a larger file was named by mistake, and is refused. */
const maxFileOctets = 65_536

export interface Passphrases {
  readonly auth: string
  readonly priv: string
}

/** Asks one question on a terminal, and does not show the answer. */
export type Ask = (question: string) => Promise<string>

export interface PassphraseOptions {
  /** They are to be kept from now on: asked for twice, since nobody sees what is typed. */
  readonly areNew?: boolean
  /** By default the terminal of standard input, where it is one. */
  readonly ask?: Ask | undefined
}

/** `file` is a path, or its lines where they were read before. Throws an Error that says where they come from, when one that is needed is missing or too short, or two are not the same. */
export async function passphrases(
  file: string | readonly string[] | undefined,
  needsPrivacy: boolean,
  { areNew = false, ask }: PassphraseOptions = {},
): Promise<Passphrases> {
  let auth = process.env.CASTELLAN_AUTH_PASSPHRASE
  let priv = process.env.CASTELLAN_PRIV_PASSPHRASE
  if (file !== undefined) [auth, priv] = typeof file === 'string' ? passphraseLines(file) : file
  if (auth === undefined && (ask || process.stdin.isTTY)) {
    const askAll = async (asking: Ask): Promise<void> => {
      auth = await askFor('authentication', areNew, asking)
      if (needsPrivacy) priv = await askFor('privacy', areNew, asking)
    }
    await (ask ? askAll(ask) : withTerminal(askAll))
  }
  return {
    auth: longEnough('authentication', 'AUTH', auth),
    priv: needsPrivacy ? longEnough('privacy', 'PRIV', priv) : '',
  }
}

/** Each passphrase is checked before the next is asked for. */
async function askFor(what: string, isNew: boolean, ask: Ask): Promise<string> {
  const answer = await ask(`${what} passphrase: `)
  longEnough(what, what === 'privacy' ? 'PRIV' : 'AUTH', answer)
  if (isNew && (await ask(`${what} passphrase again: `)) !== answer)
    throw new Error(`the two ${what} passphrases differ; nothing was changed`)
  return answer
}

function longEnough(what: string, variable: string, found = ''): string {
  if (Buffer.byteLength(found) >= shortestPassphrase) return found
  throw new Error(
    `the ${what} passphrase must have at least ${shortestPassphrase} octets; it comes from --passphrase-file, CASTELLAN_${variable}_PASSPHRASE or a terminal`,
  )
}

/** The lines of a file of passphrases. Throws when it cannot be read, or is not UTF-8. */
export function passphraseLines(file: string): string[] {
  const text = textOfOctets(readRegularFileSync(file, maxFileOctets).octets)
  // Keys are made from the octets, and every other tool sends UTF-8.
  if (hasStrayOctet(text)) throw new Error(`${file} is not UTF-8`)
  return text.replace(/^\ufeff/, '').split(/\r?\n/)
}

/** One terminal for all questions: nothing is shown between them either, and what is typed ahead is an answer. */
async function withTerminal(act: (ask: Ask) => Promise<void>): Promise<void> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  terminal.on('SIGINT', () => terminal.close())
  const lines = terminal[Symbol.asyncIterator]()
  try {
    await act(async (question) => {
      process.stderr.write(question)
      const answer = await lines.next()
      process.stderr.write('\n')
      if (answer.done) throw new Error('interrupted; nothing was changed')
      return answer.value
    })
  } finally {
    terminal.close()
  }
}
