/** A TCP or TLS connection that carries SIP: framing, keep-alive, and what it holds of both entered in the account. */
import type { Socket } from 'node:net'
import type { PeerCertificate } from 'node:tls'
import type { Account } from '../account/account.ts'
import type { Share } from '../account/ledger.ts'
import { ownString } from '../location/own-strings.ts'
import type { Hop, TransportName } from '../message/hop.ts'
import { checkSipIdentity } from './certificate.ts'
import { Framer, FramingError } from './framer.ts'
import { WriteQueue } from './write-queue.ts'

const mostDroppedOctets = 1 << 16
const mostUsers = 16

export interface ConnectionUser {
  onMessage(octets: Buffer, source: Hop): void
  /** What cannot be framed; the connection ends after the answer. */
  onFramingError(error: FramingError, source: Hop): void
  /** An error that nobody expected; the connection ends. */
  onBug(error: unknown, source: Hop): void
  onClosed(connection: Connection, why: Error): void
}

export interface ConnectionOptions {
  readonly id: string
  readonly socket: Socket
  readonly far: {
    readonly transport: TransportName
    readonly address: string
    readonly port: number
    readonly listener: number
  }
  readonly isInbound: boolean
  /** That the far end has shown, by an authority that is believed. */
  readonly certificate: PeerCertificate | undefined
  readonly user: ConnectionUser
  readonly nowMs: () => number
  readonly account: Account
}

export class Connection {
  readonly id: string
  /** Its far end and the listener it belongs to. */
  readonly hop: Hop
  readonly isInbound: boolean
  /** When something was last sent or received, on the monotonic clock. */
  usedMs: number
  /** When the message under way began; undefined between messages. */
  partialSinceMs: number | undefined
  /** True once a whole message came in: somebody who speaks SIP. */
  hasSpoken = false
  isOpen = true
  /** Transactions under way on it, and other processes that have some. */
  holds = 0
  readonly heldBy = new Set<number>()
  /** A dialog goes on that it carried a transaction of. */
  isOfDialog = false
  /** Who registered over it, the last of them. */
  readonly users = new Set<string>()
  readonly #socket: Socket
  readonly #certificate: PeerCertificate | undefined
  readonly #user: ConnectionUser
  readonly #nowMs: () => number
  readonly #framer = new Framer()
  readonly #account: Account
  /** That of the far end's address. */
  readonly #share: Share
  readonly #queue: WriteQueue
  /** What is entered for the message under way. */
  #partialOctets = 0
  #isConnecting: boolean
  #isEnding = false
  /** Of messages given before the connection stood. */
  #onFailure: ((error: Error) => void)[] = []

  constructor({ id, socket, far, isInbound, certificate, user, nowMs, account }: ConnectionOptions) {
    this.id = id
    this.hop = { ...far, connection: id }
    this.isInbound = isInbound
    this.#certificate = certificate
    this.#socket = socket
    this.#user = user
    this.#nowMs = nowMs
    this.usedMs = nowMs()
    this.#isConnecting = !isInbound
    this.#account = account
    this.#share = account.traffic.shareOf(far.address)
    this.#share.records++
    this.#queue = new WriteQueue(socket, account.queues, this.#share)
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on(far.transport === 'TLS' ? 'secureConnect' : 'connect', () => {
      this.#isConnecting = false
      this.#onFailure = []
    })
    socket.on('error', (error) => this.#close(error))
    socket.on('close', () => this.#close(new Error('the connection was closed')))
  }

  /** A transaction is under way on it. */
  get isHeld(): boolean {
    return this.holds > 0 || this.heldBy.size > 0
  }

  /** Whether the far end has shown a certificate for this domain. */
  isFor(domain: string): boolean {
    return this.#certificate !== undefined && checkSipIdentity(domain, this.#certificate) === undefined
  }

  /** The far end counts in no share. */
  get isExempt(): boolean {
    return this.#share.isExempt
  }

  /** Whoever registers for many users over one connection is found by the last of them. */
  noteUser(addressOfRecord: string): void {
    const { users } = this
    if (users.delete(addressOfRecord)) users.add(addressOfRecord)
    else {
      const [oldest] = users
      if (users.size >= mostUsers && oldest !== undefined) users.delete(oldest)
      users.add(ownString(addressOfRecord))
    }
  }

  write(text: string, failed?: (error: Error) => void): void {
    if (!this.isOpen) {
      failed?.(new Error('the connection is closed'))
      return
    }
    this.usedMs = this.#nowMs()
    if (this.#isConnecting && failed) this.#onFailure.push(failed)
    if (!this.#queue.write(text)) this.destroy('the peer does not read')
  }

  /** Enters in the account what waits to leave now. */
  settle(): void {
    if (this.isOpen) this.#queue.settle()
  }

  /** Ends when what was written has left; at the second time whatever the peer does. */
  end(): void {
    if (this.#isEnding) this.destroy('the peer did not close its side')
    else this.#isEnding = true
    this.#socket.end()
  }

  destroy(reason: string): void {
    this.#socket.destroy()
    this.#close(new Error(reason))
  }

  #receive(chunk: Buffer): void {
    const now = this.#nowMs()
    this.usedMs = now
    try {
      this.#framer.push(
        chunk,
        (octets) => {
          this.hasSpoken = true
          this.#user.onMessage(octets, this.hop)
        },
        // RFC 5626 §3.5.1: a ping gets a pong.
        () => {
          if (this.isOpen && !this.#queue.pong()) this.destroy('the peer does not read')
        },
      )
      if (!this.#framer.isPartial) this.partialSinceMs = undefined
      else this.partialSinceMs ??= now
      if (!this.#enterPartial()) this.destroy('there is no room for the message that it sends')
    } catch (error) {
      if (!(error instanceof FramingError)) {
        this.#user.onBug(error, this.hop)
        this.destroy('it could not be read')
        return
      }
      this.#user.onFramingError(error, this.hop)
      this.#framer.clear()
      this.#enterPartial()
      this.end()
      this.#drop()
    }
  }

  /** False when there is no room for what the message under way takes. */
  #enterPartial(): boolean {
    // One of its messages may have ended the connection.
    const held = this.isOpen ? this.#framer.heldOctets : 0
    const more = held - this.#partialOctets
    if (more === 0) return true
    if (more > 0 && !this.#share.take(this.#account.partials, more)) return false
    if (more < 0) this.#share.charge(this.#account.partials, more)
    this.#partialOctets = held
    return true
  }

  /** What it still sends is read to nowhere for a while, so that the answer arrives before the reset. */
  #drop(): void {
    this.#socket.removeAllListeners('data')
    this.partialSinceMs ??= this.#nowMs()
    let dropped = 0
    this.#socket.on('data', ({ length }: Buffer) => {
      dropped += length
      if (dropped > mostDroppedOctets) this.destroy('it goes on after its message was refused')
    })
  }

  #close(error: Error): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.#framer.clear()
    this.#enterPartial()
    this.#queue.close()
    this.#share.records--
    const failures = this.#onFailure
    this.#onFailure = []
    this.#user.onClosed(this, error)
    for (const failed of failures) failed(error)
  }
}
