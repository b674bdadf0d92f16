/** The registrar, RFC 3261 §10.3: what a REGISTER does to the bindings of an address-of-record. */

import { shareOfSite } from '../../lib/bounds/octet-account.ts'
import { sourceNetwork } from '../../lib/net/source-network.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { reserveFactor } from '../account/ledger.ts'
import type { Binding } from '../location/binding.ts'
import { bindingLimits, growthOf, octetsOf } from '../location/limits.ts'
import type { RegistrationAccount } from '../location/memory.ts'
import type { LocationStore } from '../location/store.ts'
import { parseAddress } from '../message/address.ts'
import { formatFlow, isFromUserAgent, isReachedByFlow, parseFlow } from '../message/flow.ts'
import { H, type HeaderId } from '../message/header-names.ts'
import { type Hop, isReliable } from '../message/hop.ts'
import type { SipRequest } from '../message/message.ts'
import { formatQ, parseQ } from '../message/q.ts'
import type { Answer, ExtraHeader } from '../message/respond.ts'
import { isSameUri } from '../message/same-uri.ts'
import { parseRequestUri, parseSipUri, type SipUri } from '../message/uri.ts'
import { featuresOf } from '../preferences/features.ts'
import {
  formatInstance,
  type Instance,
  instanceOf,
  instanceParameters,
  isSamePhone,
  parseInstance,
} from './instance.ts'
import { NewUsers } from './new-users.ts'

export interface RegistrarLimits {
  /** Of a 503. */
  readonly retryAfterSeconds: number
  readonly minExpiresSeconds: number
  readonly maxExpiresSeconds: number
  readonly defaultExpiresSeconds: number
  readonly contactsPerUser: number
  readonly users: number
  /** Of these so many may be of one source, and so many of one source may be new in a minute (0: without end). */
  readonly usersPerSource: number
  readonly newUsersPerMinute: number
}

/** What is asked of the store, in octets. Nearly all requests refresh one contact. */
function growth(user: string, present: readonly Binding[], bindings: readonly Binding[]): number {
  const [before, after] = [present[0], bindings[0]]
  if (present.length === 1 && bindings.length === 1 && before && after && before.contact === after.contact)
    return growthOf(before, after)
  return octetsOf(user, bindings) - octetsOf(user, present)
}

/** Whose users these are. */
export interface Domains {
  isOurs(uri: SipUri): boolean
  addressOfRecord(uri: SipUri): string
}

/** Whether a contact may name a host of this machine, and another one than that which registers it. */
export interface BindingRules {
  mayBind(uri: SipUri, source: Hop): boolean
  mayLeadAway(uri: SipUri, source: Hop): boolean
}

export interface RegistrarOptions {
  readonly store: LocationStore
  readonly clock: Clock
  readonly domains: Domains
  readonly relay: BindingRules
  readonly limits: RegistrarLimits
  /** Whether something can be sent over a flow. */
  readonly isFlowOpen: (flow: Hop) => boolean
  /** That the store enters in what it keeps. */
  readonly account: RegistrationAccount
}

interface Requested {
  readonly contact: string
  readonly uri: SipUri
  readonly instance: Instance | undefined
  readonly features: string
  readonly q: number
  readonly expiresSeconds: number
}

/** Of a reg-id, and the blank before it. */
const mostFlowDigits = 11

export class Registrar {
  readonly #options: RegistrarOptions
  #dateSecond = 0
  #date = ''
  readonly #newUsers: NewUsers

  constructor(options: RegistrarOptions) {
    this.#options = options
    this.#newUsers = new NewUsers(options.clock, options.limits.newUsersPerMinute)
  }

