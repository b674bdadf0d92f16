/** A datagram, or a message framed from a stream, as a SIP message: strictly (RFC 3261 §7 and §25.1), with limits on everything. */
import { parseAddress } from './address.ts'
import { cleanHead, headFault } from './head.ts'
import { H, headerIdOf } from './header-names.ts'
import { Parts, SipRequest, SipResponse, stride } from './message.ts'
import { isToken, split } from './scan.ts'
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

const lf = 0x0a
const cr = 0x0d
const space = 0x20
const tab = 0x09

/** Undefined for octets that are no message at all, keep-alives among them, and for responses that are not of the grammar. */
export function parseMessage(octets: Buffer): SipRequest | SipResponse | Malformed | undefined {
  const text = octets.toString('latin1')
  let at = 0
  // §7.5: empty lines before the start line are ignored.
  for (let code = text.charCodeAt(0); code === cr || code === lf; code = text.charCodeAt(at)) at++
  if (at === text.length) return undefined
  const message = at === 0 ? text : text.slice(at)
  const fault = headFault(octets, at)
  return fault === undefined ? parseText(message) : refuseHead(cleanHead(message), fault)
}

function parseText(text: string): SipRequest | SipResponse | Malformed | undefined {
  const startLineEnd = text.indexOf('\n')
  if (startLineEnd < 0) return malformedStart(text, text)
  const startLine = text.slice(0, startLineEnd - 1)
  return text.startsWith('SIP/') || text.startsWith('sip/')
    ? parseResponse(text, startLine, startLineEnd + 1)
    : parseRequest(text, startLine, startLineEnd + 1)
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
  return checkRequest(head.parts, method, requestUri)
}

function parseResponse(text: string, startLine: string, headersAt: number): SipResponse | undefined {
  const match = /^SIP\/2\.0 ([1-6]\d\d)(?: (.*))?$/i.exec(startLine)
  if (!match) return undefined
  const { parts, fault } = readHeaders(text, headersAt)
  if (fault !== undefined) return undefined
  // What is not of the grammar cannot be answered, and belongs to nothing.
  const via = topmostVia(parts)
  const cseq = parts.value(H.cseq)
  const method = cseq === undefined ? undefined : cseqMethodOf(cseq)
  if (!via || method === undefined) return undefined
  return new SipResponse(parts, Number(match[1]), match[2] ?? '', via, method)
}

interface Head {
  readonly parts: Parts
  readonly fault?: string | undefined
}

/** The headers of a request whose body never came, for the answer to it; undefined when it is no request. */
export function readHead(octets: Buffer): Parts | undefined {
  const head = octets.toString('latin1')
  const text = headFault(octets) === undefined ? head : cleanHead(head)
  return !text.includes('\n') || /^SIP\//i.test(text) ? undefined : readParts(text)
}

/** The headers of a message that was written here. */
export function readParts(text: string): Parts {
  return readHeaders(text, text.indexOf('\n') + 1).parts
}

