/** Responses to a request: what RFC 3261 §8.2.6 copies, and where they go (§18.2.2, RFC 3581). */
import { createHash } from 'node:crypto'
import { type Header, headerValue, headerValues } from './message.ts'
import { parseVia } from './parse.ts'

export interface Source {
  readonly address: string
  readonly port: number
}

export interface Answerable {
  readonly headers: readonly Header[]
}

/** The octets of a response. The reason phrase may be any words; they end where a line would. */
export function formatResponse(
  request: Answerable,
  source: Source,
  status: number,
  reason: string,
  extra: readonly Header[] = [],
): Buffer {
  const lines = [`SIP/2.0 ${status} ${reason.replace(/[\r\n]+/g, ' ')}`]
  for (const [i, via] of headerValues(request, 'Via').entries()) {
    lines.push(`Via: ${i === 0 ? withReceived(via, source) : via}`)
  }
  for (const name of ['From', 'To', 'Call-ID', 'CSeq']) {
    const value = headerValue(request, name)
    if (value !== undefined) lines.push(`${name}: ${name === 'To' && status > 100 ? withTag(value, request) : value}`)
  }
  for (const { name, value } of extra) lines.push(`${name}: ${value}`)
  lines.push('Server: Castellan', 'Content-Length: 0', '', '')
  return Buffer.from(lines.join('\r\n'), 'latin1')
}

/** Where the response goes over UDP; undefined when the topmost Via says nothing that can be used. */
export function responseTarget(request: Answerable, source: Source): Source | undefined {
  const via = parseVia(headerValues(request, 'Via')[0] ?? '')
  if (!via) return undefined
  // RFC 3581 §4: with rport, to the port the request came from. Otherwise to the port the Via names.
  return { address: source.address, port: via.parameters.has('rport') ? source.port : (via.port ?? 5060) }
}

/** §18.2.1 and RFC 3581 §4: where the request really came from. */
function withReceived(via: string, source: Source): string {
  const parsed = parseVia(via)
  if (!parsed) return via
  const hasRport = parsed.parameters.has('rport')
  let result = via
  if (hasRport) result = result.replace(/;\s*rport(\s*=\s*\d*)?(?=\s*(;|$))/i, `;rport=${source.port}`)
  if (hasRport || parsed.host.replace(/^\[|\]$/g, '') !== source.address) {
    result = `${result.replace(/;\s*received\s*=[^;]*/i, '')};received=${source.address}`
  }
  return result
}

/** The same request gets the same tag, also without anything remembered (§8.2.7). */
function withTag(to: string, request: Answerable): string {
  if (/;\s*tag\s*=/i.test(to.slice(to.lastIndexOf('>') + 1))) return to
  const key = ['Via', 'From', 'Call-ID', 'CSeq'].map((name) => headerValue(request, name) ?? '').join('\n')
  return `${to};tag=${createHash('sha256').update(tagSalt).update(key).digest('hex').slice(0, 16)}`
}

const tagSalt = createHash('sha256').update(`${process.pid} ${process.hrtime.bigint()}`).digest()
