/** A datagram, or a message framed from a stream, as a SIP message: strict about what is read here (RFC 3261 §7, §16.3), with limits on everything. */
import { checkRequest, cseqMethodOf } from './check-request.ts'
import { cleanHead, headFault } from './head.ts'
import { H, headerIdOf } from './header-names.ts'
import { Parts, type SipRequest, SipResponse, stride } from './message.ts'
import { isToken } from './scan.ts'
import { parseVia, type Via } from './via.ts'

export const limits = { headerCount: 256, headerOctets: 32_768, uriOctets: 4096 } as const

/** What could not be taken: status and words for the answer, and as much of the request as an answer needs. */
export interface Malformed {
  readonly kind: 'malformed'
  readonly status: number
  readonly reason: string
  readonly parts: Parts
  /** The topmost one, when it can be read. */
  readonly via: Via | undefined
  readonly method: string | undefined
}

/** A response that nobody can be brought: it belongs to nothing, and is answered with nothing. */
export interface Unreadable {
  readonly kind: 'unreadable'
  readonly why: string
  readonly startLine: string
  readonly callId: string | undefined
}

export type Parsed = SipRequest | SipResponse | Malformed | Unreadable

const lf = 0x0a
const cr = 0x0d
const space = 0x20
const tab = 0x09

/** Undefined for octets that are no message at all, keep-alives among them. */
export function parseMessage(octets: Buffer): Parsed | undefined {
  const text = octets.toString('latin1')
  let at = 0
  // §7.5: empty lines before the start line are ignored; some phones send NUL to keep what NAT knows of them.
  for (let code = text.charCodeAt(0); code === cr || code === lf || code === 0; code = text.charCodeAt(at)) at++
  if (at === text.length) return undefined
  const message = at === 0 ? text : text.slice(at)
  const fault = headFault(octets, at)
  return fault === undefined ? parseText(message) : refuseHead(cleanHead(message), fault)
}

function parseText(text: string): Parsed | undefined {
  const startLineEnd = text.indexOf('\n')
  if (startLineEnd < 0) return malformedStart(text, text)
  const startLine = text.slice(0, startLineEnd - 1)
  return isResponse(text)
    ? parseResponse(text, startLine, startLineEnd + 1)
    : parseRequest(text, startLine, startLineEnd + 1)
}

function isResponse(text: string): boolean {
  return text.startsWith('SIP/') || text.startsWith('sip/')
}

function parseRequest(text: string, startLine: string, headersAt: number): SipRequest | Malformed | undefined {
  // Request-Line = Method SP Request-URI SP SIP-Version (§7.1): one space each, none at the end.
  const methodEnd = startLine.indexOf(' ')
  const uriEnd = startLine.indexOf(' ', methodEnd + 1)
  const version = startLine.slice(uriEnd + 1)
  if (methodEnd <= 0 || uriEnd <= methodEnd + 1 || !isVersion(version))
    return malformedStart(text, startLine, headersAt)
  const method = startLine.slice(0, methodEnd)
  const requestUri = startLine.slice(methodEnd + 1, uriEnd)
  const head = readHeaders(text, headersAt)
  const refuse = (status: number, reason: string): Malformed => malformed(status, reason, head.parts, method)
  if (head.fault !== undefined) return refuse(400, head.fault)
  if (!isToken(method)) return refuse(400, 'the method is not a token')
  if (version.toUpperCase() !== 'SIP/2.0') return refuse(505, 'only SIP/2.0 is spoken here')
  if (requestUri.length > limits.uriOctets) return refuse(414, `a Request-URI of more than ${limits.uriOctets} octets`)
  const checked = checkRequest(head.parts, topmostVia(head.parts), method, requestUri)
  return typeof checked === 'string' ? refuse(400, checked) : checked
}

