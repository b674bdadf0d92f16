/** One stream of AgentX PDUs: put together from whatever pieces arrive, and sent together once a turn. */

import type { Socket } from 'node:net'
import { errorOf } from '../lib/errors.ts'
import { decodePdu, type FrameHeader } from './decode.ts'
import { AgentxWriter } from './encode.ts'
import { type ConnectionLimits, Frames } from './frames.ts'
import type { AgentxBody, AgentxHeader, AgentxPdu } from './pdu.ts'

/** Octets of the largest PDU that is taken; 64 kB of SNMP message cannot ask for more. */
export const largestPayload = 1024 * 1024
/** Octets that may wait for a peer that does not read. */
const mostWaiting = 4 * 1024 * 1024

/** A peer that hangs with its buffers full would keep a connection open for ever. */
const closeWithinMs = 1000

export interface ConnectionEvents {
  /** As FrameEvents has it. */
  reads?(header: FrameHeader): boolean
  pdu(pdu: AgentxPdu): void
  /** Only the header of a PDU could be read; without a header the connection ends, since nobody knows where the next PDU begins. */
  broken(header: FrameHeader | undefined, error: Error): void
  closed(): void
}

export class AgentxConnection {
  readonly #socket: Socket
  readonly #events: ConnectionEvents
  readonly #out = new AgentxWriter()
  readonly #frames: Frames
  readonly #limits: ConnectionLimits
  /** Octets for the peer that are held in its name. */
  #heldOut = 0
  #isFlushing = false
  #isClosed = false

  constructor(socket: Socket, events: ConnectionEvents, limits: ConnectionLimits = unlimited) {
    this.#socket = socket
    this.#events = events
    this.#limits = limits
    this.#frames = new Frames(limits, {
      reads: (header) => events.reads?.(header) ?? true,
      frame: (header, payload) => this.#take(header, payload),
      lost: (error) => {
        events.broken(undefined, error)
        this.close()
      },
    })
    socket.setNoDelay?.(true)
    socket.on('data', (chunk: Buffer) => this.#frames.receive(chunk))
    socket.on('error', () => {}) // close follows
    socket.on('close', () => {
      if (this.#isClosed) return
      this.#isClosed = true
      this.#frames.end()
      this.#accountForWaiting()
      events.closed()
    })
  }

  /** Whether the beginning of a PDU waits for its rest. */
  get isPartial(): boolean {
    return this.#frames.isPartial
  }

  /** Sent with all else that is sent in this turn. */
  send(header: AgentxHeader, body: AgentxBody, context?: string): void {
    if (this.#isClosed) return
    this.#out.pdu(header, body, context)
    if (this.#isFlushing) return
    this.#isFlushing = true
    setImmediate(() => this.#flush())
  }

  /** What was sent before is still written, unless the peer has stopped reading: then the connection ends without it. */
  close(): void {
    this.#flush()
    this.#socket.destroySoon()
    if (this.#isClosed || this.#socket.writableFinished) return
    const timer = setTimeout(() => this.#socket.destroy(), closeWithinMs).unref()
    this.#socket.once('close', () => clearTimeout(timer))
  }

  /** Ends the connection with a peer that does not answer; `closed` follows. */
  abort(): void {
    this.#socket.destroy()
  }

  #flush(): void {
    this.#isFlushing = false
    if (this.#isClosed || this.#out.length === 0) return
    this.#socket.write(this.#out.take(), this.#accountForWaiting)
    this.#accountForWaiting()
    if (this.#socket.writableLength > mostWaiting) this.#socket.destroy()
  }

  /** Most of what is written has left at once, and nothing waits. */
  readonly #accountForWaiting = (): void => {
    const waiting = this.#isClosed ? 0 : this.#socket.writableLength
    const more = waiting - this.#heldOut
    if (more === 0) return
    if (more < 0) this.#limits.release(-more)
    else if (!this.#limits.hold(more)) {
      this.#socket.destroy()
      return
    }
    this.#heldOut = waiting
  }

  #take(header: FrameHeader, payload: Buffer): void {
    if (this.#isClosed) return
    let pdu: AgentxPdu
    try {
      pdu = decodePdu(header, payload)
    } catch (error) {
      this.#events.broken(header, errorOf(error))
      return
    }
    this.#events.pdu(pdu)
  }
}

/** Of a peer that is trusted with our memory: a subagent's master. */
const unlimited: ConnectionLimits = { largestPayload: () => largestPayload, hold: () => true, release: () => {} }