  register(request: SipRequest, source: Hop): Answer {
    const { store, domains, limits } = this.#options
    const to = parseAddress(request.to)
    const uri = to && parseRequestUri(to.uri)
    if (!uri) return { status: 400, detail: 'To is not a SIP address-of-record' }
    // Step 5: a user of somebody else's domain.
    if (!domains.isOurs(uri)) return { status: 404, detail: 'To is not of a domain of this registrar' }
    const user = domains.addressOfRecord(uri)
    if (user.length > bindingLimits.addressOfRecord) return tooLong('To', bindingLimits.addressOfRecord)
    const { callId, cseqNumber: cseq } = request
    if (callId.length > bindingLimits.callId) return tooLong('Call-ID', bindingLimits.callId)
    const present = store.find(user)
    const contacts = request.elements(H.contact)
    if (contacts.length === 0) return this.#listing(present)
    const expires = request.value(H.expires)

    if (contacts.includes('*')) {
      // Step 6: alone, and only to take everything away.
      if (contacts.length > 1 || expires !== '0')
        return { status: 400, detail: 'Contact * goes alone and with Expires: 0' }
      return present.some((binding) => isStale(binding, callId, cseq)) ? outOfOrder : this.#removeAll(user)
    }
    // As many may be replaced by as many others in one request; more of them would only cost time.
    if (contacts.length > 2 * limits.contactsPerUser) return tooManyContacts
    const now = store.nowMs()
    const path = request.elements(H.path)
    const refusedPath = this.#refusalOfPath(path, source)
    if (refusedPath) return refusedPath
    const userAgent = (request.value(H.userAgent) ?? '').slice(0, bindingLimits.userAgent)
    const network = sourceNetwork(source.address)
    const isOutbound = isTagged(request, H.supported, 'outbound')
    let isByFlows = false
    let bindings = present
    for (const contact of contacts) {
      const requested = this.#read(contact, expires, source, isOutbound)
      if ('status' in requested) return requested
      const { instance } = requested
      if (instance?.flow !== undefined) {
        isByFlows = true
        if (contacts.length > 1) return { status: 400, detail: 'a Contact with reg-id goes alone' }
        if (!isFirstHopOutbound(request, path)) return { status: 439 }
      }
      const replaced = bindings.filter(
        (binding) =>
          isSameUri(binding.contact, requested.contact) || (present.includes(binding) && replaces(requested, binding)),
      )
      // Step 7: an older request of the same call that arrives late changes nothing at all. Of a contact that this one has twice the
      // last word counts.
      if (replaced.some((binding) => isStale(binding, callId, cseq) && present.includes(binding))) return outOfOrder
      const others = bindings.filter((binding) => !replaced.includes(binding))
      bindings =
        requested.expiresSeconds === 0
          ? others
          : [
              {
                contact: requested.contact,
                callId,
                cseq,
                q: requested.q,
                expiresAtMs: now + requested.expiresSeconds * 1000,
                flow: this.#flowOf(requested, request, source),
                path,
                userAgent,
                instance: formatInstance(instance),
                features: requested.features,
                source: network,
              },
              ...others,
            ]
    }
    if (bindings.length > limits.contactsPerUser) bindings = this.#withoutDead(bindings, limits.contactsPerUser)
    if (bindings.length > limits.contactsPerUser) return tooManyContacts
    if (!this.#hasRoom(user, present, bindings, network)) return this.#noRoom
    store.replace(user, bindings)
    // With what sipd.conf binds, which stays.
    const listing = this.#listing(store.find(user), path)
    return isByFlows ? { ...listing, headers: [...(listing.headers ?? []), requireOutbound] } : listing
  }

  #removeAll(user: string): Answer {
    const { store } = this.#options
    store.replace(user, [])
    // What sipd.conf binds stays.
    return this.#listing(store.find(user))
  }

