/** The notification originator (RFC 3413 §3.3): to which targets, as what message, and whether they may see it. */

import type { OctetAccount } from '../../lib/bounds/octet-account.ts'
import type { Log } from '../../lib/log/log.ts'
import { textVarbind } from '../../lib/mib/notification-text.ts'
import { View } from '../../lib/mib/view.ts'
import { hostAndPort } from '../../lib/net/address.ts'
import type { Oid } from '../../lib/smi/oid.ts'
import type { Varbind } from '../../lib/smi/value.ts'
import type { Clock } from '../../lib/time/clock.ts'
import type { Statistics } from '../../snmp/engine/statistics.ts'
import type { LocalV3 } from '../../snmp/local-v3.ts'
import { Client } from '../../snmp/manager/client.ts'
import { CommunityConversation, type Conversation, UsmConversation } from '../../snmp/manager/conversation.ts'
import { encodeCommunityMessage } from '../../snmp/message/community-message.ts'
import { writePdu } from '../../snmp/message/pdu.ts'
import { type NotificationMessage, varbindsV2, writeTrapV1 } from '../../snmp/notification.ts'
import { type Community, isAmong } from '../../snmp/security/community.ts'
import { Vacm } from '../access/vacm.ts'
import { type ChannelCounts, InformChannel } from './channel.ts'
import { passesFilter } from './filter.ts'
import { NotificationSockets } from './sockets.ts'
import type { NotificationTarget } from './target.ts'

/** From which of our addresses a datagram to this one leaves; undefined where that is not known. */
export interface Sources {
  for(destination: string): string | undefined
}

/** What became of the notifications to a target, by its name. */
export interface TargetCounts {
  countsOf(target: string): ChannelCounts & { readonly waiting: number }
}

/** To whom notifications go from now on, and who may see what of them. */
export interface NotificationRules {
  readonly targets: readonly NotificationTarget[]
  readonly communities: readonly Community[]
  readonly vacm: Vacm
  /** Whether an instance is of a column that only administrators may read. */
  readonly isGuarded: (name: Oid) => boolean
}

export interface OriginatorOptions {
  readonly log: Log
  readonly clock: Clock
  readonly statistics: Statistics
  readonly sysObjectId: Oid
  readonly sources: Sources
  readonly v3: LocalV3
  /** What informs that wait may hold; a source is a target. */
  readonly informs: OctetAccount
}

/** A notification, and what may be left out of it where a target may not see it. */
export interface OutgoingNotification extends NotificationMessage {
  /** The sentence for people, which every notification of ours ends with. */
  readonly text?: Varbind
}

/** Where the seed's files say port 0: the trap port of RFC 3417 §3.1. */
const trapPort = 162
/** For a target that may not see all of a notification. */
const withheld = 'what this notification quotes is outside the notify view of this target'

const noRules: NotificationRules = {
  targets: [],
  communities: [],
  vacm: new Vacm([], [], []),
  isGuarded: () => true,
}

export class Originator implements TargetCounts {
  readonly #options: OriginatorOptions
  readonly #sockets: NotificationSockets
  readonly #channels = new Map<string, InformChannel>()
  readonly #counts = new Map<string, ChannelCounts>()
  #rules: NotificationRules = noRules
  #requestId = Math.floor(Math.random() * 0x7fff_ffff)

