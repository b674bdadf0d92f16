/** That a request passed by here, for who sends the ones that follow: Record-Route (RFC 3261 §16.6 step 4) and Path (RFC 3327). */
import { isFromUserAgent } from '../message/flow.ts'
import { H } from '../message/header-names.ts'
import type { Hop } from '../message/hop.ts'
import type { SipRequest } from '../message/message.ts'
import { hasToTag } from '../message/respond.ts'
import type { SipUri } from '../message/uri.ts'
import { type FlowTokens, flowOfSender, isOutbound, type TokenFlow } from './flow-tokens.ts'
import type { Identity } from './identity.ts'
import type { ProxyPolicy } from './policy.ts'
import type { Relay } from './relay.ts'
import { tokenParameter } from './routes.ts'

export interface PassedByParts {
  readonly identity: Pick<Identity, 'sentBy'>
  readonly policy: ProxyPolicy
  readonly relay: Pick<Relay, 'token'>
  readonly flowTokens: FlowTokens
}

/** Of how a request leaves. */
export interface Leaving {
  readonly requestUri: string
  readonly next: SipUri
  readonly flow: Hop | undefined
  /** The target, where it is known. */
  readonly contact: SipUri | undefined
}

/** Requests that begin dialogs; all that follow in the dialog come by the Record-Route of these. */
const dialogMethods: ReadonlySet<string> = new Set(['INVITE', 'SUBSCRIBE', 'REFER'])

export class PassedBy {
  readonly #parts: PassedByParts

  constructor(parts: PassedByParts) {
    this.#parts = parts
  }

  /**
   * Two URIs where the request changes transports or addresses here (RFC 5658), or where either side is reached by its flow: then also
   * without AddRecordRoute, since what follows in the dialog would not arrive.
   */
  recordRoute(request: SipRequest, source: Hop, leaving: Leaving, hop: Hop): string | undefined {
    if (!dialogMethods.has(request.method) || hasToTag(request)) return undefined
    const { policy, relay, identity, flowTokens } = this.#parts
    const { addRecordRoute, addTransportInRecordRoute } = policy
    const from = flowOfSender(request, source)
    const to = leaving.flow && { hop: leaving.flow, isOutbound: isOutbound(leaving.contact) }
    if (!addRecordRoute && !from && !to) return undefined
    // A flow token says itself where requests may go.
    const token = from && to ? undefined : relay.token(request, source, hop)
    const isSips = isSecure(leaving)
    const isSame = source.transport === hop.transport && source.listener === hop.listener
    const side = (of: Hop, flow: TokenFlow | undefined): string => {
      const isNamed = !isSame || addTransportInRecordRoute || of.transport !== 'UDP'
      const host = identity.sentBy(of)
      const place = flow ? `${flowTokens.ofDialog(request, flow.hop)}@${host}` : host
      const mark = flow || token === undefined ? '' : `;${tokenParameter}=${token}`
      const parameters = `lr${mark}${flow?.isOutbound ? ';ob' : ''}`
      // Of a sips: request every hop is to be TLS, that of requests within the dialog too.
      if (isSips && of.transport === 'TLS') return `<sips:${place};${parameters}>`
      return `<sip:${place}${isNamed ? `;transport=${of.transport.toLowerCase()}` : ''};${parameters}>`
    }
    return isSame && !from && !to ? side(hop, undefined) : `${side(hop, to)}, ${side(source, from)}`
  }

  /** RFC 5626 §5.1: what comes for a registration at another registrar goes back over the flow that it was made by. */
  path(request: SipRequest, source: Hop): string | undefined {
    if (request.method !== 'REGISTER' || !isFromUserAgent(request)) return undefined
    const supported = request.elements(H.supported).map((tag) => tag.toLowerCase())
    if (!supported.includes('path') || !(supported.includes('outbound') || flowOfSender(request, source)))
      return undefined
    const { identity, flowTokens } = this.#parts
    const transport = source.transport === 'UDP' ? '' : `;transport=${source.transport.toLowerCase()}`
    return `<sip:${flowTokens.ofRegistration(source)}@${identity.sentBy(source)}${transport};lr;ob>`
  }
}

function isSecure({ requestUri, next }: Leaving): boolean {
  return next.scheme === 'sips' || /^sips:/i.test(requestUri)
}
