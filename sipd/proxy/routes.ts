/** Route information preprocessing, RFC 3261 §16.4: what of a request's route set is ours to remove. */
import { parseAddress } from '../message/address.ts'
import { H } from '../message/header-names.ts'
import type { Hop } from '../message/hop.ts'
import { unbracketed } from '../message/host.ts'
import type { SipRequest } from '../message/message.ts'
import { parseSipUri, type SipUri } from '../message/uri.ts'
import type { FlowTokens, TokenFlow } from './flow-tokens.ts'
import type { Identity } from './identity.ts'

export interface Routing {
  readonly requestUri: string
  /** Those that remain, in order. */
  readonly routes: readonly string[]
  /** False when the Route headers can stay as they are. */
  readonly areRoutesChanged: boolean
  /** What our own Record-Route was marked with (`Relay.token`), when one of the routes was it. */
  readonly token: string | undefined
  /** The flow that the last of our routes leads to. */
  readonly flow: TokenFlow | undefined
}

/** The parameter of our Record-Route that has the token. */
export const tokenParameter = 'castellan'

export function preprocessRoutes(request: SipRequest, source: Hop, identity: Identity, tokens: FlowTokens): Routing {
  const before = request.elements(H.route)
  let { requestUri } = request
  const routes = [...before]
  let token: string | undefined
  /** The one that names the side of us that the request leaves by: each of two has the flow of its own side. */
  let last: SipUri | undefined
  if (routes.length > 0) {
    const ours = ourRecordRoute(request, source, identity, tokens)
    // A strict router put our own Record-Route where the target was: the target is the last route.
    if (ours) {
      token = ours.parameters.get(tokenParameter)
      last = ours
      requestUri = parseAddress(routes.pop()!)?.uri ?? requestUri
    }
  }
  requestUri = withoutOurMaddr(requestUri, source, identity)
  // Two of ours stand in a row where a request changed transports or flows here (RFC 5658).
  while (routes.length > 0) {
    const uri = routeUri(routes[0]!)
    if (!uri || !isUs(uri, identity)) break
    token ??= uri.parameters.get(tokenParameter)
    last = uri
    routes.shift()
  }
  const flow = last && tokens.read(last, request, source)
  return { requestUri, routes, areRoutesChanged: routes.length !== before.length, token, flow }
}

/** A maddr that means this server led the request here, and has done its work; so have its port and transport. */
function withoutOurMaddr(requestUri: string, source: Hop, identity: Identity): string {
  if (!requestUri.includes('maddr')) return requestUri
  const uri = parseSipUri(requestUri)
  const maddr = uri?.parameters.get('maddr')?.toLowerCase()
  if (!uri || !maddr || !identity.isOurs({ host: unbracketed(maddr), port: uri.port })) return requestUri
  const transport = uri.parameters.get('transport')?.toUpperCase() ?? (uri.scheme === 'sips' ? 'TLS' : 'UDP')
  if (transport !== source.transport) return requestUri
  const [beforeParameters = '', ...parameters] = requestUri.split(';')
  const kept = parameters.filter((parameter) => !/^(?:maddr|transport)=/i.test(parameter))
  return [beforeParameters.replace(/:\d{1,5}$/, ''), ...kept].join(';')
}

/** The URI of a Route element; undefined when it is no SIP URI. */
export function routeUri(route: string): SipUri | undefined {
  const address = parseAddress(route)
  return address && parseSipUri(address.uri)
}

/** §16.12.1.1: a loose router says so. */
export function isLoose(route: SipUri): boolean {
  return route.parameters.has('lr')
}

function ourRecordRoute(request: SipRequest, source: Hop, identity: Identity, tokens: FlowTokens): SipUri | undefined {
  const { requestUri } = request
  if (!requestUri.includes('lr')) return undefined
  const uri = parseSipUri(requestUri)
  if (!uri || !isLoose(uri) || !isUs(uri, identity)) return undefined
  return uri.user === undefined || tokens.read(uri, request, source) ? uri : undefined
}

function isUs(uri: SipUri, identity: Identity): boolean {
  return identity.isThisHost(uri.host, uri.port) || (uri.user === undefined && identity.isOurs(uri))
}
