/** What a session asks of the master (RFC 2741 §7.1): registrations, capabilities, index values and notifications, each within its bounds. */

import { type AgentxPdu, agentxError, agentxFlag, type Registration } from '../../agentx/pdu.ts'
import { RateLimit } from '../../lib/bounds/rate-limit.ts'
import type { Log } from '../../lib/log/log.ts'
import { afterSubtree, type Registry } from '../../lib/mib/registry.ts'
import { compareOid, formatOid, type Oid } from '../../lib/smi/oid.ts'
import type { Varbind } from '../../lib/smi/value.ts'
import { truncateUtf8 } from '../../lib/text/text.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { type NotificationMessage, snmpTrapOidInstance, sysUpTimeInstance } from '../../snmp/notification.ts'
import { bounds, costs } from '../trust/bounds.ts'
import type { TrustDomain, TrustDomainName } from '../trust/trust.ts'
import { IndexAllocator } from './indexes.ts'
import type { MasterSession } from './master-session.ts'
import { type Registrations, regionsOf, registrationKey } from './registrations.ts'

/** Octets of agentxSessionDescr and sysORDescr (RFC 2742, RFC 3418). */
export const longestDescription = 255

export interface Reply {
  /** res.error; 0 for what was done. */
  readonly error: number
  readonly index?: number
  readonly varbinds?: readonly Varbind[]
}

export interface SessionRequestsOptions {
  readonly registry: Registry
  readonly registrations: Registrations
  readonly clock: Clock
  readonly log: Log
  readonly upTimeTicks: () => number
  readonly onNotify: (notification: NotificationMessage, session: MasterSession) => void
  /** The session registered its first region. */
  readonly onServing: (session: MasterSession) => void
}

type Of<T extends AgentxPdu['type']> = Extract<AgentxPdu, { type: T }>
type WithVarbinds = Of<'testSet' | 'notify' | 'indexAllocate' | 'indexDeallocate'>

const noRoom = 'it, or its socket, holds all the octets that it may'
const done: Reply = { error: agentxError.noAgentXError }

export class SessionRequests {
  readonly #options: SessionRequestsOptions
  readonly #indexes = new IndexAllocator()
  readonly #notifications = new Map<TrustDomainName, RateLimit>()

  constructor(options: SessionRequestsOptions) {
    this.#options = options
  }