  constructor(options: OriginatorOptions) {
    this.#options = options
    this.#sockets = new NotificationSockets({
      onDatagram: (bytes, address, port) => this.#receive(bytes, address, port),
      onError: (error) => options.log.warn('a socket for notifications reported an error', { error: error.message }),
    })
  }

  /** Takes targets and rights. Informs that wait for a target that is still there go on waiting. */
  configure(rules: NotificationRules): void {
    this.#rules = rules
    const { targets } = rules
    const before = new Map(this.#channels)
    this.#channels.clear()
    for (const target of targets) {
      if (target.kind !== 'inform') continue
      const channel = this.#openChannel(target)
      if (!channel) continue
      this.#channels.set(target.name, channel)
      for (const message of before.get(target.name)?.close() ?? []) channel.send(message)
      before.delete(target.name)
    }
    for (const [name, channel] of before) {
      const left = channel.close().length
      this.#countsOf(name).lost += left
      if (left > 0) this.#options.log.warn('a target is gone with notifications that waited', { target: name, left })
    }
    const names = new Set(targets.map(({ name }) => name))
    for (const name of this.#counts.keys()) if (!names.has(name)) this.#counts.delete(name)
  }

  send(notification: OutgoingNotification): void {
    for (const target of this.#rules.targets) {
      try {
        const message = this.#seenBy(target, notification)
        if (message && (!target.filter || passesFilter(target.filter, message))) this.#sendTo(target, message)
      } catch (error) {
        this.#options.log.error('bug while notifying', { target: target.name, error })
      }
    }
  }

  /** What became of a target's notifications. */
  countsOf(name: string): ChannelCounts & { readonly waiting: number } {
    return { ...this.#countsOf(name), waiting: this.#channels.get(name)?.waiting ?? 0 }
  }

  async stop(): Promise<void> {
    for (const channel of this.#channels.values()) channel.close()
    this.#channels.clear()
    this.#rules = noRules
    await this.#sockets.stop()
  }

  #sendTo(target: NotificationTarget, message: NotificationMessage): void {
    if (target.kind === 'inform') {
      this.#channels.get(target.name)?.send(message)
      return
    }
    const bytes = this.#encodeTrap(target, message)
    if (!bytes) return
    this.#countsOf(target.name).sent++
    this.#transmit(target, bytes)
  }

  #transmit(target: NotificationTarget, bytes: Uint8Array): void {
    const { log, statistics } = this.#options
    statistics.snmpOutPkts++
    statistics.snmpOutTraps++
    this.#sockets.send(bytes, portOf(target), target.host, (error) => {
      if (!error) return
      this.#countsOf(target.name).lastError = error.message
      log.warn('a notification could not be sent', { target: target.name, error: error.message })
    })
  }

  /** Undefined, with a line in the log where the configuration is to blame, when there is no message for this target. */
  #encodeTrap(target: NotificationTarget, message: NotificationMessage): Uint8Array | undefined {
    const { sysObjectId, v3, sources } = this.#options
    const { securityName, securityLevel } = target
    const requestId = this.#nextRequestId()
    if (target.version === 'snmpv3') {
      const bytes = v3.messages?.encodeNotification(securityName, securityLevel, requestId, (out) =>
        writePdu(out, 'trapV2', requestId, varbindsV2(message)),
      )
      if (!bytes) this.#lose(target, 'there is no user with the keys for its level')
      return bytes
    }
    const community = this.#communityOf(target)
    if (!community) return undefined
    if (target.version === 'snmpv2c')
      return encodeCommunityMessage('v2c', community.name, (out) =>
        writePdu(out, 'trapV2', requestId, varbindsV2(message)),
      )
    let fits = true
    const bytes = encodeCommunityMessage('v1', community.name, (out) => {
      fits = writeTrapV1(out, message, { sysObjectId, address: sources.for(target.host) })
    })
    return fits ? bytes : undefined
  }

  #openChannel(target: NotificationTarget): InformChannel | undefined {
    const { clock, log, informs } = this.#options
    const conversation = this.#conversationWith(target)
    if (!conversation) return undefined
    const client = new Client({
      conversation,
      clock,
      timeoutMs: Math.max(target.timeoutMs, 10),
      retries: target.retries,
      peerName: hostAndPort(target.host, portOf(target)),
      send: (bytes) => this.#transmit(target, bytes),
    })
    return new InformChannel({ target, client, clock, log, counts: this.#countsOf(target.name), account: informs })
  }

  #conversationWith(target: NotificationTarget): Conversation | undefined {
    if (target.version === 'snmpv1') {
      this.#lose(target, 'version 1 has no informs')
      return undefined
    }
    if (target.version === 'snmpv2c') {
      const community = this.#communityOf(target)
      return community && new CommunityConversation('v2c', community.name)
    }
    const { securityName } = target
    const { clock, v3 } = this.#options
    return new UsmConversation({
      clock,
      userName: securityName,
      level: target.securityLevel,
      contextEngineId: () => v3.engineId,
      keysFor: (engineId) => v3.usm?.findRemote(engineId, securityName),
    })
  }

  /** RFC 3584 §5.2.3: the community of the security name, if it may be used with this address. */
  #communityOf(target: NotificationTarget): Community | undefined {
    const address = { address: target.host, port: portOf(target) }
    const found = this.#rules.communities.find(
      ({ securityName, sources }) => securityName === target.securityName && (!sources || isAmong(sources, address)),
    )
    if (!found) this.#lose(target, 'there is no community for its security name and address')
    return found
  }

  #lose(target: NotificationTarget, reason: string): void {
    const counts = this.#countsOf(target.name)
    counts.lost++
    if (counts.lastError !== reason)
      this.#options.log.warn('a target cannot be notified', { target: target.name, reason })
    counts.lastError = reason
  }

  /** RFC 3413 §3.3 steps 3 and 4: the notification itself and each of its objects must be in the notify view. */
  #seenBy(
    { securityModel, securityName, securityLevel }: NotificationTarget,
    { trapOid, upTimeTicks, varbinds, text, isForeign = false }: OutgoingNotification,
  ): NotificationMessage | undefined {
    const view = this.#rules.vacm.viewFor({ securityModel, securityName, securityLevel, contextName: '' }, 'notify')
    if (!(view instanceof View) || !view.includes(trapOid)) return undefined
    const seen = varbinds.filter(({ name }) => view.includes(name))
    const kept = varbinds.filter((one) => !seen.includes(one))
    // An alarm is worth more than what it quotes: without its guarded objects it still goes to who may not read those.
    if (!kept.every(({ name }) => this.#rules.isGuarded(name))) return undefined
    // The sentence is ours to add, so a view that does not know it loses the sentence, not the notification.
    if (!text || !view.includes(text.name)) return { trapOid, upTimeTicks, varbinds: seen, isForeign }
    // It may quote what was left out.
    return { trapOid, upTimeTicks, varbinds: [...seen, kept.length === 0 ? text : textVarbind(withheld)], isForeign }
  }

  #receive(bytes: Uint8Array, address: string, port: number): void {
    for (const target of this.#rules.targets) {
      if (target.kind === 'inform' && target.host === address && portOf(target) === port)
        this.#channels.get(target.name)?.receive(bytes)
    }
  }

  #countsOf(name: string): ChannelCounts {
    let counts = this.#counts.get(name)
    if (!counts) {
      counts = { sent: 0, acknowledged: 0, lost: 0, lastError: '' }
      this.#counts.set(name, counts)
    }
    return counts
  }

  #nextRequestId(): number {
    this.#requestId = (this.#requestId + 1) & 0x7fff_ffff
    return this.#requestId
  }
}

function portOf({ port }: NotificationTarget): number {
  return port === 0 ? trapPort : port
}
