/** An OPTIONS request of our own, and the response that belongs to it (RFC 3261 §11.1). */
import { randomBytes } from 'node:crypto'
import type { SipResponse } from '../../message/message.ts'
import { parseMessage } from '../../message/parse.ts'

export interface OptionsRequest {
  readonly octets: Buffer
  /** The response to it; undefined for anything else, garbage among it. */
  match(octets: Buffer): SipResponse | undefined
}

/** `local` is where the answer is to come: `127.0.0.1:40000` or `[::1]:40000`. */
export function optionsRequest(uri: string, transport: 'UDP' | 'TCP' | 'TLS', local: string): OptionsRequest {
  const branch = `z9hG4bK${randomBytes(12).toString('hex')}` // §8.1.1.7: the cookie says that it is unique
  const host = local.replace(/:\d+$/, '')
  const octets = Buffer.from(
    [
      `OPTIONS ${uri} SIP/2.0`,
      `Via: SIP/2.0/${transport} ${local};rport;branch=${branch}`,
      'Max-Forwards: 70',
      `From: <sip:ping@${host}>;tag=${randomBytes(6).toString('hex')}`,
      `To: <${withoutPort(uri)}>`,
      `Call-ID: ${randomBytes(12).toString('hex')}@${host}`,
      'CSeq: 1 OPTIONS',
      `Contact: <sip:ping@${local}${transport === 'UDP' ? '' : `;transport=${transport.toLowerCase()}`}>`,
      'Accept: application/sdp',
      'User-Agent: Castellan sip ping',
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n'),
    'latin1',
  )
  return {
    octets,
    match: (received) => {
      const message = parseMessage(received)
      if (message?.kind !== 'response') return undefined
      // §17.1.3: the branch of the topmost Via and the method of CSeq tell whose response it is.
      return message.via.branch === branch && message.cseqMethod === 'OPTIONS' ? message : undefined
    },
  }
}

/** §19.1.1, table 1: a URI in To has neither port nor the parameters of a request. */
function withoutPort(uri: string): string {
  return /^sips?:(?:[^@]*@)?(?:\[[^\]]*\]|[^:;?]*)/i.exec(uri)?.[0] ?? uri
}
