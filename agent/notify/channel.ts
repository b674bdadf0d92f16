/** The way to one target: traps leave at once, informs wait for their acknowledgement, in a queue bounded in count and age. */
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { Client } from '../manager/client.ts'
import { type NotificationMessage, varbindsV2 } from './notification.ts'
import type { NotificationTarget } from './target.ts'

/** Counters of a target, as castellanTargetTable shows them. */
export interface ChannelCounts {
  sent: number
  acknowledged: number
  lost: number
  lastError: string
}

/** Informs that wait for an acknowledgement at the same time. */
const inFlightAtMost = 8
const waitingAtMost = 1000
/** From its sending to its acknowledgement: snmpTargetAddrTimeout may be 248 days, and would keep all others waiting. */
const oldestMs = 10 * 60_000
/** However many are lost, the log hears of a target's losses once in this time. */
const complainEveryMs = 60_000

export interface InformChannelOptions {
  readonly target: NotificationTarget
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly counts: ChannelCounts
}

/** Keeps a target's informs in order of their sending; a dead target costs nothing but its own queue. */
export class InformChannel {
  readonly #options: InformChannelOptions
  readonly #waiting: { readonly message: NotificationMessage; readonly sinceMs: number }[] = []
  #inFlight = 0
  #lostUntold = 0
  #complaint: Timer | undefined

  constructor(options: InformChannelOptions) {
    this.#options = options
  }

  get waiting(): number {
    return this.#waiting.length + this.#inFlight
  }

  send(message: NotificationMessage): void {
    const sinceMs = this.#options.clock.monotonicMs()
    if (this.#waiting.length >= waitingAtMost) {
      this.#waiting.shift()
      this.#lose('more waited than the queue holds')
    }
    this.#waiting.push({ message, sinceMs })
    this.#pump()
  }

  receive(bytes: Uint8Array): void {
    this.#options.client.receive(bytes)
  }

  /** Ends it; what still waited is given back. */
  close(): NotificationMessage[] {
    const left = this.#waiting.splice(0).map(({ message }) => message)
    this.#complaint?.cancel()
    this.#options.client.close()
    return left
  }

  #pump(): void {
    const { client, clock, counts } = this.#options
    while (this.#inFlight < inFlightAtMost) {
      const next = this.#waiting.shift()
      if (!next) return
      const leftMs = next.sinceMs + oldestMs - clock.monotonicMs()
      if (leftMs < 0) {
        this.#lose(`it waited longer than ${oldestMs / 60_000} min`)
        continue
      }
      this.#inFlight++
      counts.sent++
      client
        .ask({ type: 'informRequest', varbinds: varbindsV2(next.message) }, leftMs)
        .then(
          (pdu) => {
            if (pdu.errorStatus === 0) counts.acknowledged++
            else this.#lose(`the target answered with error-status ${pdu.errorStatus}`)
          },
          (error: Error) => this.#lose(error.message),
        )
        .finally(() => {
          this.#inFlight--
          this.#pump()
        })
    }
  }

  #lose(reason: string): void {
    const { counts, clock } = this.#options
    counts.lost++
    counts.lastError = reason
    this.#lostUntold++
    if (this.#lostUntold === 1 && !this.#complaint) this.#complain(reason)
    this.#complaint ??= clock.after(complainEveryMs, () => {
      this.#complaint = undefined
      if (this.#lostUntold > 0) this.#complain(counts.lastError)
    })
  }

  #complain(reason: string): void {
    const { log, target, counts } = this.#options
    log.warn('notifications to a target were lost', {
      target: target.name,
      lost: this.#lostUntold,
      lostEver: counts.lost,
      reason,
    })
    this.#lostUntold = 0
  }
}