function parseResponse(text: string, startLine: string, headersAt: number): SipResponse | Unreadable {
  const { parts, fault } = readHeaders(text, headersAt)
  const match = /^SIP\/2\.0 ([1-6]\d\d)(?: (.*))?$/i.exec(startLine)
  if (!match) return unreadable(text, startLine, 'the status line is not of the form version status reason')
  if (fault !== undefined) return unreadable(text, startLine, fault)
  const via = topmostVia(parts)
  if (!via) return unreadable(text, startLine, 'the topmost Via is not of the grammar')
  const method = cseqMethodOf(parts.value(H.cseq) ?? '')
  if (method === undefined) return unreadable(text, startLine, 'CSeq is not a number below 2^31 and a method')
  return new SipResponse(parts, Number(match[1]), match[2] ?? '', via, method)
}

interface Head {
  readonly parts: Parts
  readonly fault?: string | undefined
}

/** The headers of a request whose body never came, for the answer to it; undefined when it is no request. */
export function readHead(octets: Buffer): Parts | undefined {
  const text = cleanText(octets)
  return !text.includes('\n') || isResponse(text) ? undefined : readParts(text)
}

function cleanText(octets: Buffer): string {
  const text = octets.toString('latin1')
  return headFault(octets) === undefined ? text : cleanHead(text)
}

/** What a stream brought whose end nobody knows: a request to be refused, or a response; undefined when it is neither. */
export function refusedHead(octets: Buffer, status: number, why: string): Malformed | Unreadable | undefined {
  const text = cleanText(octets)
  const startLine = text.slice(0, startOfHeaders(text)).trimEnd()
  if (isResponse(text)) return unreadable(text, startLine, why)
  const parts = readHead(octets)
  return parts && malformed(status, why, parts, startLine.split(' ', 1)[0] ?? '')
}

function unreadable(text: string, startLine: string, why: string): Unreadable {
  return { kind: 'unreadable', why, startLine, callId: readParts(text).value(H.callId) }
}

/** The headers of a message that was written here. */
export function readParts(text: string): Parts {
  return readHeaders(text, startOfHeaders(text)).parts
}

/** Where the headers of a message are. */
interface Layout {
  readonly layout: readonly number[]
  readonly isFolded: boolean
  /** Where the empty line begins; the end of the text when there is none. */
  readonly headEnd: number
  readonly contentLength: number | undefined
  /** What is wrong, in words: so that nobody knows where the message ends, and beyond that. */
  readonly lengthFault: string | undefined
  readonly fault: string | undefined
}

/**
 * Finds the header lines. A line that is no header we could ask for is nobody's but its reader's: it stays where it is, and goes
 * on as it came (RFC 3261 §16.3 item 1).
 */
function layOut(text: string, from: number): Layout {
  const layout: number[] = []
  let lengthFault: string | undefined
  let contentLength: number | undefined
  let at = from
  let isEnded = false
  let isFolded = false
  // For some it goes on with the start line, whatever it says.
  if (isBlank(text.charCodeAt(at))) lengthFault = 'the first header line begins with a blank'
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === cr) {
      isEnded = text.charCodeAt(at + 1) === lf
      break
    }
    let end = text.indexOf('\n', at) + 1
    // §7.3.1: a line that begins with a blank goes on with the one before.
    for (; end > 0 && isBlank(text.charCodeAt(end)); end = text.indexOf('\n', end) + 1) isFolded = true
    if (end === 0) end = text.length
    const colon = text.indexOf(':', at)
    if (colon < 0 || colon >= end) {
      at = end
      continue
    }
    let nameEnd = colon
    while (nameEnd > at && isBlank(text.charCodeAt(nameEnd - 1))) nameEnd--
    const id = headerIdOf(text.slice(at, nameEnd)) ?? H.other
    let valueEnd = end
    while (valueEnd > colon + 1 && text.charCodeAt(valueEnd - 1) <= space) valueEnd--
    let valueStart = colon + 1
    while (valueStart < valueEnd && text.charCodeAt(valueStart) <= space) valueStart++
    // One beyond the limit says that there are too many.
    if (layout.length <= limits.headerCount * stride) layout.push(id, at, valueStart, valueEnd, end)
    if (id === H.contentLength) {
      const value = text.slice(valueStart, valueEnd)
      if (contentLength !== undefined) lengthFault ??= 'Content-Length is there more than once'
      else if (!/^\d{1,9}$/.test(value)) lengthFault ??= 'Content-Length is not a number'
      else contentLength = Number(value)
    }
    at = end
  }
  let fault = lengthFault
  if (layout.length > limits.headerCount * stride) fault ??= `more than ${limits.headerCount} headers`
  if (at > limits.headerOctets) fault ??= `headers of more than ${limits.headerOctets} octets`
  if (!isEnded) fault ??= 'the empty line after the headers is missing'
  return { layout, isFolded, headEnd: at, contentLength, lengthFault, fault }
}

