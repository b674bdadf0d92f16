/** The calls that were answered and not hung up yet, as far as their BYE comes by here (Record-Route). */
import type { Clock, Timer } from '../../lib/time/clock.ts'
import type { Account } from '../account/account.ts'
import { ownString } from '../location/own-strings.ts'
import { H } from '../message/header-names.ts'
import type { SipRequest, SipResponse } from '../message/message.ts'
import { type Call, dialogId, uriOf } from './call.ts'

/** Without a session timer (RFC 4028) nobody says that a call still goes on; one whose BYE was lost is forgotten then. */
export const longestUnseenMs = 12 * 3_600_000
/** As many are kept, and in so much of what traffic may hold; the oldest makes room. */
export const mostKept = 100_000
const partOfTraffic = 1 / 4
/** Of a call besides its texts. */
const callOctets = 256
const longestText = 1024
const sweepEveryMs = 1000
const sweptAtOnce = 2000

/** Also the form in which one worker hands it to another. */
export interface EstablishedCall {
  readonly dialogId: string
  /** From and To as they were written, with a NUL between. */
  readonly parties: string
  /** How long ago it was answered: each worker has a monotonic clock of its own. */
  readonly agoMs: number
  /** After so long it is forgotten. */
  readonly leftMs: number
}

/** With times of the monotonic clock: a wall clock that is set ends no call. */
interface Kept extends Omit<EstablishedCall, 'agoMs' | 'leftMs'> {
  readonly sinceMs: number
  untilMs: number
}

export class EstablishedCalls {
  readonly #clock: Clock
  readonly #account: Account
  readonly #kept = new Map<string, Kept>()
  readonly #sweeping: Timer
  #swept: IterableIterator<Kept> | undefined
  /** Where newly answered calls go instead, once another worker has those of before. */
  onAnsweredElsewhere: ((call: EstablishedCall) => void) | undefined

  constructor(clock: Clock, account: Account) {
    this.#clock = clock
    this.#account = account
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
    const leftMs = lastsMs(response)
    const nowMs = this.#clock.monotonicMs()
    const known = this.#kept.get(id)
    if (known) {
      known.untilMs = nowMs + leftMs
      return
    }
    const party = (text: string): string => text.slice(0, longestText).replaceAll('\0', ' ')
    const [from, to] = [party(request.from), party(request.to)]
    const dialog = ownString(id)
    const parties = ownString(`${from}\0${to}`)
    if (this.onAnsweredElsewhere) this.onAnsweredElsewhere({ dialogId: dialog, parties, agoMs: 0, leftMs })
    else this.#keep({ dialogId: dialog, parties, sinceMs: nowMs, untilMs: nowMs + leftMs })
  }

  /** A request within a call refreshed its session (RFC 4028 §7.4: UPDATE does what a re-INVITE does). */
  refreshed(request: SipRequest, response: SipResponse): void {
    const id = dialogId(request)
    const known = id === undefined ? undefined : this.#kept.get(id)
    if (known) known.untilMs = this.#clock.monotonicMs() + lastsMs(response)
  }

  /**
   * A BYE was answered. RFC 3261 §15.1.1: for who sent it the session is over, whatever the answer; but a challenge is
   * only met by sending it again.
   */
  byeAnswered(request: SipRequest, status: number): void {
    if (status === 401 || status === 407) return
    const id = dialogId(request)
    const known = id === undefined ? undefined : this.#kept.get(id)
    if (known) this.#forget(known)
  }

  /** Calls that another worker knew. */
  adopt(calls: Iterable<EstablishedCall>): void {
    const nowMs = this.#clock.monotonicMs()
    for (const { dialogId: id, parties, agoMs, leftMs } of calls) {
      const before = this.#kept.get(id)
      if (before) this.#forget(before)
      this.#keep({ dialogId: id, parties, sinceMs: nowMs - agoMs, untilMs: nowMs + leftMs })
    }
  }

  /** One that is not kept yet. */
  #keep(call: Kept): void {
    const { calls, traffic } = this.#account
    const octets = octetsOf(call)
    const roomOctets = traffic.bound * partOfTraffic - octets
    if (this.#kept.size >= mostKept || calls.octets > roomOctets) this.#makeRoom(roomOctets)
    this.#kept.set(call.dialogId, call)
    traffic.common.charge(calls, octets)
  }

  /** The oldest go, until so many octets or less are taken. */
  #makeRoom(untilOctets: number): void {
    for (const oldest of this.#kept.values()) {
      if (this.#kept.size < mostKept && this.#account.calls.octets <= untilOctets) return
      this.#forget(oldest)
    }
  }

  #forget(call: Kept): void {
    if (this.#kept.delete(call.dialogId)) this.#account.traffic.common.charge(this.#account.calls, -octetsOf(call))
  }

  /** Gives the calls for which this holds away: they are not kept here any more. */
  take(isWanted: (callId: string) => boolean): EstablishedCall[] {
    const taken: EstablishedCall[] = []
    const nowMs = this.#clock.monotonicMs()
    for (const call of this.#kept.values()) {
      if (!isWanted(callIdOf(call))) continue
      const { sinceMs, untilMs, ...rest } = call
      taken.push({ ...rest, agoMs: nowMs - sinceMs, leftMs: untilMs - nowMs })
      this.#forget(call)
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
    const nowMs = this.#clock.monotonicMs()
    for (let visited = 0; visited < sweptAtOnce; visited++) {
      const next = this.#swept.next()
      if (next.done) {
        this.#swept = undefined
        return
      }
      if (next.value.untilMs <= nowMs) this.#forget(next.value)
    }
  }
}

function octetsOf({ dialogId: id, parties }: Pick<Kept, 'dialogId' | 'parties'>): number {
  return callOctets + id.length + parties.length
}

function callIdOf({ dialogId: id }: Pick<Kept, 'dialogId'>): string {
  return id.slice(0, id.indexOf('\0'))
}

/** RFC 4028 §7.2: the session interval that both sides agreed on is in the 2xx. */
function lastsMs(response: SipResponse): number {
  const seconds = /^\d{1,9}/.exec(response.value(H.sessionExpires) ?? '')?.[0]
  return seconds === undefined ? longestUnseenMs : Math.min(Number(seconds) * 1000, longestUnseenMs)
}
