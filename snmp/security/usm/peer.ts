/** An authoritative engine elsewhere, as one that asks it knows it: its ID, its time, and messages to and from it (RFC 3414 §2.3, §3, §4). */

import { BerReader } from '../../../lib/ber/reader.ts'
import { tag } from '../../../lib/ber/tags.ts'
import { BerWriter } from '../../../lib/ber/writer.ts'
import type { SecurityLevel } from '../../../lib/smi/principal.ts'
import type { Clock } from '../../../lib/time/clock.ts'
import { messageVersion, type Pdu, readPdu, writePdu } from '../../message/pdu.ts'
import {
  readHeader,
  readScopedData,
  readUsmParameters,
  type UsmParameters,
  usmSecurityModel,
  writeV3,
} from '../../message/v3-message.ts'
import { isGenuine, sign } from './digest.ts'
import { decrypt, encrypt } from './privacy.ts'
import type { UsmUser } from './usm.ts'

export interface UsmPeerOptions {
  readonly clock: Clock
  readonly userName: string
  readonly level: SecurityLevel
  /** The user with keys for this engine; undefined when there is none. */
  readonly keysFor: (engineId: Uint8Array) => UsmUser | undefined
  readonly contextName?: string
  /** Whose context it is: the peer's own where this is not given; of a notification it is the originator's. */
  readonly contextEngineId?: () => Uint8Array
  /** Octets of the largest message that is taken. */
  readonly maxMessageSize?: number
}

export interface PeerMessage {
  readonly msgId: number
  readonly level: SecurityLevel
  readonly engineId: Uint8Array
  readonly userName: string
  readonly contextEngineId: Uint8Array
  readonly contextName: string
  readonly pdu: Pdu
}

const largestDatagram = 65_507
const latchedBoots = 2_147_483_647
const timeWindowSeconds = 150
const nothing = new Uint8Array(0)

export class UsmPeer {
  readonly #options: UsmPeerOptions
  #engineId: Uint8Array | undefined
  #boots = 0
  /** What the engine's time was, and when that was heard. */
  #time = 0
  #heardMs = 0
  #latestTime = 0

  constructor(options: UsmPeerOptions) {
    this.#options = options
  }

  get engineId(): Uint8Array | undefined {
    return this.#engineId
  }

  /** Takes what a discovery told; everything known of an earlier engine is forgotten. */
  learnEngine(engineId: Uint8Array): void {
    this.#engineId = Uint8Array.from(engineId)
    this.#boots = 0
    this.#time = 0
    this.#latestTime = 0
    this.#heardMs = this.#options.clock.monotonicMs()
  }

