/**
 * Whose requests go where. Until there are access lists and digest, what is reachable from other machines relays to its own
 * users, and for the sources of AllowRelay; a dialog that led through here goes on (Record-Route). Anybody may register, so that
 * a registered user goes no further than a stranger unless AllowRelayRegistered says so: the time to a 500 tells of any port.
 */
import { BlockList, isIP } from 'node:net'
import { canonicalAddress, isLoopbackAddress, isMulticastAddress } from '../../lib/net/address.ts'
import { dialogTag } from '../calls/call.ts'
import { type Hop, isReliable } from '../message/hop.ts'
import type { SipRequest } from '../message/message.ts'
import { reachedHost, type SipUri } from '../message/uri.ts'
import type { Identity } from './identity.ts'
import type { OwnHost } from './own-host.ts'
import type { Passage, Refusal } from './passage.ts'
import type { Routing } from './routes.ts'
import type { Signer } from './signer.ts'
import type { UserLocation } from './users.ts'

export interface RelaySettings {
  /** By listener: whether other machines reach it. */
  readonly exposed: readonly boolean[]
  /** AllowRelay: addresses, and networks as `address/length`. */
  readonly allowed: readonly string[]
  /** AllowRelayRegistered. */
  readonly allowsRegistered: boolean
}

export interface RelayOptions extends RelaySettings {
  readonly identity: Identity
  readonly ownHost: OwnHost
  readonly signer: Signer
  readonly users: Pick<UserLocation, 'isReachedFrom' | 'isContact'>
}

const itself: Refusal = { status: 482, why: 'the next hop is this server itself' }
const ownMachine: Refusal = { status: 403, why: 'the next hop is on this machine' }
const manyMachines: Refusal = { status: 403, why: 'the next hop is a multicast or broadcast address' }
const otherDialog: Refusal = { status: 403, why: 'the dialog does not lead to the next hop' }

export class Relay {
  readonly #options: RelayOptions
  readonly #allowed = new BlockList()
  /** Some listener is reached by other machines. */
  readonly isExposed: boolean

  constructor(options: RelayOptions) {
    this.#options = options
    this.isExposed = options.exposed.includes(true)
    for (const network of options.allowed) {
      const [address = '', length] = network.split('/')
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
      if (length === undefined) this.#allowed.addAddress(address, family)
      else this.#allowed.addSubnet(address, Number(length), family)
    }
  }

  /** Whether what comes from there goes anywhere: this machine, and the sources of AllowRelay. */
  isTrusted(source: Hop): boolean {
    return this.isLocal(source) || this.#allowed.check(source.address, isIP(source.address) === 6 ? 'ipv6' : 'ipv4')
  }

  /** Whether this machine itself sent it. The kernel takes no IPv4 from outside that says so; of IPv6 only ::1 is sure. */
  isLocal(source: Hop): boolean {
    const { exposed, ownHost } = this.#options
    const { address, listener } = source
    if (exposed[listener] === false || isLoopbackAddress(address)) return true
    return (isReliable(source) || isIP(address) === 4) && ownHost.isOwn(address)
  }

  /** Whether a contact may name this host: its own addresses are for who registers from them. Nobody is many machines. */
  mayBind(uri: SipUri, source: Hop): boolean {
    const { identity, ownHost } = this.#options
    const host = reachedHost(uri)
    // As nearly all are: a phone that says where it is.
    if (host === source.address) return true
    if (isOfMany(host)) return this.isLocal(source)
    if (isIP(host) === 0 || identity.isThisHost(host, uri.port) || !ownHost.isOwn(host)) return true
    return this.isLocal(source)
  }

  /**
   * Whether a contact may lead elsewhere than to the address that registers it. A stranger would else have a third machine called:
   * ten contacts and one INVITE are 70 datagrams there. Another user of ours is followed here.
   */
  mayLeadAway(uri: SipUri, source: Hop): boolean {
    const host = reachedHost(uri)
    if (host === source.address || this.#options.identity.isOurs(uri) || this.isTrusted(source)) return true
    return canonicalAddress(host) === source.address
  }

  /** Undefined when the request is not ours to pass on. `uri` is where it goes, `isForUser` says that it is a user of ours. */
  passage(request: SipRequest, source: Hop, routing: Routing, uri: SipUri, isForUser: boolean): Passage | undefined {
    const isLocal = this.isLocal(source)
    if (isLocal || this.isTrusted(source) || this.#isRegisteredCaller(request, source))
      return this.#passage(isLocal, true, undefined)
    const isDirect = routing.routes.length === 0
    if (isDirect && (isForUser || this.#isContactOfCallee(request, uri))) return this.#passage(false, false, undefined)
    const { token, flow } = routing
    if (token === undefined && flow === undefined) return undefined
    return this.#passage(false, false, (hop, isBound) => {
      if (flow !== undefined && (isBound || hop.address === flow.hop.address)) return true
      return token !== undefined && this.#isOfDialog(request, token, hop)
    })
  }

  /**
   * For the Record-Route of a request that begins a dialog: requests of its caller may go where this one goes, and those of
   * its callee where this one came from. Undefined where all of that is free anyway.
   */
  token(request: SipRequest, source: Hop, hop: Hop): string | undefined {
    if (!this.isExposed) return undefined
    const { signer } = this.#options
    const [callId, tag] = [request.callId, dialogTag(request.from) ?? '']
    return `${signer.sign('down', callId, tag, hop.address)}.${signer.sign('up', callId, tag, source.address)}`
  }

  #passage(
    isLocal: boolean,
    isUnbounded: boolean,
    isOfDialog: ((hop: Hop, isBound: boolean) => boolean) | undefined,
  ): Passage {
    const { identity, ownHost } = this.#options
    return {
      isUnbounded,
      refusal: (hop, isBound) => {
        if (identity.isThisHost(hop.address, hop.port)) return itself
        if (!isLocal && !isBound && ownHost.isOwn(hop.address)) return ownMachine
        if (!isLocal && !isBound && isOfMany(hop.address)) return manyMachines
        return isOfDialog?.(hop, isBound) === false ? otherDialog : undefined
      },
    }
  }

  /** RFC 3261 §8.1.1.3: From says who asks; it counts where that user registered from the address it comes from. */
  #isRegisteredCaller(request: SipRequest, source: Hop): boolean {
    if (!this.#options.allowsRegistered) return false
    const user = this.#options.identity.userOf(request.from)
    return user !== undefined && this.#options.users.isReachedFrom(user, source.address)
  }

  /** What goes straight to a contact of the user it is for, as a request within a dialog does. */
  #isContactOfCallee(request: SipRequest, uri: SipUri): boolean {
    const user = this.#options.identity.userOf(request.to)
    return user !== undefined && this.#options.users.isContact(user, uri)
  }

  #isOfDialog(request: SipRequest, token: string, { address }: Hop): boolean {
    const { signer } = this.#options
    const to = dialogTag(request.to)
    if (to === undefined) return false
    const [down = '', up = ''] = token.split('.')
    const { callId } = request
    const from = dialogTag(request.from) ?? ''
    return signer.isSigned(down, 'down', callId, from, address) || signer.isSigned(up, 'up', callId, to, address)
  }
}

/** What is sent there once arrives at everybody, and each of them may answer. */
function isOfMany(address: string): boolean {
  return isMulticastAddress(address) || address === '255.255.255.255'
}
