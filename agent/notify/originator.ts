/** The notification originator (RFC 3413 §3.3): to which targets, as what message, and whether they may see it. */
import { createSocket } from 'node:dgram'
import type { Log } from '../../lib/log.ts'
import type { Oid } from '../../lib/smi/oid.ts'
import type { SecurityLevel, SecurityModel, Vacm } from '../access/vacm.ts'
import { View } from '../access/view.ts'
import type { Community } from '../security/community.ts'
import type { Statistics } from '../statistics.ts'
import type { V3Messages } from '../v3.ts'
import { encodeTrapV1, encodeTrapV2, type NotificationMessage, writeTrapPdu } from './notification.ts'

/** A row of snmpTargetAddrTable together with its parameters. */
export interface NotificationTarget {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly version: 'snmpv1' | 'snmpv2c' | 'snmpv3'
  readonly securityModel: SecurityModel
  readonly securityName: string
  readonly securityLevel: SecurityLevel
}

export interface OriginatorOptions {
  readonly log: Log
  readonly statistics: Statistics
  readonly sysObjectId: () => Oid
  /** Nothing until the engine knows its boots. */
  readonly v3: () => V3Messages | undefined
}

/** Where the seed's files say port 0: the trap port of RFC 3417 §3.1. */
const trapPort = 162

export class Originator {
  readonly #options: OriginatorOptions
  readonly #socket = createSocket('udp4')
  #targets: readonly NotificationTarget[] = []
  #communities: readonly Community[] = []
  #vacm: Vacm | undefined
  #requestId = Math.floor(Math.random() * 0x7fff_ffff)

  constructor(options: OriginatorOptions) {
    this.#options = options
    this.#socket.on('error', (error) => options.log.warn('a notification could not be sent', { error: error.message }))
    this.#socket.unref()
  }

  configure(targets: readonly NotificationTarget[], communities: readonly Community[], vacm: Vacm): void {
    this.#targets = targets
    this.#communities = communities
    this.#vacm = vacm
  }

  send(message: NotificationMessage): void {
    for (const target of this.#targets) {
      try {
        this.#sendTo(target, message)
      } catch (error) {
        this.#options.log.error('bug while notifying', { target: target.name, error })
      }
    }
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()))
  }

  #sendTo(target: NotificationTarget, message: NotificationMessage): void {
    const { log, statistics } = this.#options
    if (!this.#maySee(target, message)) return
    const bytes = this.#encode(target, message)
    if (!bytes) return
    statistics.snmpOutPkts++
    statistics.snmpOutTraps++
    this.#socket.send(bytes, target.port === 0 ? trapPort : target.port, target.host, (error) => {
      if (error) log.warn('a notification could not be sent', { target: target.name, error: error.message })
    })
  }

  /** Undefined, with a line in the log where the configuration is to blame, when there is no message for this target. */
  #encode(target: NotificationTarget, message: NotificationMessage): Uint8Array | undefined {
    const { log, sysObjectId, v3 } = this.#options
    const { name, securityName, securityLevel } = target
    const requestId = this.#nextRequestId()
    if (target.version === 'snmpv3') {
      const bytes = v3()?.encodeNotification(securityName, securityLevel, requestId, (out) =>
        writeTrapPdu(out, message, requestId),
      )
      if (!bytes)
        log.warn('a target has no user with the keys for its level', { target: name, securityName, securityLevel })
      return bytes
    }
    const community = this.#communities.find((candidate) => candidate.securityName === securityName)
    if (!community) log.warn('a target has no community for its security name', { target: name, securityName })
    else if (target.version === 'snmpv2c') return encodeTrapV2(message, community.name, requestId)
    else return encodeTrapV1(message, community.name, sysObjectId())
    return undefined
  }

  /** RFC 3413 §3.3 step 3 and 4: the notification itself and each of its objects must be in the notify view. */
  #maySee({ securityModel, securityName, securityLevel }: NotificationTarget, message: NotificationMessage): boolean {
    const view = this.#vacm?.viewFor({ securityModel, securityName, securityLevel, contextName: '' }, 'notify')
    if (!(view instanceof View)) return false
    return view.includes(message.trapOid) && message.varbinds.every(({ name }) => view.includes(name))
  }

  #nextRequestId(): number {
    this.#requestId = (this.#requestId + 1) & 0x7fff_ffff
    return this.#requestId
  }
}
