/** What a request asks for, RFC 3261 §16.3 to §16.5: an answer at once, something of this server itself, or to be sent on. */
import type { Log } from '../../lib/log/log.ts'
import { H } from '../message/header-names.ts'
import type { SipRequest } from '../message/message.ts'
import type { Answer } from '../message/respond.ts'
import type { Hop } from '../message/source.ts'
import { parseRequestUri, type SipUri } from '../message/uri.ts'
import type { SipStatistics } from '../statistics.ts'
import type { Identity } from './identity.ts'
import { isLoop } from './loop.ts'
import { OwnContacts } from './own-contacts.ts'
import type { ProxyPolicy } from './policy.ts'
import { redirectContacts } from './redirect.ts'
import type { Passage, Relay } from './relay.ts'
import { preprocessRoutes, type Routing, routeUri } from './routes.ts'
import type { Target } from './targets.ts'

/** Finds where the users of this server are. */
export interface UserLocation {
  /** Undefined for a user that this server does not know. */
  targetsOf(addressOfRecord: string): readonly Target[] | undefined
  /** Whether the user registered from this address, or has a contact at it. */
  isReachedFrom(addressOfRecord: string, address: string): boolean
  /** Whether a request to this URI goes where one of the user's contacts is, or where it registered from. */
  isContact(addressOfRecord: string, uri: SipUri): boolean
}

export interface DestinationsOptions {
  readonly identity: Identity
  readonly policy: ProxyPolicy
  readonly users: UserLocation
  readonly relay: Relay
  readonly statistics: SipStatistics
  readonly log: Log
}

/** `targets` has one at least. */
export type Destination =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'here' }
  | ({ readonly kind: 'targets'; readonly targets: readonly Target[]; readonly contacts: OwnContacts } & Onward)

/** How a request goes on: its routes, and what it may do. */
export interface Onward {
  readonly routing: Routing
  readonly passage: Passage
}

/** The answer of `of` for a user of ours that nobody registered. */
export const unknownUser: Destination = {
  kind: 'answer',
  answer: { status: 404 },
}

/** RFC 3261 §21.4.4: the request is understood, and not for us to pass on. */
const forbidden: Destination = { kind: 'answer', answer: { status: 403 } }
const here: Destination = { kind: 'here' }

export class Destinations {
  readonly #options: DestinationsOptions

  constructor(options: DestinationsOptions) {
    this.#options = options
  }

  of(request: SipRequest, source: Hop): Destination {
    const { identity, policy, relay, users } = this.#options
    const refusal = this.#check(request)
    if (refusal) return answering(refusal)
    const routing = preprocessRoutes(request, source, identity)
    const uri = uriOf(routing, request)
    // §16.4: the last Route stood for the Request-URI, and is none.
    if (!uri) return answering({ status: 416, detail: 'the last Route is not a SIP URI' })
    if (routing.routes.length > 0 && !routeUri(routing.routes[0]!))
      return answering({ status: 400, detail: 'the topmost Route is not a SIP URI' })
    const isForServer =
      routing.routes.length === 0 && identity.isOurs(uri) && (request.method === 'REGISTER' || uri.user === undefined)
    if (isForServer) return here
    if (request.maxForwards === 0) return answering({ status: 483 })
    if (request.maxBreadth === 0) return answering({ status: 440 }) // RFC 5393 §5.3.3
    const contacts = new OwnContacts(identity, users)
    const targets = this.#targetsOf(routing, uri, contacts)
    if (!targets) return unknownUser
    // Contacts there are, but none that a sips: request may go to.
    if (targets.length === 0) return answering({ status: contacts.isCircular ? 482 : 480 })
    if (policy.redirect) return answering(redirection(request, targets))
    const passage = relay.passage(request, source, routing, uri, identity.isOurs(uri))
    return passage ? { kind: 'targets', routing, targets, passage, contacts } : forbidden
  }

  /** Of an ACK to a 2xx, which is sent on or dropped and never answered. */
  ofAck(request: SipRequest, source: Hop): (Onward & { readonly target: Target }) | undefined {
    if (request.maxForwards === 0) return undefined
    const { identity, relay, users } = this.#options
    const routing = preprocessRoutes(request, source, identity)
    const uri = uriOf(routing, request)
    const target = uri && this.#targetsOf(routing, uri, new OwnContacts(identity, users))?.[0]
    const passage = target && relay.passage(request, source, routing, uri, identity.isOurs(uri))
    return passage && { routing, target, passage }
  }

  /**
   * Of a contact of a 3xx: itself, or where that user of ours is (§16.5), of whom `contacts` knows which were tried for this
   * request. `isSips`: the Request-URI is a sips: one.
   */
  ofContact(target: Target, isSips: boolean, contacts: OwnContacts, { isUnbounded }: Passage): readonly Target[] {
    const { parsed } = target
    const isOwn = parsed?.user !== undefined && this.#options.identity.isOurs(parsed)
    const targets = isOwn ? (contacts.targetsOf(parsed) ?? []) : isUnbounded ? [target] : []
    return isSips ? targets.filter((one) => this.#mayEnd(one)) : targets
  }

  /** §16.3, in its order. */
  #check(request: SipRequest): Answer | undefined {
    const { statistics, identity, policy, log } = this.#options
    if (!/^(?:sips?|tel):/i.test(request.requestUri)) {
      statistics.unsupportedUris++
      return { status: 416 }
    }
    if (!request.uri) return { status: 400, detail: 'the Request-URI is not a SIP URI' }
    if (isLoop(request, identity)) {
      log.info('a request went in a loop', { method: request.method, requestUri: request.requestUri.slice(0, 200) })
      return { status: 482 }
    }
    const unsupported = request
      .elements(H.proxyRequire)
      .filter((tag) => !policy.ignoredExtensions.has(tag.toLowerCase()))
    return unsupported.length > 0 ? badExtension(unsupported) : undefined
  }

  /** §16.5. Undefined when the user should be ours and is not. */
  #targetsOf(routing: Routing, uri: SipUri, contacts: OwnContacts): readonly Target[] | undefined {
    if (!this.#options.identity.isOurs(uri))
      return [{ uri: routing.requestUri, parsed: uri, origin: 'asked', flow: undefined, path: [], q: 1000 }]
    const targets = contacts.targetsOf(uri)
    return uri.scheme === 'sips' ? targets?.filter((target) => this.#mayEnd(target)) : targets
  }

  /** §26.2.2: a sips: request ends at a sips: contact, or where a phone connected over TLS (AllowSipTlsConversionToSip). */
  #mayEnd({ uri, flow }: Target): boolean {
    return this.#options.policy.allowsSipsToSip || /^sips:/i.test(uri) || flow?.transport === 'TLS'
  }
}

/** §8.2.2.3. */
export function badExtension(tags: readonly string[]): Answer {
  return { status: 420, headers: [{ name: 'Unsupported', value: tags.join(', ') }] }
}

function answering(answer: Answer): Destination {
  return { kind: 'answer', answer }
}

function uriOf({ requestUri }: Routing, request: SipRequest): SipUri | undefined {
  return requestUri === request.requestUri ? request.uri : parseRequestUri(requestUri)
}

/** A redirect server says where its users are; of other domains it knows no more than who asks (§21.4.5). */
function redirection({ requestUri }: SipRequest, targets: readonly Target[]): Answer {
  if (targets.every(({ uri }) => uri === requestUri))
    return { status: 404, detail: 'the domain is not one of this server' }
  return { status: 302, headers: redirectContacts(targets) }
}
