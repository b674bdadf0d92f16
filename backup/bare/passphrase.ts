/** The recovery passphrase: from a terminal without showing it, or the first line of what is piped in. */
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'

/** Throws where there is none. */
export async function readPassphrase(input: NodeJS.ReadStream = process.stdin): Promise<string> {
  if (input.isTTY) process.stderr.write('recovery passphrase: ')
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input, output: silent, terminal: input.isTTY === true })
  try {
    for await (const line of lines) return line
  } finally {
    lines.close()
    if (input.isTTY) process.stderr.write('\n')
  }
  throw new Error('expected the recovery passphrase on standard input')
}
