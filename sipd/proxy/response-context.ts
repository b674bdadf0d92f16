/** The response context of RFC 3261 §16.2: one request from upstream, its branches downstream, and the answer it gets. */
import { formatCancel, forwardTail, withoutTopmostVia } from '../message/forward.ts'
import type { SipResponse } from '../message/message.ts'
import type { Hop } from '../message/source.ts'
import type { ClientTransaction, ClientUser } from '../transaction/client.ts'
import { octetsOfResponse } from '../transaction/octets.ts'
import type { ServerTransaction } from '../transaction/server.ts'
import { type TimerOwner, WheelTimer } from '../transaction/timer-wheel.ts'
import { transactionTimeoutMs } from '../transaction/timers.ts'
import { chooseBest, collectChallenges } from './best-response.ts'
import { breadthOf, divideBreadth } from './breadth.ts'
import type { Onward } from './destinations.ts'
import type { Forwarder } from './forwarder.ts'
import { contactTargets } from './redirect.ts'
import type { Passage } from './relay.ts'
import type { Routing } from './routes.ts'
import { type Target, TargetSet } from './targets.ts'

/** One target that is tried. It ends with a final response, or with a status that stands for none. */
export class Branch implements ClientUser, TimerOwner<'c'> {
  readonly context: ResponseContext
  readonly target: Target
  /** What of the request's Max-Breadth it leaves with. */
  readonly breadth: number
  transaction: ClientTransaction | undefined
  isPending = true
  #isCancelled = false
  #rangTooLong = false
  #hasProvisional = false
  readonly #timerC: WheelTimer<'c'> | undefined

  constructor(context: ResponseContext, target: Target, breadth: number, isInvite: boolean) {
    this.context = context
    this.target = target
    this.breadth = breadth
    if (isInvite) this.#timerC = new WheelTimer(this, 'c')
  }