/** What a whole head says of the length of its body, for who cuts a stream into messages: octets, nothing, or in words why not. */
export function contentLengthOf(head: string): number | string | undefined {
  const { contentLength, lengthFault } = layOut(head, startOfHeaders(head))
  return lengthFault ?? contentLength
}

function startOfHeaders(text: string): number {
  const end = text.indexOf('\n')
  return end < 0 ? text.length : end + 1
}

/** The headers, and the body cut to its Content-Length. */
function readHeaders(text: string, from: number): Head {
  const { layout, isFolded, headEnd, contentLength, fault: first } = layOut(text, from)
  let fault = first
  const bodyStart = Math.min(headEnd + 2, text.length)
  let whole = text
  if (contentLength !== undefined) {
    // §18.3: over UDP what goes beyond is cut off, and a datagram that ends early is an error.
    if (contentLength > text.length - bodyStart) fault ??= 'the body is shorter than Content-Length says'
    else if (contentLength < text.length - bodyStart) whole = text.slice(0, bodyStart + contentLength)
  }
  return { parts: new Parts(whole, layout, isFolded, headEnd, bodyStart), fault }
}

function isBlank(code: number): boolean {
  return code === space || code === tab
}

function isVersion(text: string): boolean {
  return text === 'SIP/2.0' || /^SIP\/\d+\.\d+$/i.test(text)
}

/** Of a start line that is not of the grammar: a request when it looks like one, otherwise nothing. */
function malformedStart(
  text: string,
  startLine: string,
  headersAt?: number,
  reason = 'the request line is not of the form method URI version',
): Malformed | undefined {
  if (!/^[A-Z]+ .*SIP\/\d/i.test(startLine)) return undefined
  const { parts } = readHeaders(text, headersAt ?? text.length)
  return malformed(400, reason, parts, startLine.slice(0, startLine.indexOf(' ')))
}

/** Of characters that no head has, with those replaced: what is left of a request is enough to answer it. */
function refuseHead(text: string, fault: string): Malformed | Unreadable | undefined {
  const startLine = text.slice(0, text.indexOf('\r\n'))
  if (isResponse(text)) return unreadable(text, startLine, fault)
  return malformedStart(text, startLine, startLine.length + 2, fault)
}

function malformed(status: number, reason: string, parts: Parts, method: string): Malformed {
  return { kind: 'malformed', status, reason, parts, via: topmostVia(parts), method }
}

/** Undefined when there is none, or when it is not of the grammar. */
export function topmostVia(parts: Parts): Via | undefined {
  const at = parts.indexOf(H.via)
  if (at < 0) return undefined
  return parseVia(parts.text, parts.valueStart(at), parts.valueEnd(at))
}

/** The Via after the topmost, in the same header or the next; of a response that is on its way back. */
export function secondVia(message: SipResponse): Via | undefined {
  const { text, layout, via } = message
  const first = message.indexOf(H.via)
  const end = layout[first + 3]!
  if (via.end < end) return parseVia(text, via.end + 1, end)
  for (let at = first + stride; at < layout.length; at += stride)
    if (layout[at] === H.via) return parseVia(text, layout[at + 2]!, layout[at + 3]!)
  return undefined
}
