/** The calls that were answered and not hung up yet, as far as their BYE comes by here (Record-Route). */
import type { Clock, Timer } from '../../lib/clock.ts'
import { ownString } from '../location/own-strings.ts'
import { H } from '../message/header-names.ts'
import type { SipRequest, SipResponse } from '../message/message.ts'
import { type Call, dialogId, uriOf } from './call.ts'

/** Without a session timer (RFC 4028) nobody says that a call still goes on; one whose BYE was lost is forgotten then. */
export const longestUnseenMs = 12 * 3_600_000
/** As many are kept; the oldest makes room. */
export const mostKept = 100_000
const longestText = 1024
const sweepEveryMs = 1000
const sweptAtOnce = 2000

/** Also the form in which one worker hands it to another. */
export interface EstablishedCall {
  readonly dialogId: string
  /** From and To as they were written, with a NUL between. */
  readonly parties: string
  readonly sinceMs: number
  readonly untilMs: number
}

type Kept = { -readonly [Name in keyof EstablishedCall]: EstablishedCall[Name] }

export class EstablishedCalls {
  readonly #clock: Clock
  readonly #kept = new Map<string, Kept>()
  readonly #sweeping: Timer
  #swept: IterableIterator<Kept> | undefined
  /** Where newly answered calls go instead, once another worker has those of before. */
  onAnsweredElsewhere: ((call: EstablishedCall) => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#sweeping = clock.every(sweepEveryMs, () => this.#sweep())
  }

  get size(): number {
    return this.#kept.size
  }

  /** Whether a message is of a call that goes on. */
  has(message: SipRequest): boolean {
    const id = dialogId(message)
    return id !== undefined && this.#kept.has(id)
  }

  /** A 2xx to an INVITE goes to the caller: a new call, or one that goes on (§14.2). */
  answered(request: SipRequest, response: SipResponse): void {
    const id = dialogId(response)
    if (id === undefined) return
    const nowMs = this.#clock.now()
    const untilMs = nowMs + lastsMs(response)
    const known = this.#kept.get(id)
    if (known) {
      known.untilMs = untilMs
      return
    }
    const from = request.value(H.from)!.slice(0, longestText)
    const to = request.value(H.to)!.slice(0, longestText)
    const call = { dialogId: ownString(id), parties: ownString(`${from}\0${to}`), sinceMs: nowMs, untilMs }
    if (this.onAnsweredElsewhere) this.onAnsweredElsewhere(call)
    else this.adopt([call])
  }

  /** A request within a call refreshed its session (RFC 4028 §7.4: UPDATE does what a re-INVITE does). */
  refreshed(request: SipRequest, response: SipResponse): void {
    const id = dialogId(request)
    const known = id === undefined ? undefined : this.#kept.get(id)
    if (known) known.untilMs = this.#clock.now() + lastsMs(response)
  }

  /**
   * A BYE was answered. RFC 3261 §15.1.1: for who sent it the session is over, whatever the answer; but a challenge is
   * only met by sending it again.
   */
  byeAnswered(request: SipRequest, status: number): void {
    if (status === 401 || status === 407) return
    const id = dialogId(request)
    if (id !== undefined) this.#kept.delete(id)
  }

  /** Calls that another worker knew. */
  adopt(calls: Iterable<EstablishedCall>): void {
    for (const call of calls) {
      if (this.#kept.size >= mostKept) this.#kept.delete(this.#kept.keys().next().value!)
      this.#kept.set(call.dialogId, { ...call })
    }
  }

  /** Gives the calls for which this holds away: they are not kept here any more. */
  take(isWanted: (callId: string) => boolean): EstablishedCall[] {
    const taken: EstablishedCall[] = []
    for (const call of this.#kept.values()) {
      if (!isWanted(callIdOf(call))) continue
      taken.push(call)
      this.#kept.delete(call.dialogId)
    }
    return taken
  }

  /** In the order in which they were answered; calls may come and go meanwhile. */
  *all(): IterableIterator<Call> {
    for (const call of this.#kept.values()) {
      const [from = '', to = ''] = call.parties.split('\0')
      yield { state: 'established', callId: callIdOf(call), from: uriOf(from), to: uriOf(to), sinceMs: call.sinceMs }
    }
  }

  stop(): void {
    this.#sweeping.cancel()
  }

  /** A part at a time, so that requests do not wait for it. */
  #sweep(): void {
    this.#swept ??= this.#kept.values()
    const nowMs = this.#clock.now()
    for (let visited = 0; visited < sweptAtOnce; visited++) {
      const next = this.#swept.next()
      if (next.done) {
        this.#swept = undefined
        return
      }
      if (next.value.untilMs <= nowMs) this.#kept.delete(next.value.dialogId)
    }
  }
}

function callIdOf({ dialogId: id }: EstablishedCall): string {
  return id.slice(0, id.indexOf('\0'))
}

/** RFC 4028 §7.2: the session interval that both sides agreed on is in the 2xx. */
function lastsMs(response: SipResponse): number {
  const seconds = /^\d{1,9}/.exec(response.value(H.sessionExpires) ?? '')?.[0]
  return seconds === undefined ? longestUnseenMs : Math.min(Number(seconds) * 1000, longestUnseenMs)
}