  /** §16.6 step 11: how long a branch may ring; begun anew by every provisional response but 100. */
  watch(): void {
    if (this.#timerC) this.context.forwarder.timers.set(this.#timerC, this.context.ringMs)
  }

  /** Where the caller is: what comes late goes there. */
  get upstream(): Hop {
    return this.context.server.target
  }

  onResponse(transaction: ClientTransaction, response: SipResponse): void {
    if (response.status < 200) {
      const isFirst = !this.#hasProvisional
      this.#hasProvisional = true
      if (this.#isCancelled) {
        // §9.1: a CANCEL waits for the first provisional response.
        if (isFirst) this.#sendCancel()
        return
      }
      if (response.status > 100) this.watch()
      this.context.onProvisional(response)
      return
    }
    const wasPending = this.isPending
    this.#end()
    if (transaction.method === 'INVITE' && response.status < 300) this.context.onSuccess(response)
    else if (!wasPending) return
    // The caller did not cancel: that it was cancelled downstream says that nobody answered.
    else if (this.#rangTooLong && response.status === 487) this.context.onFailure(408)
    else this.context.onFinal(response)
  }

  onTimeout(): void {
    this.fail(408)
  }

  onTransportError(_transaction: ClientTransaction, error: Error): void {
    // §16.9: a transport error is a 503 of this branch.
    this.fail(503, error.message)
  }

  /** The branch ends with an answer of our own; why is for the log. */
  fail(status: number, why?: string): void {
    if (!this.isPending) return
    this.#end()
    if (why !== undefined) this.context.forwarder.tellFailure(this.context.server.request, this.target.uri, status, why)
    this.context.onFailure(status)
  }

  onTimer(): void {
    // §16.8: rung for too long. After a CANCEL, a peer that does not answer it either.
    if (this.#hasProvisional && !this.#isCancelled) {
      this.#rangTooLong = true
      this.cancel()
    } else {
      this.transaction?.abandon()
      this.fail(408)
    }
  }

  get isCancelled(): boolean {
    return this.#isCancelled
  }

  /** §9.1. The branch is over when its 487 comes, or nothing for 64*T1. */
  cancel(): void {
    // Only an INVITE can be cancelled; all others are answered soon.
    if (!this.isPending || this.#isCancelled || !this.#timerC) return
    this.#isCancelled = true
    if (!this.transaction) {
      // Its next hop is still looked for: nothing has left, and nothing will.
      this.fail(487)
      return
    }
    const { timers } = this.context.forwarder
    timers.set(this.#timerC, transactionTimeoutMs(timers.values))
    if (this.#hasProvisional) this.#sendCancel()
  }

  #sendCancel(): void {
    const { transaction, context } = this
    if (!transaction) return
    const { branch, hop, text } = transaction
    const cancel = { method: 'CANCEL', branch, text: formatCancel(text), hop, share: context.server.share }
    context.forwarder.transactions.request(cancel, undefined)
  }

  #end(): void {
    this.isPending = false
    this.#timerC?.cancel()
  }
}

export class ResponseContext {
  readonly forwarder: Forwarder
  readonly server: ServerTransaction
  readonly routing: Routing
  readonly passage: Passage
  /** How long its branches may ring. */
  readonly ringMs: number
  readonly #targets: TargetSet
  readonly #expand: (target: Target) => readonly Target[]
  readonly #onSuccess: (response: SipResponse) => void
  readonly #branches: Branch[] = []
  readonly #finals: SipResponse[] = []
  /** The best of the failures that no peer sent. */
  #ownFailure: number | undefined
  /** What the request looks like downstream but for its head, with its Route headers and without; made once for all branches. */
  readonly #tails: [string | undefined, string | undefined] = [undefined, undefined]
  #isAnswered = false
  #isCancelled = false

  /** `expand` gives for a contact of a 3xx the targets that it stands for; `onSuccess` hears of each 2xx that goes upstream. */
  constructor(
    forwarder: Forwarder,
    server: ServerTransaction,
    { routing, passage }: Onward,
    targets: readonly Target[],
    expand: (target: Target) => readonly Target[],
    onSuccess: (response: SipResponse) => void,
  ) {
    this.forwarder = forwarder
    this.server = server
    this.routing = routing
    this.passage = passage
    this.ringMs = forwarder.ringMsOf(server.request)
    this.#targets = new TargetSet(targets, forwarder.policy.maxForks)
    this.#expand = expand
    this.#onSuccess = onSuccess
  }

  tail(dropsRoutes: boolean): string {
    const { request, source } = this.server
    const which = dropsRoutes ? 1 : 0
    const tail = this.#tails[which] ?? forwardTail(request, source, dropsRoutes)
    this.#tails[which] = tail
    return tail
  }

  /** Tries the next group of targets; answers when there is none left. */
  advance(): void {
    if (this.#isAnswered) return
    if (!this.#isCancelled && !this.#targets.isEmpty) {
      const isInvite = this.server.request.method === 'INVITE'
      const targets = this.#targets.nextGroup()
      // All before have ended, so that their breadth is free again (RFC 5393 §5.3.3.2).
      const shares = divideBreadth(breadthOf(this.server.request), targets.length)
      if (!shares) {
        this.#targets.clear()
        this.onFailure(440)
        return
      }
      const group = targets.map((target, i) => new Branch(this, target, shares[i]!, isInvite))
      // All before the first is sent: one that fails at once must not end the whole.
      this.#branches.push(...group)
      for (const branch of group) this.forwarder.forward(this, branch)
      return
    }
    this.#answer()
  }

  /** The caller gave up (§16.10). */
  cancel(): void {
    this.#isCancelled = true
    this.#targets.clear()
    this.#cancelPending()
    this.#advanceWhenDone()
  }

  onProvisional(response: SipResponse): void {
    // §16.7 step 5: 100 ends here, all others go upstream until a final one did.
    if (response.status === 100 || this.#isAnswered) return
    this.#send(response)
  }

  /** A 2xx to an INVITE: each goes upstream at once (§16.7 step 5), the other branches are cancelled (step 10). */
  onSuccess(response: SipResponse): void {
    this.#isAnswered = true
    this.#targets.clear()
    this.#send(response)
    this.#onSuccess(response)
    this.#cancelPending()
  }

  onFinal(response: SipResponse): void {
    const { status } = response
    if (status < 300) {
      if (!this.#isAnswered) {
        this.#isAnswered = true
        this.#targets.clear()
        this.#send(response)
        this.#onSuccess(response)
      }
      return
    }
    if (status >= 400 || !this.#recurse(response)) this.#keep(response)
    if (status >= 600) {
      this.#targets.clear()
      this.#cancelPending()
    }
    this.#advanceWhenDone()
  }

  /** Until all branches are over. Where there is no room its status alone is remembered. */
  #keep(response: SipResponse): void {
    if (this.server.hold(octetsOfResponse(response))) this.#finals.push(response)
    else if (this.#ownFailure === undefined || response.status < this.#ownFailure) this.#ownFailure = response.status
  }

  /** §16.7 step 4. False when the response has no contact that may be tried, and counts as an answer itself. */
  #recurse(response: SipResponse): boolean {
    if (!this.forwarder.policy.recursive || this.#isCancelled) return false
    return this.#targets.add(contactTargets(response).flatMap(this.#expand)) > 0
  }

  onFailure(status: number): void {
    if (this.#ownFailure === undefined || status < this.#ownFailure) this.#ownFailure = status
    this.#advanceWhenDone()
  }

  #advanceWhenDone(): void {
    if (!this.#isAnswered && !this.#branches.some(({ isPending }) => isPending)) this.advance()
  }

  #cancelPending(): void {
    for (const branch of this.#branches) branch.cancel()
  }

  #send(response: SipResponse): void {
    this.server.send(withoutTopmostVia(response), response.status)
  }

  /** §16.7 steps 6 to 9: nothing is pending any more. */
  #answer(): void {
    this.#isAnswered = true
    const best = chooseBest(this.#finals)
    if (this.#isCancelled && (!best || best.status === 487)) {
      if (best) this.#send(best)
      else this.server.respond(487)
      return
    }
    const own = this.#ownFailure
    // §16.7 step 6: a timeout is a 408 among the others; of a peer's answer and one of ours the peer's says more.
    if (best && !(own !== undefined && own < 500 && best.status >= 500 && best.status < 600)) {
      if (best.status === 503) {
        // Our own state, not the peer's, is what 503 tells upstream; a Retry-After would stop all calls by this proxy.
        this.server.respond(500)
        return
      }
      const challenges = collectChallenges(best, this.#finals)
      const text = withoutTopmostVia(best)
      const firstHeader = text.indexOf('\n') + 1
      this.server.send(
        challenges === '' ? text : text.slice(0, firstHeader) + challenges + text.slice(firstHeader),
        best.status,
      )
      return
    }
    this.server.respond(own ?? 480)
  }
}
