/** The way to one target: traps leave at once, informs wait for their acknowledgement, in a queue bounded in count and age. */

import type { OctetAccount } from '../../lib/bounds/octet-account.ts'
import type { Log } from '../../lib/log/log.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import type { Client } from '../../snmp/manager/client.ts'
import { type NotificationMessage, octetsHeldBy, varbindsV2 } from '../../snmp/notification.ts'
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
  /** What the informs of all targets may hold, each under its name. */
  readonly account: OctetAccount
}

interface WaitingInform {
  readonly message: NotificationMessage
  readonly sinceMs: number
  readonly octets: number
}

/** Of an inform itself, and of each of its varbinds, beside what is in them. */
const octetsOfInform = 1000
const octetsOfVarbind = 300
const foreignOctetsAtMost = 1024 * 1024

/** Keeps a target's informs in order of their sending; a dead target costs nothing but its own queue. */
export class InformChannel {
  readonly #options: InformChannelOptions
  readonly #waiting: WaitingInform[] = []
  #inFlight = 0
  #lostUnreported = 0
  #complaint: Timer | undefined

  constructor(options: InformChannelOptions) {
    this.#options = options
  }

  get waiting(): number {
    return this.#waiting.length + this.#inFlight
  }

  send(message: NotificationMessage): void {
    const { account, clock, target } = this.#options
    const octets = octetsOfInform + octetsHeldBy(message.varbinds, octetsOfVarbind)
    if (message.isForeign) this.#makeRoomAmongForeign(octets)
    if (this.#waiting.length >= waitingAtMost) this.#dropOldest('more waited than the queue holds')
    while (!account.take(octets, target.name)) {
      if (this.#waiting.length === 0) {
        this.#lose('there was no room for it')
        return
      }
      this.#dropOldest('more octets waited than there is room for')
    }
    this.#waiting.push({ message, sinceMs: clock.monotonicMs(), octets })
    this.#pump()
  }

  /** What programs of others notified has a quarter of the queue, so that it pushes nothing of ours out. */
  #makeRoomAmongForeign(octets: number): void {
    for (;;) {
      const foreign = this.#waiting.filter(({ message }) => message.isForeign)
      const held = foreign.reduce((sum, one) => sum + one.octets, octets)
      if (foreign.length === 0 || (foreign.length < waitingAtMost / 4 && held <= foreignOctetsAtMost)) return
      this.#dropOldest('more of other programs waited than a quarter of the queue', foreign[0])
    }
  }

  #dropOldest(reason: string, oldest = this.#waiting[0]): void {
    if (!oldest) return
    this.#waiting.splice(this.#waiting.indexOf(oldest), 1)
    this.#release(oldest)
    this.#lose(reason)
  }

  #release({ octets }: WaitingInform): void {
    this.#options.account.give(octets, this.#options.target.name)
  }

  receive(bytes: Uint8Array): void {
    this.#options.client.receive(bytes)
  }

  /** Ends it; what still waited is given back. */
  close(): NotificationMessage[] {
    const left = this.#waiting.splice(0)
    for (const one of left) this.#release(one)
    this.#complaint?.cancel()
    this.#options.client.close()
    return left.map(({ message }) => message)
  }

  #pump(): void {
    const { client, clock, counts } = this.#options
    while (this.#inFlight < inFlightAtMost) {
      const next = this.#waiting.shift()
      if (!next) return
      const leftMs = next.sinceMs + oldestMs - clock.monotonicMs()
      if (leftMs < 0) {
        this.#release(next)
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
          this.#release(next)
          this.#pump()
        })
    }
  }

  #lose(reason: string): void {
    const { counts, clock } = this.#options
    counts.lost++
    counts.lastError = reason
    this.#lostUnreported++
    if (this.#lostUnreported === 1 && !this.#complaint) this.#complain(reason)
    this.#complaint ??= clock.after(complainEveryMs, () => {
      this.#complaint = undefined
      if (this.#lostUnreported > 0) this.#complain(counts.lastError)
    })
  }

  #complain(reason: string): void {
    const { log, target, counts } = this.#options
    log.warn('notifications to a target were lost', {
      target: target.name,
      lost: this.#lostUnreported,
      lostEver: counts.lost,
      reason,
    })
    this.#lostUnreported = 0
  }
}