  /**
   * A message with this PDU; while the engine is not known, the question for its ID (§4) in its place. Undefined when
   * the user has no keys for the engine, or not for this level. The engine is forgotten then, and the next message asks
   * for its ID again: another engine may have taken the place of this one (§3.2 step 3b).
   */
  encode(msgId: number, write: (out: BerWriter) => void, isReportable: boolean): Uint8Array | undefined {
    const { userName, level, keysFor, contextName = '' } = this.#options
    if (!this.#engineId) {
      const question = scopedPdu(nothing, '', (out) => writePdu(out, 'getRequest', msgId, []))
      return this.#seal(msgId, 'noAuthNoPriv', '', undefined, question, true)
    }
    const user = level === 'noAuthNoPriv' ? undefined : keysFor(this.#engineId)
    if (level !== 'noAuthNoPriv' && (!user?.auth || (level === 'authPriv' && !user.priv))) {
      this.#engineId = undefined
      return undefined
    }
    const contextEngineId = this.#options.contextEngineId?.() ?? this.#engineId
    return this.#seal(msgId, level, userName, user, scopedPdu(contextEngineId, contextName, write), isReportable)
  }

  /**
   * Reads a message of the engine; undefined when it is not genuine, not of its time, or of another user or engine.
   * Throws DecodeError for what is no message.
   */
  decode(bytes: Uint8Array): PeerMessage | undefined {
    const reader = new BerReader().reset(bytes)
    const whole = reader.enter(tag.sequence)
    if (reader.integer32() !== messageVersion.v3) reader.fail('this is no message of version 3')
    const header = readHeader(reader)
    if (!header || header.securityModel !== usmSecurityModel) return undefined
    const parameters = readUsmParameters(reader)
    const data = readScopedData(reader, header.level)
    reader.leave(whole)
    if (reader.position !== bytes.length) reader.fail('octets follow the message')
    const scoped = this.#open(bytes, header.level, parameters, data)
    if (!scoped) return undefined
    reader.reset(scoped)
    reader.limit = reader.header(tag.sequence)
    const contextEngineId = Uint8Array.from(reader.octets())
    const contextName = Buffer.from(reader.octets()).toString('utf8')
    reader.isLenient = true
    const pdu = readPdu(reader)
    const { msgId, level } = header
    const { userName } = parameters
    return { msgId, level, engineId: Uint8Array.from(parameters.engineId), userName, contextEngineId, contextName, pdu }
  }

  #open(bytes: Uint8Array, level: SecurityLevel, parameters: UsmParameters, data: Uint8Array): Uint8Array | undefined {
    const { userName, keysFor } = this.#options
    if (level === 'noAuthNoPriv') return data
    if (parameters.userName !== userName) return undefined
    if (this.#engineId && Buffer.compare(this.#engineId, parameters.engineId) !== 0) return undefined
    const user = keysFor(parameters.engineId)
    if (!user?.auth || (level === 'authPriv' && !user.priv)) return undefined
    const { digestAt, digestLength } = parameters
    if (!isGenuine(user.auth.protocol, user.auth.key, bytes, digestAt, digestLength)) return undefined
    if (!this.#engineId) this.learnEngine(parameters.engineId)
    if (!this.#isTimely(parameters)) return undefined
    if (level === 'authNoPriv') return data
    return decrypt(user.priv!.protocol, user.priv!.key, parameters, { parameters: parameters.privParameters, data })
  }

  /** §3.2 step 7b: what a genuine message says of its engine's time is taken when it is newer. */
  #isTimely({ boots, time }: UsmParameters): boolean {
    if (boots > this.#boots || (boots === this.#boots && time > this.#latestTime)) {
      this.#boots = boots
      this.#time = time
      this.#latestTime = time
      this.#heardMs = this.#options.clock.monotonicMs()
    }
    if (this.#boots === latchedBoots || boots < this.#boots) return false
    return time >= this.#now() - timeWindowSeconds
  }

  #now(): number {
    return this.#time + Math.floor((this.#options.clock.monotonicMs() - this.#heardMs) / 1000)
  }

  #seal(
    msgId: number,
    level: SecurityLevel,
    userName: string,
    user: UsmUser | undefined,
    scoped: Uint8Array,
    isReportable: boolean,
  ): Uint8Array {
    const boots = this.#boots
    const time = boots === 0 ? 0 : this.#now()
    const encrypted =
      level === 'authPriv' ? encrypt(user!.priv!.protocol, user!.priv!.key, { boots, time }, scoped) : undefined
    const out = new BerWriter(1500)
    const digestAt = writeV3(
      out,
      {
        msgId,
        msgMaxSize: this.#options.maxMessageSize ?? largestDatagram,
        level,
        isReportable,
        engineId: this.#engineId ?? nothing,
        boots,
        time,
        userName,
        digestLength: level === 'noAuthNoPriv' ? 0 : user!.auth!.protocol.digestLength,
        privParameters: encrypted?.parameters ?? nothing,
      },
      encrypted?.data ?? scoped,
    )
    if (level !== 'noAuthNoPriv') sign(user!.auth!.protocol, user!.auth!.key, out.written(), digestAt)
    return out.take()
  }
}

function scopedPdu(engineId: Uint8Array, contextName: string, write: (out: BerWriter) => void): Uint8Array {
  const out = new BerWriter(1500)
  const scoped = out.open(tag.sequence)
  out.octets(engineId)
  out.octets(Buffer.from(contextName))
  write(out)
  out.close(scoped)
  return out.take()
}
