/** The registrar, RFC 3261 §10.3: what a REGISTER does to the bindings of an address-of-record. */
import type { Clock } from '../../lib/clock.ts'
import type { Binding, LocationStore } from '../location/location.ts'
import { parseAddress } from '../message/address.ts'
import { type Header, headerValue, headerValues, type SipRequest } from '../message/message.ts'
import { parseCSeq } from '../message/parse.ts'
import { addressOfRecord, parseSipUri } from '../message/uri.ts'

export interface RegistrarLimits {
  readonly minExpiresSeconds: number
  readonly maxExpiresSeconds: number
  readonly defaultExpiresSeconds: number
  readonly contactsPerUser: number
  readonly users: number
}

export interface Answer {
  readonly status: number
  readonly reason: string
  readonly headers?: readonly Header[]
}

interface Wish {
  readonly contact: string
  readonly q: string | undefined
  readonly expiresSeconds: number
}

export class Registrar {
  readonly #store: LocationStore
  readonly #clock: Clock
  readonly #limits: RegistrarLimits

  constructor(store: LocationStore, clock: Clock, limits: RegistrarLimits) {
    this.#store = store
    this.#clock = clock
    this.#limits = limits
  }

  register(request: SipRequest): Answer {
    const to = parseAddress(headerValue(request, 'To')!)
    const uri = to && parseSipUri(to.uri)
    if (!uri) return { status: 400, reason: 'To is not a SIP address-of-record' }
    const user = addressOfRecord(uri)
    const callId = headerValue(request, 'Call-ID')!
    const cseq = parseCSeq(headerValue(request, 'CSeq')!)!.number
    const present = this.#store.find(user)
    const contacts = headerValues(request, 'Contact')
    const expires = headerValue(request, 'Expires')

    if (contacts.includes('*')) {
      // Step 6: alone, and only to take everything away.
      if (contacts.length > 1 || expires !== '0')
        return { status: 400, reason: 'Contact * goes alone and with Expires: 0' }
      if (present.some((binding) => isStale(binding, callId, cseq))) return outOfOrder
      this.#store.replace(user, [])
      return this.#listing(user)
    }
    const wishes: Wish[] = []
    for (const contact of contacts) {
      const wish = this.#read(contact, expires)
      if ('status' in wish) return wish
      wishes.push(wish)
    }
    let bindings = [...present]
    for (const { contact, q, expiresSeconds } of wishes) {
      const same = bindings.find((binding) => binding.contact === contact)
      // Step 7: an older request of the same call that arrives late changes nothing at all.
      if (same && isStale(same, callId, cseq)) return outOfOrder
      bindings = bindings.filter((binding) => binding !== same)
      if (expiresSeconds === 0) continue
      bindings.push({ contact, callId, cseq, q, expiresAtMs: this.#clock.monotonicMs() + expiresSeconds * 1000 })
    }
    if (bindings.length > this.#limits.contactsPerUser)
      return { status: 403, reason: 'too many contacts for this address' }
    if (present.length === 0 && bindings.length > 0 && this.#store.size >= this.#limits.users) {
      return { status: 503, reason: 'no room for more registrations', headers: [{ name: 'Retry-After', value: '60' }] }
    }
    this.#store.replace(user, bindings)
    return this.#listing(user)
  }

  #read(contact: string, expiresHeader: string | undefined): Wish | Answer {
    const address = parseAddress(contact)
    if (!address) return { status: 400, reason: 'a Contact is not of the grammar' }
    const { minExpiresSeconds, maxExpiresSeconds, defaultExpiresSeconds } = this.#limits
    const asked = address.parameters.get('expires') ?? expiresHeader
    // §10.2.1.1: what is no number counts as the default.
    const wished = asked !== undefined && /^\d{1,10}$/.test(asked) ? Number(asked) : defaultExpiresSeconds
    if (wished > 0 && wished < minExpiresSeconds) {
      return {
        status: 423,
        reason: 'Interval Too Brief',
        headers: [{ name: 'Min-Expires', value: String(minExpiresSeconds) }],
      }
    }
    const q = address.parameters.get('q')
    if (q !== undefined && !/^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(q))
      return { status: 400, reason: 'q is not a number from 0 to 1' }
    return { contact: address.uri, q, expiresSeconds: Math.min(wished, maxExpiresSeconds) }
  }

  /** Step 8: all bindings there are now, each with the time it has left. */
  #listing(user: string): Answer {
    const now = this.#clock.monotonicMs()
    const headers = this.#store.find(user).map(({ contact, q, expiresAtMs }) => ({
      name: 'Contact',
      value: `<${contact}>${q === undefined ? '' : `;q=${q}`};expires=${Math.ceil((expiresAtMs - now) / 1000)}`,
    }))
    return {
      status: 200,
      reason: 'OK',
      headers: [...headers, { name: 'Date', value: new Date(this.#clock.now()).toUTCString() }],
    }
  }
}

const outOfOrder: Answer = { status: 500, reason: 'an older CSeq than that of the binding' }

function isStale(binding: Binding, callId: string, cseq: number): boolean {
  return binding.callId === callId && cseq <= binding.cseq
}
