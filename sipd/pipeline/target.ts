/** Where a request may be forwarded, RFC 3261 §16.5: the Request-URI itself, or what the first source that knows the user says. */
import type { SipUri } from '../message/uri.ts'
import type { Identity } from '../proxy/identity.ts'
import type { Target } from '../proxy/targets.ts'
import { firstKnown, type Known } from './first-known.ts'
import type { RoutedRequest } from './request.ts'
import type { Step, Verdict } from './step.ts'

/** Undefined for a user that nobody knows. */
type Found = readonly Target[] | undefined

/** Finds where users of ours are. */
export interface TargetSource {
  targetsOf(routed: RoutedRequest): Known<readonly Target[]>
}

/** Who registered; a contact that names another user of ours is followed. */
export const registry: TargetSource = { targetsOf: ({ contacts, uri }) => contacts.targetsOf(uri) }

export interface TargetPolicy {
  /** AllowSipTlsConversionToSip. */
  readonly allowsSipsToSip: boolean
}

/** The sources are asked in their order; a user that none of them knows has no targets. */
export function target(sources: readonly TargetSource[], policy: TargetPolicy): Step<RoutedRequest> {
  return (routed) => {
    const { isOurs } = routed
    if (routed.targets !== undefined) return 'goOn' // its flow is known
    if (!isOurs) {
      routed.targets = [askedFor(routed)]
      return 'goOn'
    }
    const found = firstKnown(sources, (source) => source.targetsOf(routed))
    return found instanceof Promise ? found.then((later) => take(routed, later, policy)) : take(routed, found, policy)
  }
}

/** The Request-URI itself. */
function askedFor({ routing, uri }: RoutedRequest): Target {
  return { uri: routing.requestUri, parsed: uri, origin: 'asked', flow: undefined, path: [], q: 1000 }
}

function take(routed: RoutedRequest, found: Found, policy: TargetPolicy): Verdict {
  routed.targets = routed.uri.scheme === 'sips' && found ? secureOnes(found, policy) : found
  return 'goOn'
}

/** §26.2.2: a sips: request ends at a sips: contact, or where a phone connected over TLS (AllowSipTlsConversionToSip). */
function mayEnd({ uri, flow }: Target, { allowsSipsToSip }: TargetPolicy): boolean {
  return allowsSipsToSip || /^sips:/i.test(uri) || flow?.transport === 'TLS'
}

function secureOnes(targets: readonly Target[], policy: TargetPolicy): Target[] {
  return targets.flatMap(({ otherFlows = [], ...target }) => {
    const [first, ...others] = [target, ...otherFlows].filter((one) => mayEnd(one, policy))
    return first ? [others.length > 0 ? { ...first, otherFlows: others } : first] : []
  })
}

/**
 * A user of ours that nobody registered may be behind a static route; where a Route leads on from here, who is there may know better: a
 * number of a tel URI, or a user of a domain that is served by several.
 */
export const found: Step<RoutedRequest> = (routed) => {
  const { targets, contacts, routing } = routed
  if (!targets) {
    const asked = askedFor(routed)
    routed.targets = [routing.routes.length > 0 ? asked : { ...asked, needsRoute: true }]
    return 'goOn'
  }
  // Contacts there are, but none that a sips: request may go to.
  return targets.length > 0 ? 'goOn' : { status: contacts.isCircular ? 482 : 480 }
}

/** What a contact of a 3xx stands for: itself, or where that user of ours is. */
export function targetsOfContact(
  contact: Target,
  { contacts, passage, request }: RoutedRequest,
  identity: Pick<Identity, 'isOurs'>,
  policy: TargetPolicy,
): readonly Target[] {
  const own = ownUser(contact.parsed, identity)
  const isSips = /^sips:/i.test(request.requestUri)
  const unknown: Target[] = passage.isUnbounded ? [own ? { ...contact, needsRoute: true } : contact] : []
  const targets = own ? (contacts.targetsOf(own) ?? unknown) : unknown
  return isSips ? secureOnes(targets, policy) : targets
}

function ownUser(uri: SipUri | undefined, identity: Pick<Identity, 'isOurs'>): SipUri | undefined {
  return uri?.user !== undefined && identity.isOurs(uri) ? uri : undefined
}
