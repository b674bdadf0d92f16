/** A request on its way through the engine: where it came from, in whose name, and how its answer is wrapped. */

import { tag } from '../lib/ber/tags.ts'
import type { BerWriter } from '../lib/ber/writer.ts'
import type { Principal } from '../lib/smi/principal.ts'
import { messageVersion } from './message/pdu.ts'
import type { Remote, Transport } from './transport/udp.ts'

export interface Exchange {
  readonly transport: Transport
  readonly remote: Remote
  readonly isV1: boolean
  readonly principal: Principal
  /** Octets that the PDU's end may reach in the writer, so that the whole message has at most so many and the sender takes it. */
  limitWithin(octets: number): number
  /** Begins the answer; what it gives is closed when the PDU is written. */
  open(out: BerWriter): number
  /** Makes the finished message of what was written, in whichever writer it then is. */
  seal(out: BerWriter): BerWriter
  /** In place of an answer: the context is not there (RFC 3413 §3.2). Version 3 has a Report for it, the others nothing. */
  reportUnknownContext(requestId: number): void
}

export interface CommunityExchangeOptions {
  readonly transport: Transport
  readonly remote: Remote
  readonly version: number
  /** As it came, for it goes back so. */
  readonly community: Uint8Array
  readonly principal: Principal
  readonly maxMessageSize: number
}

/** Versions 1 and 2c. */
export class CommunityExchange implements Exchange {
  readonly transport: Transport
  readonly remote: Remote
  readonly isV1: boolean
  readonly principal: Principal
  readonly #limit: number
  readonly #version: number
  readonly #community: Uint8Array

  constructor({ transport, remote, version, community, principal, maxMessageSize }: CommunityExchangeOptions) {
    this.transport = transport
    this.remote = remote
    this.isV1 = version === messageVersion.v1
    this.principal = principal
    this.#limit = maxMessageSize
    this.#version = version
    this.#community = community
  }

  limitWithin(octets: number): number {
    return Math.min(octets, this.#limit)
  }

  open(out: BerWriter): number {
    out.position = 0
    const message = out.open(tag.sequence)
    out.integer32(this.#version)
    out.octets(this.#community)
    return message
  }

  seal(out: BerWriter): BerWriter {
    return out
  }

  reportUnknownContext(): void {}
}