/** Finds the header lines, and cuts the body to its Content-Length. The fault is the first thing that is wrong, in words. */
function readHeaders(text: string, from: number): Head {
  const layout: number[] = []
  let fault: string | undefined
  let contentLength: number | undefined
  let at = from
  let isEnded = false
  let isFolded = false
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === cr) {
      isEnded = true
      break
    }
    let end = text.indexOf('\n', at) + 1
    // §7.3.1: a line that begins with a blank goes on with the one before.
    for (; end > 0 && isBlank(text.charCodeAt(end)); end = text.indexOf('\n', end) + 1) isFolded = true
    if (end === 0) end = text.length
    const colon = text.indexOf(':', at)
    let nameEnd = colon
    while (nameEnd > at && isBlank(text.charCodeAt(nameEnd - 1))) nameEnd--
    const name = colon < 0 || colon >= end ? '' : text.slice(at, nameEnd)
    const known = headerIdOf(name)
    if (known === undefined && !isToken(name)) {
      fault ??= `a header line is not of the form name: value: ${shorten(text.slice(at, end).trimEnd())}`
      at = end
      continue
    }
    let valueEnd = end
    while (valueEnd > colon + 1 && text.charCodeAt(valueEnd - 1) <= space) valueEnd--
    let valueStart = colon + 1
    while (valueStart < valueEnd && text.charCodeAt(valueStart) <= space) valueStart++
    layout.push(known ?? H.other, at, valueStart, valueEnd, end)
    if (layout.length > limits.headerCount * stride) {
      fault ??= `more than ${limits.headerCount} headers`
      break
    }
    if (known === H.contentLength) {
      const value = text.slice(valueStart, valueEnd)
      if (contentLength !== undefined) fault ??= 'Content-Length is there more than once'
      else if (!/^\d{1,9}$/.test(value)) fault ??= 'Content-Length is not a number'
      else contentLength = Number(value)
    }
    at = end
  }
  if (at > limits.headerOctets) fault ??= `headers of more than ${limits.headerOctets} octets`
  if (!isEnded) fault ??= 'the empty line after the headers is missing'
  const bodyStart = isEnded ? at + 2 : text.length
  let whole = text
  if (contentLength !== undefined) {
    // §18.3: over UDP what goes beyond is cut off, and a datagram that ends early is an error.
    if (contentLength > text.length - bodyStart) fault ??= 'the body is shorter than Content-Length says'
    else if (contentLength < text.length - bodyStart) whole = text.slice(0, bodyStart + contentLength)
  }
  return { parts: new Parts(whole, layout, isFolded, at, bodyStart), fault }
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
function refuseHead(text: string, fault: string): Malformed | undefined {
  const startLine = text.slice(0, text.indexOf('\r\n'))
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

/** RFC 7231's preferred form, the only one that SIP has (§20.17). */
const sipDate =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT$/

const onceEach = [
  [H.from, 'From'],
  [H.to, 'To'],
  [H.callId, 'Call-ID'],
  [H.cseq, 'CSeq'],
] as const

/** §8.1.1: what every request has to have, once, and of the grammar. */
function checkRequest(parts: Parts, method: string, requestUri: string): SipRequest | Malformed {
  const refuse = (reason: string): Malformed => malformed(400, reason, parts, method)
  const uriFault = checkUri(requestUri)
  if (uriFault) return refuse(uriFault)
  for (const [id, name] of onceEach) {
    const count = parts.count(id)
    if (count === 0) return refuse(`${name} is missing`)
    if (count > 1) return refuse(`${name} is there ${count} times`)
  }
  if (!isAddress(parts.from)) return refuse('From is not of the grammar')
  if (!isAddress(parts.to)) return refuse('To is not of the grammar')
  if (parts.value(H.callId) === '') return refuse('Call-ID is empty')
  const at = parts.indexOf(H.via)
  if (at < 0) return refuse('Via is missing')
  const via = topmostVia(parts)
  if (!via) return refuse('the topmost Via is not of the grammar')
  const { layout } = parts
  for (let i = 0; i < layout.length; i += stride) {
    switch (layout[i]) {
      case H.contact: {
        const value = parts.valueAt(i)
        if (usualAddress.test(value)) break // one alone: a comma can only be within quotes or brackets
        const contacts = split(value, ',')
        if (!contacts) return refuse('a quote or angle bracket in Contact is not closed')
        if (!contacts.every((contact) => contact === '*' || isAddress(contact)))
          return refuse('Contact is not of the grammar')
        break
      }
      case H.route:
      case H.recordRoute:
        if (!split(parts.valueAt(i), ',')?.every(isAddress)) return refuse('a route is not of the grammar')
        break
      case H.date:
        if (!sipDate.test(parts.valueAt(i))) return refuse('Date is not of the form Sat, 13 Nov 2010 23:29:00 GMT')
        break
    }
  }
  const cseq = parts.value(H.cseq) ?? ''
  const cseqMethod = cseqMethodOf(cseq)
  if (cseqMethod === undefined) return refuse('CSeq is not a number below 2^31 and a method')
  if (cseqMethod !== method) return refuse(`CSeq names ${cseqMethod}, the request line ${method}`)
  let maxBreadth: number | undefined
  const breadth = parts.value(H.maxBreadth)
  if (breadth !== undefined) {
    if (!/^\d{1,10}$/.test(breadth) || parts.count(H.maxBreadth) > 1) return refuse('Max-Breadth is not one number')
    maxBreadth = Number(breadth)
  }
  let maxForwards: number | undefined
  const hops = parts.value(H.maxForwards)
  if (hops !== undefined) {
    if (parts.count(H.maxForwards) > 1) return refuse('Max-Forwards is there more than once')
    maxForwards = /^\d{1,9}$/.test(hops) ? Number(hops) : 256
    if (maxForwards > 255) return refuse('Max-Forwards is not a number up to 255')
  }
  return new SipRequest(parts, method, requestUri, via, Number.parseInt(cseq, 10), maxForwards, maxBreadth)
}

/** From, To and Contact as nearly all of them are: <uri>, perhaps after words or a quoted name, and parameters of tokens. */
const usualAddress =
  /^(?:"[^"\\]*"[ \t]*|[A-Za-z0-9\-.!%*_+`'~ \t]*)<[^<>"\s]+>(?:[ \t]*;[ \t]*[A-Za-z0-9\-.!%*_+`'~]+(?:=[A-Za-z0-9\-.!%*_+`'~:[\]]+)?)*$/

function isAddress(value: string): boolean {
  return usualAddress.test(value) || parseAddress(value) !== undefined
}

/** The Request-URI by its characters alone: what it means is for who answers the request (§8.2.2.1). */
function checkUri(uri: string): string | undefined {
  if (/[<>"\t]/.test(uri)) return 'the Request-URI has characters that no URI has'
  // §19.1.1: headers are not for Request-URIs.
  if (uri.includes('?') && /^sips?:[^?]*@[^?]*\?/i.test(uri)) return 'the Request-URI has headers'
  return undefined
}

const usualCSeq = /^(\d{1,10})[ \t]+(\S+)$/

/** Undefined when the value is not of the grammar (§20.16). */
function cseqMethodOf(value: string): string | undefined {
  const match = usualCSeq.exec(value)
  return match && Number(match[1]) < 2 ** 31 && isToken(match[2]!) ? match[2] : undefined
}

function shorten(line: string): string {
  return JSON.stringify(line.slice(0, 40)).slice(1, -1)
}
