/** Requests and responses on their way through a proxy: what it changes is written again, all else stays octet for octet. */
import { H } from './header-names.ts'
import type { Hop } from './hop.ts'
import { type SipRequest, type SipResponse, stride } from './message.ts'
import { receivedElement } from './respond.ts'

/** What differs from branch to branch of one forwarded request. */
export interface ForwardHead {
  readonly requestUri: string
  readonly via: string
  readonly maxBreadth: number
  readonly recordRoute: string | undefined
  /** RFC 3327, of a REGISTER. */
  readonly path: string | undefined
  /** The route set the request leaves with, replacing the one it came with; undefined leaves that as it is. */
  readonly routes: readonly string[] | undefined
}

/**
 * The headers and body of a request as all its branches have them (RFC 3261 §16.6 steps 1 and 3): received and rport
 * filled in, Max-Forwards one less. Without Max-Breadth, which each branch has its own of, and without the Route headers
 * when `dropRoutes`.
 */
export function forwardTail(request: SipRequest, source: Hop, dropRoutes: boolean): string {
  const { text, layout, via } = request
  let tail = ''
  let kept = request.lineStart(0)
  const cut = (from: number, to: number, replacement: string): void => {
    tail += text.slice(kept, from) + replacement
    kept = to
  }
  let isTopmostVia = true
  for (let at = 0; at < layout.length; at += stride) {
    const id = layout[at]
    if (id === H.via && isTopmostVia) {
      isTopmostVia = false
      const element = receivedElement(text, via, source)
      if (element !== text.slice(via.start, via.end)) cut(via.start, via.end, element)
    } else if (id === H.maxForwards) {
      cut(request.lineStart(at), request.lineEnd(at), `Max-Forwards: ${(request.maxForwards ?? 0) - 1}\r\n`)
    } else if (id === H.maxBreadth || (id === H.route && dropRoutes))
      cut(request.lineStart(at), request.lineEnd(at), '')
  }
  if (request.maxForwards === undefined) cut(request.headEnd, request.headEnd, 'Max-Forwards: 70\r\n')
  const length = missingLength(request)
  if (length !== '') cut(request.headEnd, request.headEnd, length)
  return tail + text.slice(kept)
}

/** §16.6 step 9: over a stream a message ends where its Content-Length says, and here nobody knows yet over what it leaves. */
function missingLength(message: SipRequest | SipResponse): string {
  if (message.indexOf(H.contentLength) >= 0) return ''
  return `Content-Length: ${message.text.length - message.bodyStart}\r\n`
}

export function forwardedRequest(method: string, head: ForwardHead, tail: string): string {
  let routes = ''
  for (const route of head.routes ?? []) routes += `Route: ${route}\r\n`
  const { requestUri, via, maxBreadth, recordRoute, path } = head
  const recorded = recordRoute === undefined ? '' : `Record-Route: ${recordRoute}\r\n`
  const added = path === undefined ? '' : `Path: ${path}\r\n`
  return `${method} ${requestUri} SIP/2.0\r\n${recorded}${added}Via: ${via}\r\nMax-Breadth: ${maxBreadth}\r\n${routes}${tail}`
}

/** A response without the topmost Via, which was ours (§16.7 step 3). */
export function withoutTopmostVia(response: SipResponse): string {
  const { via, headEnd } = response
  const length = missingLength(response)
  const text = length === '' ? response.text : response.text.slice(0, headEnd) + length + response.text.slice(headEnd)
  const at = response.indexOf(H.via)
  const lineEnd = response.lineEnd(at)
  // What comes after a comma in the same header stays, and becomes the topmost.
  if (text.charCodeAt(via.end) === 0x2c) return `${text.slice(0, via.start)} ${text.slice(via.end + 1).trimStart()}`
  return text.slice(0, response.lineStart(at)) + text.slice(lineEnd)
}

/**
 * The ACK for a final response other than 2xx (§17.1.1.3): of the request that was sent, its Request-URI, Call-ID, From,
 * CSeq number, topmost Via and Route; the To of the response.
 */
export function formatAck(sent: string, response: SipResponse): string {
  return sameTransaction(sent, 'ACK', response.value(H.to))
}

/** The CANCEL of a request that was sent (§9.1), with the reasons why (RFC 3326). */
export function formatCancel(sent: string, reasons: readonly string[]): string {
  return sameTransaction(
    sent,
    'CANCEL',
    undefined,
    reasons.map((reason) => `Reason: ${reason}`),
  )
}

function sameTransaction(sent: string, method: string, to: string | undefined, more: readonly string[] = []): string {
  const head = sent.slice(0, sent.indexOf('\r\n\r\n'))
  const lines = head.replace(/\r\n[ \t]+/g, ' ').split('\r\n')
  const [first = ''] = lines
  const kept: string[] = [`${method}${first.slice(first.indexOf(' '))}`]
  let isTopmostVia = true
  for (const line of lines) {
    const name = /^([^\s:]+)[ \t]*:/.exec(line)?.[1]?.toLowerCase()
    switch (name) {
      case 'via':
      case 'v':
        if (isTopmostVia) kept.push(line)
        isTopmostVia = false
        break
      case 'to':
      case 't':
        kept.push(to === undefined ? line : `To: ${to}`)
        break
      case 'cseq':
        kept.push(line.replace(/^([^\d]*\d+).*$/, `$1 ${method}`))
        break
      case 'from':
      case 'f':
      case 'call-id':
      case 'i':
      case 'route':
        kept.push(line)
        break
    }
  }
  kept.push(...more, 'Max-Forwards: 70', 'Content-Length: 0', '', '')
  return kept.join('\r\n')
}