  register(session: MasterSession, pdu: Of<'register' | 'unregister'>): Reply {
    const { registrations, registry, onServing } = this.#options
    const { subtree, priority, timeoutSeconds } = pdu
    if (registrations.isDuplicate(pdu)) return { error: agentxError.duplicateRegistration }
    const refuse = (why: string): Reply => this.#refuse(session, agentxError.requestDenied, why, { subtree })
    if (subtree.length === 0 || priority === 0) return refuse('no subtree, or priority 0')
    const timeoutMs = timeoutSeconds > 0 ? timeoutSeconds * 1000 : session.timeoutMs
    const regions = regionsOf(pdu, { timeoutMs, backend: session })
    if (!regions) return refuse('its range is too wide')
    if (!regions.every(({ oid, to }) => session.trust.mayServe(oid, to)))
      return refuse('the subtree is not to be registered at this socket')
    if (session.regions.size >= bounds.registrations) return refuse('the session has too many registrations')
    if (session.regionCount + regions.length > bounds.regions) return refuse('the session has too many regions')
    if (!this.#take(session, costs.registration + regions.length * costs.region))
      return this.#deny(session, agentxError.requestDenied, noRoom, { subtree })
    session.regionCount += regions.length
    for (const region of regions) registry.addRegion(region)
    if (!session.hasServed) onServing(session)
    session.hasServed = true
    session.regions.set(registrationKey(pdu), regions)
    registrations.add(session, pdu, (pdu.flags & agentxFlag.instanceRegistration) !== 0)
    return done
  }

  unregister(session: MasterSession, registration: Registration): Reply {
    const key = registrationKey(registration)
    if (!session.regions.has(key)) return { error: agentxError.unknownRegistration }
    this.#removeRegions(session, key)
    return done
  }

  addCapability(session: MasterSession, { id, description }: Of<'addAgentCaps'>): Reply {
    const { capabilities, trust } = session
    const refuse = (why: string): Reply => this.#refuse(session, agentxError.requestDenied, why, { capability: id })
    if (!trust.mayServe(id, afterSubtree(id))) return refuse('the capability is not of this socket')
    const key = formatOid(id)
    if (!capabilities.has(key)) {
      if (capabilities.size >= bounds.capabilities) return refuse('the session has too many capabilities')
      if (!this.#take(session, costs.capability + longestDescription))
        return this.#deny(session, agentxError.requestDenied, noRoom, { capability: id })
    }
    capabilities.set(key, { id, description: truncateUtf8(description, longestDescription) })
    return done
  }

  removeCapability(session: MasterSession, { id }: Of<'removeAgentCaps'>): Reply {
    if (!session.capabilities.delete(formatOid(id))) return { error: agentxError.unknownAgentCaps }
    this.#give(session, costs.capability + longestDescription)
    return done
  }

  allocate(session: MasterSession, { flags, varbinds }: WithVarbinds): Reply {
    const request = flags & agentxFlag.newIndex ? 'new' : flags & agentxFlag.anyIndex ? 'any' : 'given'
    const result = this.#indexes.allocate(session, varbinds, request)
    if (!('error' in result)) return { error: agentxError.noAgentXError, varbinds: result.varbinds }
    if (result.error === agentxError.indexNoneAvailable) this.#refuse(session, result.error, 'no more index values')
    return { ...result, varbinds }
  }

  deallocate(session: MasterSession, { varbinds }: WithVarbinds): Reply {
    const result = this.#indexes.release(session, varbinds)
    return 'error' in result ? { ...result, varbinds } : { error: agentxError.noAgentXError, varbinds: result.varbinds }
  }

  /** A PDU that is larger than what it asks for may be: nothing of it was read. */
  refuseUnread(session: MasterSession, error: number, why: string): Reply {
    return this.#refuse(session, error, why)
  }

  /** §7.1.10: an optional sysUpTime.0, snmpTrapOID.0, and what else there is; its octets were looked at before (unread.ts). */
  notify(session: MasterSession, { varbinds }: WithVarbinds): Reply {
    let at = 0
    let upTimeTicks = this.#options.upTimeTicks()
    const first = varbinds[0]
    if (first && compareOid(first.name, sysUpTimeInstance) === 0) {
      if (first.value.type !== 'TimeTicks') return { error: agentxError.processingError }
      upTimeTicks = first.value.value
      at++
    }
    const trap = varbinds[at]
    if (trap?.value.type !== 'ObjectIdentifier' || compareOid(trap.name, snmpTrapOidInstance) !== 0)
      return { error: agentxError.processingError }
    const trapOid = trap.value.value
    // Version 1 has an enterprise before the number of the trap (RFC 3584 §3.2); 0.0 is none.
    if (trapOid.length < 3) return { error: agentxError.processingError }
    const refuse = (why: string): Reply => this.#refuse(session, agentxError.processingError, why, { trapOid })
    if (!session.trust.mayNotify(trapOid)) return refuse('the notification is not of this socket')
    if (varbinds.length > bounds.notification.varbinds) return refuse('the notification has too many varbinds')
    if (this.#notificationsOf(session.trust).take() === undefined) return refuse('too many notifications')
    this.#options.onNotify({ trapOid, upTimeTicks, varbinds: varbinds.slice(at + 1) }, session)
    return done
  }

  /** All that the session had is nobody's, or another one's, from here on. */
  forget(session: MasterSession): void {
    for (const key of [...session.regions.keys()]) this.#removeRegions(session, key)
    this.#give(session, session.capabilities.size * (costs.capability + longestDescription))
    session.capabilities.clear()
    this.#indexes.releaseAll(session)
  }

  #removeRegions(session: MasterSession, key: string): void {
    const regions = session.regions.get(key) ?? []
    for (const region of regions) this.#options.registry.removeRegion(region)
    session.regionCount -= regions.length
    session.regions.delete(key)
    this.#options.registrations.remove(key)
    this.#give(session, costs.registration + regions.length * costs.region)
  }

  /** One counter for all that a domain was refused, and a line in the log that does not come too often. */
  #refuse(session: MasterSession, error: number, why: string, about: Readonly<Record<string, Oid>> = {}): Reply {
    session.account.refuse()
    return this.#deny(session, error, why, about)
  }

  #deny(session: MasterSession, error: number, why: string, about: Readonly<Record<string, Oid>>): Reply {
    const { log } = this.#options
    const names = Object.fromEntries(Object.entries(about).map(([key, name]) => [key, formatOid(name)]))
    log.warn('refused what a subagent asked for', { session: session.id, description: session.name, why, ...names })
    return { error }
  }

  #take(session: MasterSession, octets: number): boolean {
    return session.account.take(octets, session.id)
  }

  #give(session: MasterSession, octets: number): void {
    session.account.give(octets, session.id)
  }

  #notificationsOf({ name, notifications }: TrustDomain): RateLimit {
    let limit = this.#notifications.get(name)
    if (!limit) {
      limit = new RateLimit(this.#options.clock, notifications.burst, notifications.perSecond)
      this.#notifications.set(name, limit)
    }
    return limit
  }
}
