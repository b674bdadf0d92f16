/** The way out of the transactions, where what leaves is counted. */
import type { Hop } from '../message/hop.ts'
import type { SipStatistics } from '../statistics/statistics.ts'
import type { MessageTransport } from './parts.ts'

/** What takes octets to the network. */
export interface OctetSender {
  send(text: string, hop: Hop, failed?: (error: Error) => void, taken?: (connection: string) => void): void
}

/** What keeps the connections that transactions are under way on. */
export interface Holds {
  hold(connection: string): void
  release(connection: string, dialogGoesOn: boolean): void
}

export class Outbound implements MessageTransport {
  readonly #sender: OctetSender
  readonly #statistics: SipStatistics
  readonly #holds: Holds | undefined

  constructor(sender: OctetSender, statistics: SipStatistics, holds?: Holds) {
    this.#sender = sender
    this.#statistics = statistics
    this.#holds = holds
  }

  sendRequest(
    method: string,
    text: string,
    hop: Hop,
    failed?: (error: Error) => void,
    taken?: (connection: string) => void,
  ): void {
    this.#statistics.requestOut(method)
    this.#sender.send(text, hop, failed, taken)
  }

  sendLast(method: string, text: string, hop: Hop): void {
    this.sendRequest(method, text, hop, undefined, (connection) => {
      this.hold(connection)
      this.release(connection, true)
    })
  }

  sendResponse(method: string, status: number, text: string, hop: Hop, failed?: (error: Error) => void): void {
    this.#statistics.responseOut(method, status)
    this.#sender.send(text, hop, failed)
  }

  sendAgain(text: string, hop: Hop, failed?: (error: Error) => void): void {
    this.#statistics.retransmissionsOut++
    this.#sender.send(text, hop, failed)
  }

  hold(connection: string): void {
    this.#holds?.hold(connection)
  }

  release(connection: string, dialogGoesOn: boolean): void {
    this.#holds?.release(connection, dialogGoesOn)
  }
}
