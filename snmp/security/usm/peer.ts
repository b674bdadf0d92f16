/** An authoritative engine elsewhere, as one that asks it knows it: its ID, its time, and messages to and from it (RFC 3414 §2.3, §3, §4). */

import { BerReader } from '../../../lib/ber/reader.ts'
import { BerWriter } from '../../../lib/ber/writer.ts'
import type { SecurityLevel } from '../../../lib/smi/principal.ts'
import type { Clock } from '../../../lib/time/clock.ts'
import { isLatched } from '../../engine/engine-identity.ts'
import { type Pdu, readPdu, writePdu } from '../../message/pdu.ts'
import { openScopedPdu, readContext } from '../../message/scoped-pdu.ts'
import { decodeV3, type IncomingV3, type UsmParameters } from '../../message/v3-message.ts'
import {
  isAuthentic,
  type Protection,
  protectionOf,
  scopedPduOf,
  seal,
  type UserKeys,
  unprotected,
} from './protection.ts'
import { timeWindowSeconds } from './usm.ts'

export interface UsmPeerOptions {
  readonly clock: Clock
  readonly userName: string
  readonly level: SecurityLevel
  /** The user with keys for this engine; undefined when there is none. */
  readonly keysFor: (engineId: Uint8Array) => UserKeys | undefined
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
      return this.#seal({ msgId, userName: '', isReportable: true }, unprotected, question)
    }
    const protection = protectionOf(level === 'noAuthNoPriv' ? undefined : keysFor(this.#engineId), level)
    if (!protection) {
      this.#engineId = undefined
      return undefined
    }
    const contextEngineId = this.#options.contextEngineId?.() ?? this.#engineId
    return this.#seal({ msgId, userName, isReportable }, protection, scopedPdu(contextEngineId, contextName, write))
  }

  /**
   * Reads a message of the engine; undefined when it is not genuine, not of its time, or of another user or engine.
   * Throws DecodeError for what is no message.
   */
  decode(bytes: Uint8Array): PeerMessage | undefined {
    const message = decodeV3(bytes)
    return typeof message === 'string' ? undefined : this.open(message)
  }

  /** The same of a message that has been read. */
  open(message: IncomingV3): PeerMessage | undefined {
    const { msgId, level } = message.header
    const scoped = this.#scopedPduOf(message)
    if (!scoped) return undefined
    const reader = new BerReader()
    const { contextEngineId, contextName } = readContext(reader, scoped, true)
    reader.isLenient = true
    const pdu = readPdu(reader)
    const { engineId, userName } = message.parameters
    return {
      msgId,
      level,
      engineId: Uint8Array.from(engineId),
      userName,
      contextEngineId: Uint8Array.from(contextEngineId),
      contextName,
      pdu,
    }
  }

  #scopedPduOf(message: IncomingV3): Uint8Array | undefined {
    const { userName, keysFor } = this.#options
    const { header, parameters, data } = message
    if (header.level === 'noAuthNoPriv') return data
    if (parameters.userName !== userName) return undefined
    if (this.#engineId && Buffer.compare(this.#engineId, parameters.engineId) !== 0) return undefined
    const protection = protectionOf(keysFor(parameters.engineId), header.level)
    if (!protection || !isAuthentic(protection, message)) return undefined
    if (!this.#engineId) this.learnEngine(parameters.engineId)
    return this.#isTimely(parameters) ? scopedPduOf(protection, message) : undefined
  }

  /** §3.2 step 7b: what a genuine message says of its engine's time is taken when it is newer. */
  #isTimely({ boots, time }: UsmParameters): boolean {
    if (boots > this.#boots || (boots === this.#boots && time > this.#latestTime)) {
      this.#boots = boots
      this.#time = time
      this.#latestTime = time
      this.#heardMs = this.#options.clock.monotonicMs()
    }
    if (isLatched({ boots: this.#boots }) || boots < this.#boots) return false
    return time >= this.#now() - timeWindowSeconds
  }

  #now(): number {
    return this.#time + Math.floor((this.#options.clock.monotonicMs() - this.#heardMs) / 1000)
  }

  #seal(
    message: { readonly msgId: number; readonly userName: string; readonly isReportable: boolean },
    protection: Protection,
    scoped: Uint8Array,
  ): Uint8Array {
    const boots = this.#boots
    const envelope = {
      ...message,
      msgMaxSize: this.#options.maxMessageSize ?? largestDatagram,
      engineId: this.#engineId ?? nothing,
      boots,
      time: boots === 0 ? 0 : this.#now(),
    }
    return seal(new BerWriter(1500), envelope, protection, scoped).take()
  }
}

function scopedPdu(engineId: Uint8Array, contextName: string, write: (out: BerWriter) => void): Uint8Array {
  const out = new BerWriter(1500)
  const scoped = openScopedPdu(out, engineId, contextName)
  write(out)
  out.close(scoped)
  return out.take()
}