  /** Those of connections that ended make room for what registers now, the oldest first: a phone that comes back is a new contact each time. */
  #withoutDead(bindings: readonly Binding[], most: number): readonly Binding[] {
    const dead = bindings.filter(({ flow }) => {
      const hop = flow === undefined ? undefined : parseFlow(flow)
      return hop && !this.#options.isFlowOpen(hop)
    })
    const out = new Set(
      dead.toSorted((one, other) => one.expiresAtMs - other.expiresAtMs).slice(0, bindings.length - most),
    )
    return bindings.filter((binding) => !out.has(binding))
  }

  /** Whether the bindings may take the place of those present; what may not is counted, and its source named in the log. */
  #hasRoom(user: string, present: readonly Binding[], bindings: readonly Binding[], source: string): boolean {
    const octets = growth(user, present, bindings)
    if (octets <= 0 && present.length > 0) return true
    const { store, limits, account } = this.#options
    const share = account.registrations.shareNamed(source)
    // A phone that is known and has a new port refreshes all the same.
    if (octets > 0 && !share.fits(octets, present.length > 0 ? reserveFactor : 1)) {
      share.refuse(account.bindings, octets)
      return false
    }
    if (present.length > 0 || bindings.length === 0) return true
    const hasShare =
      share.records < limits.usersPerSource && share.recordsOfSite < shareOfSite(limits.users, limits.usersPerSource)
    if (store.users < limits.users && (share.isExempt || hasShare)) {
      if (this.#newUsers.take(share)) return true
      share.name('a source registers new users too fast; more are refused for the rest of the minute', {
        users: share.records,
        directive: 'RegistrarNewUsersPerMinute',
      })
    } else if (store.users < limits.users)
      share.name('a source registered as many users as it may; more are refused', {
        users: share.records,
        directive: 'SourceSharePercent or SourceShareExempt',
      })
    account.bindings.refused++
    return false
  }

  #read(contact: string, expiresHeader: string | undefined, source: Hop, isOutbound: boolean): Requested | Answer {
    const address = parseAddress(contact)
    if (!address) return { status: 400, detail: 'a Contact is not of the grammar' }
    if (address.uri.length > bindingLimits.contact) return tooLong('a Contact', bindingLimits.contact)
    const uri = parseSipUri(address.uri)
    if (!uri) return { status: 400, detail: 'a Contact is not a SIP URI' }
    if (!this.#options.relay.mayBind(uri, source)) return ownMachine
    const { minExpiresSeconds, maxExpiresSeconds, defaultExpiresSeconds } = this.#options.limits
    const asked = address.parameters.get('expires') ?? expiresHeader
    // §10.2.1.1: what is not a number counts as the default.
    const wanted = asked !== undefined && /^\d{1,10}$/.test(asked) ? Number(asked) : defaultExpiresSeconds
    if (wanted > 0 && wanted < minExpiresSeconds) {
      return {
        status: 423,
        headers: [{ name: 'Min-Expires', value: String(minExpiresSeconds) }],
      }
    }
    const weight = address.parameters.get('q')
    const q = weight === undefined ? 1000 : parseQ(weight)
    if (q === undefined) return { status: 400, detail: 'q is not a number from 0 to 1' }
    const instance = instanceOf(address, isOutbound)
    if (instance && instance.urn.length > bindingLimits.instance - mostFlowDigits)
      return tooLong('+sip.instance', bindingLimits.instance - mostFlowDigits)
    const features = featuresOf(address)
    if (features.length > bindingLimits.features) return tooLong('feature parameters', bindingLimits.features)
    return { contact: address.uri, uri, instance, features, q, expiresSeconds: Math.min(wanted, maxExpiresSeconds) }
  }

  /** Undefined where the contact can be used as it is. A stranger is reached where he registers from, whatever it names. */
  #flowOf({ uri, instance }: Requested, request: SipRequest, source: Hop): string | undefined {
    const isElsewhere = !this.#options.relay.mayLeadAway(uri, source)
    const isByFlow = isFromUserAgent(request) ? isReachedByFlow(uri, request.via, source) : isReliable(source)
    return isElsewhere || isByFlow || instance?.flow !== undefined ? formatFlow(source) : undefined
  }

  /** RFC 3327 §5.3: the first of the Path is where calls to the contact go. */
  #refusalOfPath(path: readonly string[], source: Hop): Answer | undefined {
    const [first] = path
    if (first === undefined) return undefined
    const address = parseAddress(first)
    const uri = address && parseSipUri(address.uri)
    if (uri && !this.#options.relay.mayBind(uri, source)) return ownMachine
    if (uri && !this.#options.relay.mayLeadAway(uri, source)) return strangePath
    if (path.length > bindingLimits.pathUris)
      return { status: 400, detail: `Path has more than ${bindingLimits.pathUris} URIs` }
    return path.some(({ length }) => length > bindingLimits.pathUri)
      ? tooLong('a URI of Path', bindingLimits.pathUri)
      : undefined
  }

  /** Step 8: all bindings there are now, each with the time it has left. */
  #listing(bindings: readonly Binding[], path: readonly string[] = []): Answer {
    const { clock, store } = this.#options
    const now = store.nowMs()
    const headers: ExtraHeader[] = []
    for (const { contact, q, expiresAtMs, instance, features } of bindings) {
      // A static registration has no end; it is listed as one of a day, and is there again the next.
      const seconds = Number.isFinite(expiresAtMs) ? Math.ceil((expiresAtMs - now) / 1000) : 86_400
      const parameters = `${q === 1000 ? '' : `;q=${formatQ(q)}`};expires=${seconds}${instanceParameters(instance)}${features}`
      headers.push({ name: 'Contact', value: `<${contact}>${parameters}` })
    }
    // RFC 3327 §5.3.
    if (path.length > 0) headers.push({ name: 'Path', value: path.join(', ') })
    headers.push({ name: 'Date', value: this.#dateText(clock.now()) })
    return { status: 200, headers }
  }

  get #noRoom(): Answer {
    const value = String(this.#options.limits.retryAfterSeconds)
    return { status: 503, headers: [{ name: 'Retry-After', value }] }
  }

  #dateText(now: number): string {
    const second = Math.floor(now / 1000)
    if (second !== this.#dateSecond) {
      this.#dateSecond = second
      this.#date = new Date(now).toUTCString()
    }
    return this.#date
  }
}

