/** What this server does with a datagram: answer, answer again, or say nothing. It does not forward yet. */
import type { Log } from '../lib/log.ts'
import { headerValue, type SipRequest } from './message/message.ts'
import { type Malformed, parseMessage, parseVia } from './message/parse.ts'
import { formatResponse, responseTarget, type Source } from './message/respond.ts'
import { parseSipUri } from './message/uri.ts'
import type { Answer, Registrar } from './registrar/registrar.ts'
import type { SipStatistics } from './statistics.ts'
import type { AnsweredRequests } from './transaction/answered.ts'

/** Methods that are answered with more than a refusal. */
export const supportedMethods = ['OPTIONS', 'REGISTER'] as const
const allowed = supportedMethods.join(', ')
const magicCookie = 'z9hG4bK'

export interface CoreOptions {
  readonly registrar: Registrar
  readonly answered: AnsweredRequests
  readonly statistics: SipStatistics
  readonly log: Log
  readonly send: (octets: Uint8Array, target: Source) => void
}

export class Core {
  readonly #options: CoreOptions

  constructor(options: CoreOptions) {
    this.#options = options
  }

  receive(octets: Uint8Array, source: Source): void {
    try {
      const message = parseMessage(octets)
      const { statistics } = this.#options
      if (message?.kind === 'request') {
        statistics.received(message.method)
        this.#answer(message, source)
      } else if (message?.kind === 'malformed') this.#reject(message, source)
      else statistics.discarded++ // a response belongs to nothing that was sent from here
    } catch (error) {
      this.#options.log.error('bug while receiving', { source: `${source.address}:${source.port}`, error })
    }
  }

  #answer(request: SipRequest, source: Source): void {
    if (request.method === 'ACK') return // ends an INVITE's transaction; never answered
    const key = transactionKey(request)
    const again = this.#options.answered.find(key)
    const target = responseTarget(request, source)
    if (!target) return
    if (again) {
      this.#options.statistics.outResponses++
      this.#options.send(again, target)
      return
    }
    const { status, reason, headers } = this.#decide(request)
    this.#options.statistics.decided(request.method, status)
    this.#options.statistics.sent(request.method, status)
    const response = formatResponse(request, source, status, reason, headers)
    this.#options.answered.remember(key, response)
    this.#options.send(response, target)
  }

  #decide(request: SipRequest): Answer {
    // RFC 3261 §8.2: method, then Request-URI, then extensions that are required.
    if (headerValue(request, 'Require') !== undefined) {
      const unsupported = request.headers
        .filter(({ name }) => name === 'Require')
        .map(({ value }) => ({ name: 'Unsupported', value }))
      return { status: 420, reason: 'Bad Extension', headers: unsupported }
    }
    if (!/^sips?:/i.test(request.requestUri)) return { status: 416, reason: 'Unsupported URI Scheme' }
    if (!parseSipUri(request.requestUri)) return { status: 400, reason: 'the Request-URI is not a SIP URI' }
    switch (request.method) {
      case 'OPTIONS':
        return {
          status: 200,
          reason: 'OK',
          headers: [
            { name: 'Allow', value: allowed },
            { name: 'Accept', value: 'application/sdp' },
          ],
        }
      case 'REGISTER':
        return this.#options.registrar.register(request)
      case 'CANCEL':
      case 'BYE':
        return { status: 481, reason: 'Call/Transaction Does Not Exist' }
      case 'INVITE':
      case 'MESSAGE':
      case 'SUBSCRIBE':
        return { status: 501, reason: 'requests are not forwarded yet', headers: [{ name: 'Allow', value: allowed }] }
      default:
        return { status: 405, reason: 'Method Not Allowed', headers: [{ name: 'Allow', value: allowed }] }
    }
  }

  #reject(malformed: Malformed, source: Source): void {
    // Where a Via says nothing that can be used, the answer goes back where the request came from.
    const target = responseTarget(malformed, source) ?? source
    const { statistics } = this.#options
    if (malformed.method === undefined || malformed.method === 'ACK') {
      statistics.discarded++
      return
    }
    statistics.received(malformed.method ?? '')
    statistics.sent(malformed.method ?? '', malformed.status)
    this.#options.send(formatResponse(malformed, source, malformed.status, malformed.reason), target)
  }
}

/** §17.2.3: branch, sent-by and method; for clients of RFC 2543 the headers that tell their requests apart. */
function transactionKey(request: SipRequest): string {
  const via = parseVia(headerValue(request, 'Via')!)!
  const branch = via.parameters.get('branch')
  // The cookie alone tells no two transactions apart (RFC 4475 §3.2.1).
  if (branch?.startsWith(magicCookie) && branch.length > magicCookie.length)
    return `${branch} ${via.host}:${via.port ?? ''} ${request.method}`
  return (
    ['Via', 'From', 'To', 'Call-ID', 'CSeq'].map((name) => headerValue(request, name)).join('\n') + request.requestUri
  )
}
