/** Mail by SMTP (RFC 5321), with STARTTLS or TLS and a password where the server wants them. */
import { createTransport, type Transporter } from 'nodemailer'
import { messageOf } from '../../lib/errors.ts'
import { fieldsOf } from '../../lib/text/fields.ts'
import type { MailContent } from '../mail/incident-mail.ts'
import type { Channel, Delivery, Message } from './channel.ts'

export interface MailOptions {
  readonly host: string
  readonly port: number
  readonly security: 'none' | 'starttls' | 'tls'
  readonly user: string | undefined
  readonly password: string | undefined
  readonly from: string
  /** What it says of itself in EHLO. */
  readonly ownName: string
  /** Certificates to believe beside those of the system, in PEM. */
  readonly ca?: string
}

const timeoutMs = 30_000

export class MailChannel implements Channel {
  readonly #options: MailOptions
  readonly #transport: Transporter

  constructor(options: MailOptions) {
    const { host, port, security, user, password = '', ownName, ca } = options
    this.#options = options
    this.#transport = createTransport({
      host,
      port,
      name: ownName,
      secure: security === 'tls',
      requireTLS: security === 'starttls',
      ignoreTLS: security === 'none',
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      disableFileAccess: true,
      disableUrlAccess: true,
      ...(user === undefined ? {} : { auth: { user, pass: password } }),
      ...(ca === undefined ? {} : { tls: { ca } }),
    })
  }

  async deliver({ recipient, messageId, content }: Message): Promise<Delivery> {
    const { subject, text, html, chart, inReplyTo } = mailIn(content)
    const { host, port, from } = this.#options
    try {
      const { response } = await this.#transport.sendMail({
        from: { name: 'Castellan', address: from },
        to: { name: '', address: recipient },
        messageId,
        subject,
        text,
        html,
        // RFC 3834: no answering machine answers it.
        headers: { 'Auto-Submitted': 'auto-generated' },
        ...(inReplyTo === undefined ? {} : { inReplyTo, references: inReplyTo }),
        ...(chart === undefined
          ? {}
          : { attachments: [{ filename: 'chart.png', cid: 'chart', content: chart, encoding: 'base64' }] }),
      })
      return { kind: 'sent', answer: response ?? '' }
    } catch (error) {
      const reason = `mail to ${recipient} by ${host}:${port}: ${explained(error)}`
      if (isRefusal(error)) return { kind: 'refused', reason }
      throw new Error(reason, { cause: error })
    }
  }

  close(): void {
    this.#transport.close()
  }
}

/** A permanent answer (5yz) to this recipient or this message; one to the connection or the password may be mended. */
function isRefusal(error: unknown): boolean {
  const { responseCode, command } = fieldsOf(errorFields(error))
  const code = Number(responseCode)
  return code >= 500 && code < 600 && (command === 'RCPT TO' || command === 'DATA' || command === 'API')
}

function explained(error: unknown): string {
  const { code } = fieldsOf(errorFields(error))
  const message = messageOf(error)
  if (/certificate|self-signed|altnames/i.test(message))
    return `${message}; the certificate of the server is not believed: its name must be that of alertMailServer, and its issuer known to this machine`
  return code === 'EAUTH' ? `${message}; look at the user and the password file of alertMailServer` : message
}

/** An Error's own fields are not enumerable in every version. */
function errorFields(error: unknown): unknown {
  if (!(error instanceof Error)) return {}
  return Object.fromEntries(Object.getOwnPropertyNames(error).map((name) => [name, Reflect.get(error, name)]))
}

function mailIn(content: string): MailContent {
  const { subject, text, html, chart, inReplyTo } = fieldsOf(JSON.parse(content))
  return {
    subject: String(subject),
    text: String(text),
    html: String(html),
    ...(typeof chart === 'string' ? { chart } : {}),
    ...(typeof inReplyTo === 'string' ? { inReplyTo } : {}),
  }
}
