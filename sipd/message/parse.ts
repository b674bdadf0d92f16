/** A datagram as a SIP message, strictly (RFC 3261 §7 and §25.1), with limits on everything. */

import { parseAddress } from './address.ts'
import { canonicalName, listHeaders } from './header-names.ts'
import { type Header, headerValue, headerValues, type SipMessage, type SipRequest } from './message.ts'
import { isToken, parseParameters, split } from './scan.ts'

export const limits = { headerCount: 256, headerOctets: 32_768 } as const

export interface Via {
  readonly transport: string
  readonly host: string
  readonly port: number | undefined
  readonly parameters: ReadonlyMap<string, string | undefined>
}

export interface CSeq {
  readonly number: number
  readonly method: string
}

/** What could not be taken: status and words for the answer, and as much of the request as an answer needs. */
export interface Malformed {
  readonly kind: 'malformed'
  readonly status: number
  readonly reason: string
  readonly headers: readonly Header[]
  readonly method: string | undefined
}

/** Undefined for octets that are no message at all, keep-alives among them. */
export function parseMessage(octets: Uint8Array): SipMessage | Malformed | undefined {
  const text = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('latin1')
  const start = text.search(/[^\r\n]/) // §7.5: empty lines before the start line are ignored
  if (start < 0) return undefined
  const blank = /\r?\n\r?\n/.exec(text.slice(start))
  const headEnd = blank ? start + blank.index : text.length
  const bodyStart = blank ? headEnd + blank[0].length : text.length
  const [startLine = '', ...rawLines] = text.slice(start, headEnd).split(/\r?\n/)
  const lines = unfold(rawLines)
  const requestLine = /^(\S+) (\S+) (SIP\/\d+\.\d+)$/i.exec(startLine)
  const statusLine = /^SIP\/2\.0 ([1-6]\d\d)(?: (.*))?$/i.exec(startLine)
  // Of a request line that is not of the grammar, too: an ACK is never answered. A response has none, and is not either.
  const method = statusLine ? undefined : (requestLine?.[1] ?? /^(\S+)\s/.exec(startLine)?.[1])
  const headers: Header[] = []
  const malformed = (status: number, reason: string): Malformed => ({
    kind: 'malformed',
    status,
    reason,
    headers,
    method,
  })

  let fault: string | undefined
  for (const line of lines) {
    const header = /^([^\s:]+)[ \t]*:(.*)$/s.exec(line)
    if (!header || !isToken(header[1]!)) {
      fault ??= `a header line is not of the form name: value: ${shorten(line)}`
      continue
    }
    const name = canonicalName(header[1]!)
    const value = header[2]!.trim()
    const parts = listHeaders.has(name) ? split(value, ',') : [value]
    if (!parts) fault ??= `a quote or angle bracket in ${name} is not closed`
    else for (const part of parts) headers.push({ name, value: part })
    if (headers.length > limits.headerCount) return malformed(400, `more than ${limits.headerCount} headers`)
  }
  if (!requestLine && !statusLine) {
    return /^[A-Z]+ .*SIP\/\d/i.test(startLine)
      ? malformed(400, 'the request line is not of the form method URI version')
      : undefined
  }
  if (headEnd > limits.headerOctets) return malformed(400, `headers of more than ${limits.headerOctets} octets`)
  if (!blank) fault ??= 'the empty line after the headers is missing'
  if (statusLine && fault) return undefined
  if (fault) return malformed(400, fault)
  const body = octets.subarray(Buffer.byteLength(text.slice(0, bodyStart), 'latin1'))
  const lengths = headerValues({ headers }, 'Content-Length')
  if (lengths.length > 1) return malformed(400, 'Content-Length is there more than once')
  const [length] = lengths
  if (length !== undefined && !/^\d{1,9}$/.test(length)) return malformed(400, 'Content-Length is not a number')
  // §18.3: over UDP what goes beyond is cut off, and a datagram that ends early is an error.
  if (length !== undefined && Number(length) > body.length)
    return malformed(400, 'the body is shorter than Content-Length says')
  const taken = length === undefined ? body : body.subarray(0, Number(length))

  if (statusLine) {
    // A response that is not of the grammar cannot be answered, and belongs to nothing.
    const cseq = headerValue({ headers }, 'CSeq')
    if (cseq === undefined || !parseCSeq(cseq)) return undefined
    return { kind: 'response', status: Number(statusLine[1]), reason: statusLine[2] ?? '', headers, body: taken }
  }
  const [, requestMethod, requestUri, version] = requestLine!
  if (!isToken(requestMethod!)) return malformed(400, 'the method is not a token')
  if (version!.toUpperCase() !== 'SIP/2.0') return malformed(505, 'only SIP/2.0 is spoken here')
  const request: SipRequest = {
    kind: 'request',
    method: requestMethod!,
    requestUri: requestUri!,
    version: version!,
    headers,
    body: taken,
  }
  const problem = checkRequest(request)
  return problem ? malformed(400, problem) : request
}

