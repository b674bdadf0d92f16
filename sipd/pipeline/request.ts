/** A request as the steps see it, with what they found out about it. */

import type { Hop } from '../message/hop.ts'
import type { SipRequest } from '../message/message.ts'
import type { Answer } from '../message/respond.ts'
import { parseRequestUri, type SipUri } from '../message/uri.ts'
import type { Disposition } from '../preferences/caller-preferences.ts'
import type { FlowTokens } from '../proxy/flow-tokens.ts'
import type { Identity } from '../proxy/identity.ts'
import { OwnContacts } from '../proxy/own-contacts.ts'
import { nowhere, type Passage } from '../proxy/passage.ts'
import { preprocessRoutes, type Routing, routeUri } from '../proxy/routes.ts'
import type { Target } from '../proxy/targets.ts'
import type { UserLocation } from '../proxy/users.ts'

/** As it came. */
export interface Arrival {
  readonly request: SipRequest
  readonly source: Hop
}

/** One whose Route headers have been looked at (RFC 3261 §16.4): it is known where it goes. */
export class RoutedRequest implements Arrival {
  readonly request: SipRequest
  readonly source: Hop
  readonly routing: Routing
  /** Of `routing.requestUri`. */
  readonly uri: SipUri
  /** The users of its host are ours to find. */
  readonly isOurs: boolean
  /** Users of ours that were looked at for it. */
  readonly contacts: OwnContacts
  /** §16.5; undefined for a user of ours that nobody knows. */
  targets: readonly Target[] | undefined
  /** What it may do on its way out: nothing, until a step has said so. */
  passage: Passage = nowhere
  /** How the caller wants it to be forwarded; undefined where it does not say. */
  disposition: Disposition | undefined
  #ending: AbortController | undefined

  constructor({ request, source }: Arrival, routing: Routing, uri: SipUri, isOurs: boolean, contacts: OwnContacts) {
    this.request = request
    this.source = source
    this.routing = routing
    this.uri = uri
    this.isOurs = isOurs
    this.contacts = contacts
  }

  /** It is for this server itself. */
  get isForServer(): boolean {
    if (!this.isOurs || this.routing.routes.length > 0) return false
    return this.request.method === 'REGISTER' || this.uri.user === undefined
  }

  /** For a step that waits: aborted when nobody waits for the request any more. */
  get signal(): AbortSignal {
    this.#ending ??= new AbortController()
    return this.#ending.signal
  }

  /** Nobody waits for it any more. */
  end(): void {
    this.#ending?.abort()
  }
}

export interface RoutingParts {
  readonly identity: Identity
  readonly users: UserLocation
  readonly flowTokens: FlowTokens
}

/** Takes away the Route headers that are ours, or says what is wrong with the others. */
export function routeRequest(arrival: Arrival, { identity, users, flowTokens }: RoutingParts): RoutedRequest | Answer {
  const { request, source } = arrival
  const routing = preprocessRoutes(request, source, identity, flowTokens)
  const { requestUri, routes, flow } = routing
  const uri = requestUri === request.requestUri ? request.uri : parseRequestUri(requestUri)
  // §16.4: the last Route stood for the Request-URI, and is none.
  if (!uri) return { status: 416, detail: 'the last Route is not a SIP URI' }
  const [first] = routes
  if (first !== undefined && !routeUri(first)) return { status: 400, detail: 'the topmost Route is not a SIP URI' }
  // What is behind a flow is a user agent, be its address in its own network one of ours in this.
  const isOurs = flow === undefined && identity.isOurs(uri)
  return new RoutedRequest(arrival, routing, uri, isOurs, new OwnContacts(identity, users))
}
