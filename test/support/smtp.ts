/** A mail server of a test's own, which keeps what it takes and can be told to refuse. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

export interface TakenMail {
  readonly to: readonly string[]
  /** As it came, headers first. */
  readonly raw: string
}

export class TestSmtp {
  readonly mails: TakenMail[] = []
  /** Gives the SMTP answer to a recipient that is not taken. */
  refuse: (recipient: string) => { readonly code: number; readonly text: string } | undefined = () => undefined
  readonly #server: SMTPServer

  constructor() {
    this.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS', 'AUTH'],
      disableReverseLookup: true,
      logger: false,
      onRcptTo: ({ address }, _session, done) => {
        const refusal = this.refuse(address)
        if (!refusal) return done()
        done(Object.assign(new Error(refusal.text), { responseCode: refusal.code }))
      },
      onData: (stream, session, done) => {
        const chunks: Buffer[] = []
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.on('end', () => {
          this.mails.push({
            to: session.envelope.rcptTo.map(({ address }) => address),
            raw: Buffer.concat(chunks).toString('utf8'),
          })
          done()
        })
      },
    })
    this.#server.on('error', () => {})
  }

  /** Gives its port. */
  async start(port = 0): Promise<number> {
    const listening = this.#server.listen(port, '127.0.0.1')
    await once(listening, 'listening')
    return (listening.address() as AddressInfo).port
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }
}

/** A header of a mail, unfolded. */
export function headerOf({ raw }: TakenMail, name: string): string | undefined {
  const [head = ''] = raw.split('\r\n\r\n', 1)
  const unfolded = head.replace(/\r\n[ \t]+/g, ' ')
  const line = unfolded.split('\r\n').find((one) => one.toLowerCase().startsWith(`${name.toLowerCase()}:`))
  return line?.slice(name.length + 1).trim()
}