/** RFC 7231's preferred form, the only one that SIP has (§20.17). */
const sipDate =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT$/

/** The Request-URI by its characters alone: what it means is for who answers the request (§8.2.2.1). */
function checkUri(uri: string): string | undefined {
  if (/[<>"]/.test(uri)) return 'the Request-URI has characters that no URI has'
  // §19.1.1: headers are not for Request-URIs.
  if (/^sips?:[^?]*@[^?]*\?/i.test(uri)) return 'the Request-URI has headers'
  return undefined
}

/** §8.1.1: what every request has to have, once, and of the grammar. */
function checkRequest(request: SipRequest): string | undefined {
  const uri = checkUri(request.requestUri)
  if (uri) return uri
  for (const name of ['From', 'To', 'Call-ID', 'CSeq']) {
    const count = headerValues(request, name).length
    if (count === 0) return `${name} is missing`
    if (count > 1) return `${name} is there ${count} times`
  }
  for (const name of ['From', 'To'])
    if (!parseAddress(headerValue(request, name)!)) return `${name} is not of the grammar`
  for (const contact of headerValues(request, 'Contact'))
    if (contact !== '*' && !parseAddress(contact)) return 'Contact is not of the grammar'
  const date = headerValue(request, 'Date')
  if (date !== undefined && !sipDate.test(date)) return 'Date is not of the form Sat, 13 Nov 2010 23:29:00 GMT'
  const vias = headerValues(request, 'Via')
  if (vias.length === 0) return 'Via is missing'
  if (!parseVia(vias[0]!)) return 'the topmost Via is not of the grammar'
  const cseq = parseCSeq(headerValue(request, 'CSeq')!)
  if (!cseq) return 'CSeq is not a number below 2^31 and a method'
  if (cseq.method !== request.method) return `CSeq names ${cseq.method}, the request line ${request.method}`
  const maxForwards = headerValue(request, 'Max-Forwards')
  if (maxForwards !== undefined && !(/^\d{1,9}$/.test(maxForwards) && Number(maxForwards) <= 255)) {
    return 'Max-Forwards is not a number up to 255'
  }
  return undefined
}

export function parseVia(value: string): Via | undefined {
  const [sentProtocol = '', ...parameterParts] = split(value, ';') ?? []
  const match =
    /^SIP\s*\/\s*2\.0\s*\/\s*([A-Za-z0-9-]+)\s+(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?:\s*:\s*(\d{1,5}))?$/i.exec(
      sentProtocol,
    )
  const parameters = parseParameters(parameterParts)
  if (!match || !parameters) return undefined
  const port = match[3] === undefined ? undefined : Number(match[3])
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined
  return { transport: match[1]!.toUpperCase(), host: match[2]!, port, parameters }
}

export function parseCSeq(value: string): CSeq | undefined {
  const match = /^(\d{1,10})\s+(\S+)$/.exec(value)
  const number = Number(match?.[1])
  if (!match || number >= 2 ** 31 || !isToken(match[2]!)) return undefined
  return { number, method: match[2]! }
}

/** §7.3.1: a line that starts with a blank goes on with the one before. */
function unfold(lines: readonly string[]): string[] {
  const whole: string[] = []
  for (const line of lines) {
    if (/^[ \t]/.test(line) && whole.length > 0) whole[whole.length - 1] += ` ${line.trim()}`
    else whole.push(line)
  }
  return whole
}

function shorten(line: string): string {
  return JSON.stringify(line.slice(0, 40)).slice(1, -1)
}
