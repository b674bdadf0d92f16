/** From an address-of-record to the targets its phones are at (RFC 3261 §16.5). */
import { canonicalAddress } from '../../lib/net/address.ts'
import { type Binding, isStatic } from '../location/binding.ts'
import type { LocationStore } from '../location/store.ts'
import { parseFlow } from '../message/flow.ts'
import { type Hop, isReliable } from '../message/hop.ts'
import { parseSipUri, reachedHost, type SipUri } from '../message/uri.ts'
import type { Target } from './targets.ts'

/** Finds where the users of this server are. */
export interface UserLocation {
  /** Undefined for a user that this server does not know. */
  targetsOf(addressOfRecord: string): readonly Target[] | undefined
  /** Whether the user registered from this address, or has a contact at it. */
  isReachedFrom(addressOfRecord: string, address: string): boolean
  /** Whether a request to this URI goes where one of the user's contacts is, or where it registered from. */
  isContact(addressOfRecord: string, uri: SipUri): boolean
  /** Where the phone that had this contact, and this flow, registered from since; undefined when nothing tells. */
  flowOf(addressOfRecord: string, contact: SipUri, flow: Hop): Hop | undefined
}

export class RegisteredUsers implements UserLocation {
  readonly #store: LocationStore
  readonly #isOpen: (flow: Hop) => boolean
  readonly #mayLeadAway: (contact: SipUri, flow: Hop) => boolean

  /**
   * `isOpen` tells whether something can be sent over a flow, `mayLeadAway` whether a contact may lead elsewhere than to where it
   * was registered from.
   */
  constructor(
    store: LocationStore,
    isOpen: (flow: Hop) => boolean,
    mayLeadAway: (contact: SipUri, flow: Hop) => boolean,
  ) {
    this.#store = store
    this.#isOpen = isOpen
    this.#mayLeadAway = mayLeadAway
  }

  targetsOf(addressOfRecord: string): readonly Target[] | undefined {
    const bindings = this.#store.find(addressOfRecord)
    return bindings.length === 0 ? undefined : this.#targets(bindings)
  }

  /** RFC 5626 §7: one target for a phone, however many flows it has; the others are for when that one fails. */
  #targets(bindings: readonly Binding[]): Target[] {
    const targets: Target[] = []
    const byPhone = new Map<string, number>()
    for (const binding of bindings) {
      const [phone = '', flow] = binding.instance.split(' ')
      // Whoever has several flows is reached by them, and never at the contact itself.
      if (flow !== undefined && binding.path.length === 0 && !this.#isReachable(binding)) continue
      const target = this.#target(binding)
      const at = flow === undefined ? undefined : byPhone.get(phone)
      const first = at === undefined ? undefined : targets[at]
      if (at !== undefined && first) targets[at] = { ...first, otherFlows: [...(first.otherFlows ?? []), target] }
      else {
        if (flow !== undefined) byPhone.set(phone, targets.length)
        targets.push(target)
      }
    }
    return targets
  }

  isReachedFrom(addressOfRecord: string, address: string): boolean {
    return this.#placesOf(addressOfRecord).some((place) => place.host === address)
  }

  isContact(addressOfRecord: string, uri: SipUri): boolean {
    const wanted = placeOf(uri)
    return this.#placesOf(addressOfRecord).some(({ host, port }) => host === wanted.host && port === wanted.port)
  }

  flowOf(addressOfRecord: string, contact: SipUri, before: Hop): Hop | undefined {
    const flows: Hop[] = []
    for (const binding of this.#store.find(addressOfRecord)) {
      const [uri, flow] = [
        parseSipUri(binding.contact),
        binding.flow === undefined ? undefined : parseFlow(binding.flow),
      ]
      if (!uri || !flow || uri.user !== contact.user || flow.transport !== before.transport) continue
      const isSame = uri.host === contact.host && uri.port === contact.port
      // Of a connection the far end is another one each time, and many phones write it into their contact.
      if (isSame || (isReliable(flow) && flow.address === before.address)) flows.push(flow)
    }
    // Two of them may be two phones in networks with the same addresses.
    const [flow] = flows
    return flows.length === 1 ? flow : undefined
  }

  #placesOf(addressOfRecord: string): Place[] {
    return this.#store.find(addressOfRecord).flatMap(({ contact, flow }) => {
      const [uri, hop] = [parseSipUri(contact), flow === undefined ? undefined : parseFlow(flow)]
      const isPlace = uri && (!hop || this.#mayLeadAway(uri, hop))
      return [...(isPlace ? [placeOf(uri)] : []), ...(hop ? [{ host: hop.address, port: hop.port }] : [])]
    })
  }

  #isReachable({ flow }: Binding): boolean {
    const hop = flow === undefined ? undefined : parseFlow(flow)
    return hop !== undefined && this.#isOpen(hop)
  }

  #target(binding: Binding): Target {
    const { contact, flow, path, q, features } = binding
    const origin = isStatic(binding) ? 'configured' : 'registered'
    const parsed = parseSipUri(contact)
    const usable = flow === undefined ? undefined : this.#usable(flow, parsed)
    return { uri: contact, parsed, origin, flow: usable, path, q, features }
  }

  /** A connection that is gone leads nowhere: the contact itself is tried then, unless it is a stranger's and names another machine. */
  #usable(flow: string, contact: SipUri | undefined): Hop | undefined {
    const hop = parseFlow(flow)
    if (!hop || this.#isOpen(hop)) return hop
    return contact && !this.#mayLeadAway(contact, hop) ? { ...hop, connection: undefined } : undefined
  }
}

interface Place {
  readonly host: string
  readonly port: number
}

function placeOf(uri: SipUri): Place {
  const isSecure = uri.scheme === 'sips' || uri.parameters.get('transport')?.toLowerCase() === 'tls'
  return { host: canonicalAddress(reachedHost(uri)), port: uri.port ?? (isSecure ? 5061 : 5060) }
}