const tooManyContacts: Answer = { status: 403, detail: 'too many contacts for this address' }

function tooLong(what: string, most: number): Answer {
  return { status: 400, detail: `${what} is longer than ${most} octets` }
}

const ownMachine: Answer = { status: 403, detail: 'addresses of this server are not for others to register' }
const strangePath: Answer = { status: 403, detail: 'Path must begin with the address that it comes from' }
const outOfOrder: Answer = { status: 500, detail: 'an older CSeq than that of the binding' }

/** RFC 5626 §6. */
const requireOutbound: ExtraHeader = { name: 'Require', value: 'outbound' }

/** Whether the request takes the place of a binding of another contact: an older one of the same phone, or of the same flow of it. */
function replaces({ instance, expiresSeconds }: Requested, binding: Binding): boolean {
  const before = instance && parseInstance(binding.instance)
  if (!instance || !before || !isSamePhone(instance, before)) return false
  if (instance.flow === before.flow && instance.flow !== undefined) return true
  // Who takes one contact back means no other; and another flow of the phone stays.
  return expiresSeconds > 0 && (instance.flow === undefined || before.flow === undefined)
}

/** RFC 5626 §6: the proxy that a phone is connected to, where there is one, has to know of flows. */
function isFirstHopOutbound(request: SipRequest, path: readonly string[]): boolean {
  const firstHop = path.at(-1)
  if (firstHop === undefined) return isFromUserAgent(request)
  const address = parseAddress(firstHop)
  return (address && parseSipUri(address.uri))?.parameters.has('ob') === true
}

function isTagged(request: SipRequest, id: HeaderId, tag: string): boolean {
  return request.elements(id).some((one) => one.toLowerCase() === tag)
}

function isStale(binding: Binding, callId: string, cseq: number): boolean {
  return binding.callId === callId && cseq <= binding.cseq
}
