/** Confirmed requests to one peer: sent, sent again, and resolved by the answer that belongs to them (RFC 3413 §3.1, §3.3). */

import { errorOf } from '../../lib/errors.ts'
import { formatOid, type Oid } from '../../lib/smi/oid.ts'
import type { Varbind } from '../../lib/smi/value.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import { type Pdu, writePdu } from '../message/pdu.ts'
import type { Answer, Conversation } from './conversation.ts'

export interface ClientOptions {
  readonly conversation: Conversation
  readonly clock: Clock
  readonly timeoutMs: number
  readonly retries: number
  readonly send: (bytes: Uint8Array) => void
  /** For messages: who is asked. */
  readonly peerName: string
}

export interface ClientRequest {
  readonly type: 'getRequest' | 'getNextRequest' | 'getBulkRequest' | 'setRequest' | 'informRequest'
  readonly varbinds: readonly Varbind[]
  readonly nonRepeaters?: number
  readonly maxRepetitions?: number
}

/** No answer in time. */
export class TimeoutError extends Error {}

/** Something came in time, but it cannot be read; the cause says where. */
export class UnreadableAnswerError extends Error {}

/** The peer refused the message itself (RFC 3412 §7.1.3); `counter` says why. */
export class ReportError extends Error {
  readonly counter: Oid

  constructor(counter: Oid) {
    super(reasons[formatOid(counter)] ?? `the agent reported ${formatOid(counter)}`)
    this.counter = counter
  }
}

const reasons: Readonly<Record<string, string>> = {
  '1.3.6.1.6.3.15.1.1.1.0': 'the agent has no such security level for this user (usmStatsUnsupportedSecLevels)',
  '1.3.6.1.6.3.15.1.1.2.0': "the agent's time is not the one it told (usmStatsNotInTimeWindows)",
  '1.3.6.1.6.3.15.1.1.3.0': 'the agent knows no such user (usmStatsUnknownUserNames)',
  '1.3.6.1.6.3.15.1.1.4.0': 'the agent has another engineID now (usmStatsUnknownEngineIDs)',
  '1.3.6.1.6.3.15.1.1.5.0':
    'the authentication passphrase or protocol is not what the agent has (usmStatsWrongDigests)',
  '1.3.6.1.6.3.15.1.1.6.0': 'the privacy passphrase or protocol is not what the agent has (usmStatsDecryptionErrors)',
  '1.3.6.1.6.3.12.1.5.0': 'the agent has no such context (snmpUnknownContexts)',
}

/** A request may be sent again at once this often because a report told what was missing: engineID, then time. */
const againAtMost = 3

interface Waiting {
  readonly request: ClientRequest
  readonly resolve: (pdu: Pdu) => void
  readonly reject: (error: Error) => void
  requestId: number
  tries: number
  again: number
  timer: Timer | undefined
  /** Of all tries together. */
  deadline?: Timer
  /** What came meanwhile and could not be read. */
  unreadable?: { readonly error: Error; readonly octets: number }
  /** Who else sent something meanwhile. */
  elsewhere?: string
}

export class Client {
  readonly #options: ClientOptions
  readonly #waiting = new Map<number, Waiting>()
  #nextId = Math.floor(Math.random() * 0x7fff_0000)

  constructor(options: ClientOptions) {
    this.#options = options
  }

  /**
   * Rejects with TimeoutError, ReportError, or an Error when no message can be made. After `withinMs` no answer is
   * waited for, however many tries are left.
   */
  ask(request: ClientRequest, withinMs?: number): Promise<Pdu> {
    return new Promise((resolve, reject) => {
      const requestId = this.#newId()
      const waiting: Waiting = { request, resolve, reject, requestId, tries: 0, again: 0, timer: undefined }
      this.#waiting.set(requestId, waiting)
      if (withinMs !== undefined)
        waiting.deadline = this.#options.clock.after(withinMs, () => {
          this.#end(waiting)
          reject(this.#timeoutOf(waiting, Math.round(withinMs / 1000)))
        })
      this.#try(waiting)
    })
  }

  /** A datagram came that the peer did not send, though it may be its answer. */
  receiveFromElsewhere(address: string): void {
    for (const waiting of this.#waiting.values()) waiting.elsewhere = address
  }

  /**
   * Takes octets that came from the peer. What cannot be read may be anybody's and answers nothing: the request goes on
   * waiting, and only when its time is over this is what it says.
   */
  receive(bytes: Uint8Array): void {
    let answer: Answer | undefined
    try {
      answer = this.#options.conversation.decode(bytes, (id) => this.#waiting.has(id))
    } catch (error) {
      const unreadable = { error: errorOf(error), octets: bytes.length }
      for (const waiting of this.#waiting.values()) waiting.unreadable = unreadable
      return
    }
    const waiting = answer && this.#waiting.get(answer.id)
    if (!answer || !waiting) return
    if (answer.kind === 'response') {
      if (answer.pdu.requestId !== waiting.requestId) return
      this.#end(waiting)
      waiting.resolve(answer.pdu)
    } else if (answer.again && waiting.again++ < againAtMost) {
      waiting.timer?.cancel()
      this.#send(waiting)
    } else {
      this.#end(waiting)
      waiting.reject(new ReportError(answer.counter))
    }
  }

  /** Whoever waits is told that there will be no answer. */
  close(): void {
    for (const waiting of [...this.#waiting.values()]) {
      this.#end(waiting)
      waiting.reject(new TimeoutError(`${this.#options.peerName} was not waited for any longer`))
    }
  }

  #try(waiting: Waiting): void {
    const { retries, timeoutMs } = this.#options
    if (waiting.tries > retries) {
      this.#end(waiting)
      waiting.reject(this.#timeoutOf(waiting, ((retries + 1) * timeoutMs) / 1000))
      return
    }
    waiting.tries++
    this.#send(waiting)
  }

  /** What happened while it waited. */
  #timeoutOf({ unreadable, elsewhere }: Waiting, seconds: number): Error {
    const { peerName } = this.#options
    if (unreadable) {
      const { error, octets } = unreadable
      const what = `${peerName} answered with ${octets} octets that cannot be decoded`
      return new UnreadableAnswerError(`${what}: ${error.message}`, { cause: error })
    }
    const stranger = elsewhere === undefined ? '' : `; a datagram came from ${elsewhere}, which was not asked`
    return new TimeoutError(`${peerName} did not answer within ${seconds} s${stranger}`)
  }

  #send(waiting: Waiting): void {
    const { conversation, clock, timeoutMs, send, peerName } = this.#options
    const { type, varbinds, nonRepeaters = 0, maxRepetitions = 0 } = waiting.request
    const { requestId } = waiting
    const bytes = conversation.encode(requestId, (out) =>
      writePdu(out, type, requestId, varbinds, nonRepeaters, maxRepetitions),
    )
    if (!(bytes instanceof Uint8Array)) {
      this.#end(waiting)
      const engine = Buffer.from(bytes.engineId).toString('hex')
      waiting.reject(new Error(`there are no keys for engine ${engine} of ${peerName} at this security level`))
      return
    }
    waiting.timer = clock.after(timeoutMs, () => this.#try(waiting))
    send(bytes)
  }

  #end(waiting: Waiting): void {
    waiting.timer?.cancel()
    waiting.deadline?.cancel()
    this.#waiting.delete(waiting.requestId)
  }

  #newId(): number {
    do this.#nextId = (this.#nextId + 1) & 0x7fff_ffff
    while (this.#waiting.has(this.#nextId))
    return this.#nextId
  }
}
