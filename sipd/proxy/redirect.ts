/** Contacts of 3xx responses: those that a redirect server gives (RFC 3261 §8.3), and those that a proxy follows (§16.7 step 4). */
import { parseAddress } from '../message/address.ts'
import { H } from '../message/header-names.ts'
import type { SipResponse } from '../message/message.ts'
import { formatQ, parseQ } from '../message/q.ts'
import type { ExtraHeader } from '../message/respond.ts'
import { escapedUri, parseSipUri } from '../message/uri.ts'
import type { Target } from './targets.ts'

/** The SIP contacts of a redirection, each a target. */
export function contactTargets(response: SipResponse): Target[] {
  const targets: Target[] = []
  for (const contact of response.elements(H.contact)) {
    const address = parseAddress(contact)
    // §19.1.1: headers in a URI are for who makes a request of it, not for a Request-URI.
    const uri = address?.uri.split('?')[0]
    const parsed = uri === undefined ? undefined : parseSipUri(uri)
    if (!address || uri === undefined || !parsed) continue
    const q = parseQ(address.parameters.get('q') ?? '1') ?? 1000
    targets.push({ uri, parsed, origin: 'asked', flow: undefined, path: [], q })
  }
  return targets
}

export function redirectContacts(targets: readonly Target[]): ExtraHeader[] {
  return targets.map(({ uri, q }) => {
    // What is less than a thousandth is a rank among equals, and no preference.
    const rounded = Math.round(q)
    return { name: 'Contact', value: `<${escapedUri(uri)}>${rounded === 1000 ? '' : `;q=${formatQ(rounded)}`}` }
  })
}
