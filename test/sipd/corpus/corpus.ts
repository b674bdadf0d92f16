/**
 * Messages as phones, gateways, servers and carriers send them, with the oddities that public captures and bug reports show. All are
 * retold: names are of example domains, addresses of RFC 5737, and nobody's call is in them.
 */

/** `passes`: a proxy sends it on, and changes nothing but what is its own; otherwise the status that it is answered with, and why. */
export type Verdict = 'passes' | readonly [status: number, why: string]

export interface CorpusMessage {
  readonly of: string
  readonly text: string
  readonly verdict: Verdict
  /** A stream would end with it, or wait for more: it has no length, or another one, or no head. */
  readonly isOfDatagrams?: true
}

/** A response: what of it is the sender's own. Via, From, To, Call-ID and CSeq are those of the request that it answers. */
export interface CorpusResponse {
  readonly of: string
  readonly startLine: string
  readonly lines: readonly string[]
  readonly body?: string
}

const sdp = `v=0
o=- 1 1 IN IP4 198.51.100.1
s=-
c=IN IP4 198.51.100.1
t=0 0
m=audio 20000 RTP/AVP 0 8 101
a=rtpmap:101 telephone-event/8000
`

/** Lines as they stand here, without the blank ones at both ends; SDP is the usual body, and LENGTH its octets. */
export function sip(text: string, body = /: ?LENGTH$/m.test(text) ? sdp : ''): string {
  const lines = text.trim().split('\n')
  const octets = body.replaceAll('\n', '\r\n')
  return `${lines.join('\r\n').replace(/(: ?)LENGTH$/m, `$1${Buffer.byteLength(octets)}`)}\r\n\r\n${octets}`
}
