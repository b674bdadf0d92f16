/** One stream of AgentX PDUs: put together from whatever pieces arrive, and sent together once a turn. */
import type { Socket } from 'node:net'
import { decodeHeader, decodePdu, type FrameHeader, headerLength } from './decode.ts'
import { AgentxWriter } from './encode.ts'
import type { AgentxBody, AgentxHeader, AgentxPdu } from './pdu.ts'

/** Octets of the largest PDU that is taken; 64 kB of SNMP message cannot ask for more. */
const largestPayload = 1024 * 1024
/** Octets that may wait for a peer that does not read. */
const mostWaiting = 4 * 1024 * 1024

/** A peer that hangs with its buffers full would keep a connection open for ever. */
const closeWithinMs = 1000

export interface ConnectionEvents {
  pdu(pdu: AgentxPdu): void
  /** Only the header of a PDU could be read; without a header the connection ends, since nobody knows where the next PDU begins. */
  broken(header: FrameHeader | undefined, error: Error): void
  closed(): void
}

export class AgentxConnection {
  readonly #socket: Socket
  readonly #events: ConnectionEvents
  readonly #out = new AgentxWriter()
  /** What has come of a PDU that is not whole yet. */
  #pieces: Buffer[] = []
  #pieceLength = 0
  #due = headerLength
  #isFlushing = false
  #isClosed = false

  constructor(socket: Socket, events: ConnectionEvents) {
    this.#socket = socket
    this.#events = events
    socket.setNoDelay?.(true)
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', () => {}) // close follows
    socket.on('close', () => {
      if (this.#isClosed) return
      this.#isClosed = true
      events.closed()
    })
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
    this.#socket.write(this.#out.take())
    if (this.#socket.writableLength > mostWaiting) this.#socket.destroy()
  }

  #receive(chunk: Buffer): void {
    let data = chunk
    if (this.#pieces.length > 0) {
      this.#pieces.push(chunk)
      this.#pieceLength += chunk.length
      if (this.#pieceLength < this.#due) return
      data = Buffer.concat(this.#pieces)
      this.#pieces = []
    }
    let at = 0
    while (!this.#isClosed) {
      const left = data.length - at
      if (left < headerLength) return this.#keep(data, at, headerLength)
      let header: FrameHeader | undefined
      try {
        header = decodeHeader(data, at)
        if (header.payloadLength > largestPayload)
          throw new Error(`a PDU of ${header.payloadLength} octets is too large`)
      } catch (error) {
        // Where one PDU ends is not known, nor where the next begins.
        this.#events.broken(undefined, error as Error)
        this.close()
        return
      }
      const length = headerLength + header.payloadLength
      if (left < length) return this.#keep(data, at, length)
      const payload = data.subarray(at + headerLength, at + length)
      at += length
      let pdu: AgentxPdu
      try {
        pdu = decodePdu(header, payload)
      } catch (error) {
        this.#events.broken(header, error as Error)
        continue
      }
      this.#events.pdu(pdu)
    }
  }

  #keep(data: Buffer, at: number, due: number): void {
    if (at < data.length) this.#pieces = [at === 0 ? data : data.subarray(at)]
    this.#pieceLength = data.length - at
    this.#due = due
  }
}
