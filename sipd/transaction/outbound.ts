/** The way out of the transactions, where what leaves is counted. */
import type { Hop } from '../message/hop.ts'
import type { SipStatistics } from '../statistics/statistics.ts'
import type { MessageTransport } from './parts.ts'

/** What takes octets to the network. */
export interface OctetSender {
  send(text: string, hop: Hop, failed?: (error: Error) => void): void
}

export class Outbound implements MessageTransport {
  readonly #sender: OctetSender
  readonly #statistics: SipStatistics

  constructor(sender: OctetSender, statistics: SipStatistics) {
    this.#sender = sender
    this.#statistics = statistics
  }

  sendRequest(method: string, text: string, hop: Hop, failed?: (error: Error) => void): void {
    this.#statistics.requestOut(method)
    this.#sender.send(text, hop, failed)
  }

  sendResponse(method: string, status: number, text: string, hop: Hop, failed?: (error: Error) => void): void {
    this.#statistics.responseOut(method, status)
    this.#sender.send(text, hop, failed)
  }

  sendAgain(text: string, hop: Hop, failed?: (error: Error) => void): void {
    this.#statistics.retransmissionsOut++
    this.#sender.send(text, hop, failed)
  }
}
