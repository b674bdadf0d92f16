/** How requests to one peer become messages, and what its messages answer: by community, or by USM. */
import type { BerWriter } from '../../lib/ber/writer.ts'
import { compareOid, type Oid } from '../../lib/smi/oid.ts'
import { type CommunityVersion, decodeCommunityMessage, encodeCommunityMessage } from '../message/community-message.ts'
import type { Pdu } from '../message/pdu.ts'
import { UsmPeer, type UsmPeerOptions } from '../security/usm/peer.ts'

export type Answer =
  | { readonly kind: 'response'; readonly id: number; readonly pdu: Pdu }
  /** `again`: the peer told what was missing, and the request is to be sent once more. */
  | { readonly kind: 'report'; readonly id: number; readonly counter: Oid; readonly again: boolean }

/** No message can be made: the user has no keys for the engine that the peer is now. */
export interface MissingKeys {
  readonly engineId: Uint8Array
}

export interface Conversation {
  /** The id is what the answer will be known by. */
  encode(id: number, write: (out: BerWriter) => void): Uint8Array | MissingKeys
  /** Undefined for what is no genuine answer to a question that waits. Throws DecodeError for what is no message. */
  decode(bytes: Uint8Array, isWaiting: (id: number) => boolean): Answer | undefined
}

export class CommunityConversation implements Conversation {
  readonly #version: CommunityVersion
  readonly #community: Uint8Array

  constructor(version: CommunityVersion, community: Uint8Array) {
    this.#version = version
    this.#community = community
  }

  encode(_id: number, write: (out: BerWriter) => void): Uint8Array {
    return encodeCommunityMessage(this.#version, this.#community, write)
  }

  decode(bytes: Uint8Array): Answer | undefined {
    const message = decodeCommunityMessage(bytes, { isLenient: true })
    const isOurs = message.version === this.#version && Buffer.from(message.community, 'latin1').equals(this.#community)
    if (!isOurs || message.type !== 'response') return undefined
    return { kind: 'response', id: message.requestId, pdu: message }
  }
}

const usmStats = [1, 3, 6, 1, 6, 3, 15, 1, 1]
const notInTimeWindows = [...usmStats, 2, 0]
const unknownEngineIds = [...usmStats, 4, 0]

export class UsmConversation implements Conversation {
  readonly #options: UsmPeerOptions
  readonly #peer: UsmPeer

  constructor(options: UsmPeerOptions) {
    this.#options = options
    this.#peer = new UsmPeer(options)
  }

  /** Of the peer, once it has been heard of. */
  get engineId(): Uint8Array | undefined {
    return this.#peer.engineId
  }

  encode(id: number, write: (out: BerWriter) => void): Uint8Array | MissingKeys {
    const { engineId } = this.#peer
    return this.#peer.encode(id, write, true) ?? { engineId: engineId ?? new Uint8Array(0) }
  }

  decode(bytes: Uint8Array, isWaiting: (id: number) => boolean): Answer | undefined {
    const message = this.#peer.decode(bytes)
    // Who cannot know the id may not tell us who the engine is: reports of discovery are not authenticated.
    if (!message || !isWaiting(message.msgId)) return undefined
    const { msgId: id, level, pdu, engineId } = message
    if (pdu.type === 'report') {
      const counter = pdu.varbinds[0]?.name ?? []
      // Discovery (§4) is not authenticated; a new time is taken only from a report that is (§3.2 step 7b).
      const isDiscovery = compareOid(counter, unknownEngineIds) === 0 && engineId.length >= 5
      if (isDiscovery) {
        // Of several questions at once, the first answer has told already.
        if (!this.#isPeer(engineId)) this.#peer.learnEngine(engineId)
      } else if (compareOid(counter, notInTimeWindows) !== 0 || level === 'noAuthNoPriv')
        return { kind: 'report', id, counter, again: false }
      return { kind: 'report', id, counter, again: true }
    }
    // RFC 3412 §7.2 step 12: the answer comes from whom was asked, in the way it was asked.
    const { level: asked, userName, contextName = '' } = this.#options
    const isOurs = level === asked && message.userName === userName && message.contextName === contextName
    if (pdu.type !== 'response' || !isOurs || !this.#isPeer(engineId)) return undefined
    return { kind: 'response', id, pdu }
  }

  #isPeer(engineId: Uint8Array): boolean {
    return this.#peer.engineId !== undefined && Buffer.compare(this.#peer.engineId, engineId) === 0
  }
}
