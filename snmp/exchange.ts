/** A request on its way through the engine: where it came from, what its sender may do, and how its answer is wrapped. */

import type { AccessResult } from '../agent/access/vacm.ts'
import { tag } from '../lib/ber/tags.ts'
import type { BerWriter } from '../lib/ber/writer.ts'
import type { Requester } from '../lib/mib/module.ts'
import { messageVersion } from './message/pdu.ts'
import type { Remote, Transport } from './transport/udp.ts'

export interface Exchange {
  readonly transport: Transport
  readonly remote: Remote
  readonly isV1: boolean
  readonly requester: Requester
  readonly read: AccessResult
  readonly write: AccessResult
  /** Octets that the PDU's end may reach in the writer, so that the whole message has at most so many and the sender takes it. */
  limitWithin(octets: number): number
  /** Begins the answer; what it gives is closed when the PDU is written. */
  open(out: BerWriter): number
  /** Makes the finished message of what was written, in whichever writer it then is. */
  seal(out: BerWriter): BerWriter
}

/** Versions 1 and 2c: the community goes back as it came. */
export class CommunityExchange implements Exchange {
  readonly transport: Transport
  readonly remote: Remote
  readonly isV1: boolean
  readonly requester: Requester
  readonly read: AccessResult
  readonly write: AccessResult
  readonly #limit: number
  readonly #version: number
  readonly #community: Uint8Array

  constructor(
    transport: Transport,
    remote: Remote,
    version: number,
    community: Uint8Array,
    access: { readonly requester: Requester; readonly read: AccessResult; readonly write: AccessResult },
    limit: number,
  ) {
    this.transport = transport
    this.remote = remote
    this.isV1 = version === messageVersion.v1
    this.requester = access.requester
    this.read = access.read
    this.write = access.write
    this.#limit = limit
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
}
