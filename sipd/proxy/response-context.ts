/** The response context of RFC 3261 §16.2: one request from upstream, its branches downstream, and the answer it gets. */
import { forwardTail, withoutTopmostVia } from '../message/forward.ts'
import type { SipRequest, SipResponse } from '../message/message.ts'
import { reasonOf } from '../message/reason.ts'
import type { ExtraHeader } from '../message/respond.ts'
import type { Disposition } from '../preferences/caller-preferences.ts'
import { octetsOfResponse } from '../transaction/octets.ts'
import type { Timers } from '../transaction/parts.ts'
import type { ServerTransaction } from '../transaction/server.ts'
import { chooseBest, collectChallenges } from './best-response.ts'
import { Branch, type BranchContext, nextHopFailed } from './branch.ts'
import { breadthOf, divideBreadth } from './breadth.ts'
import type { Passage } from './passage.ts'
import type { ProxyPolicy } from './policy.ts'
import { contactTargets } from './redirect.ts'
import type { Routing } from './routes.ts'
import { type Target, TargetSet } from './targets.ts'
import type { Transactions } from './transactions.ts'

/** What starts the branches; declared here, implemented by the forwarder. */
export interface BranchStarter {
  readonly policy: Pick<ProxyPolicy, 'maxForks' | 'recursive'>
  readonly timers: Timers
  readonly transactions: Transactions
  ringMsOf(request: SipRequest): number
  /** When it has to be answered, on the monotonic clock; Infinity where it need not be. */
  ringsUntilMs(request: SipRequest): number
  monotonicMs(): number
  forward(branch: Branch): void
  tellFailure(request: SipRequest, uri: string, status: number, why: string): void
}

/** How a request goes on. */
export interface Onward {
  readonly routing: Routing
  readonly passage: Passage
  /** One at least. */
  readonly targets?: readonly Target[] | undefined
  readonly disposition?: Disposition | undefined
}

/** An answer of our own to the request. */
interface OwnFailure {
  readonly status: number
  readonly headers: readonly ExtraHeader[]
}

/** RFC 3326 §2: the phones of a group that did not answer show no missed call. */
const completedElsewhere = reasonOf(200, 'Call completed elsewhere')

export class ResponseContext implements BranchContext {
  readonly timers: Timers
  readonly transactions: Transactions
  readonly #starter: BranchStarter
  readonly server: ServerTransaction
  readonly routing: Routing
  readonly passage: Passage
  /** How long its branches may ring. */
  readonly ringMs: number
  readonly #ringsUntilMs: number
  readonly #targets: TargetSet
  /** RFC 3841 §9.1: what the caller says of it wins over what is set here. */
  readonly #recurses: boolean
  readonly #cancels: boolean
  readonly #expand: (target: Target) => readonly Target[]
  readonly #onSuccess: (response: SipResponse) => void
  readonly #branches: Branch[] = []
  readonly #finals: SipResponse[] = []
  /** The best of the failures that no peer sent. */
  #ownFailure: OwnFailure | undefined
  /** What the request looks like downstream but for its head, with its Route headers and without; made once for all branches. */
  readonly #tails: [string | undefined, string | undefined] = [undefined, undefined]
  #isAnswered = false
  #isCancelled = false

  /** `expand` gives for a contact of a 3xx the targets that it stands for; `onSuccess` hears of each 2xx that goes upstream. */
  constructor(
    starter: BranchStarter,
    server: ServerTransaction,
    { routing, passage, targets = [], disposition }: Onward,
    expand: (target: Target) => readonly Target[],
    onSuccess: (response: SipResponse) => void,
  ) {
    this.#starter = starter
    this.timers = starter.timers
    this.transactions = starter.transactions
    this.server = server
    this.routing = routing
    this.passage = passage
    this.ringMs = starter.ringMsOf(server.request)
    this.#ringsUntilMs = starter.ringsUntilMs(server.request)
    this.#targets = new TargetSet(targets, starter.policy.maxForks)
    this.#expand = expand
    this.#recurses = disposition?.recurses ?? starter.policy.recursive
    this.#cancels = disposition?.cancels ?? true
    this.#onSuccess = onSuccess
  }

  tail(dropsRoutes: boolean): string {
    const { request, source } = this.server
    const which = dropsRoutes ? 1 : 0
    const tail = this.#tails[which] ?? forwardTail(request, source, dropsRoutes)
    this.#tails[which] = tail
    return tail
  }

  ringLeftMs(): number {
    return Math.max(0, this.#ringsUntilMs - this.#starter.monotonicMs())
  }

  /** Tries the next group of targets; answers when there is none left. */
  advance(): void {
    if (this.#isAnswered) return
    if (this.ringLeftMs() === 0) this.#targets.clear()
    if (!this.#isCancelled && !this.#targets.isEmpty) {
      const isInvite = this.server.request.method === 'INVITE'
      const targets = this.#targets.nextGroup()
      // All before have ended, so that their breadth is free again (RFC 5393 §5.3.3.2).
      const shares = divideBreadth(breadthOf(this.server.request), targets.length)
      if (!shares) {
        this.#targets.clear()
        this.#noteFailure(440)
        this.#advanceWhenDone()
        return
      }
      const group = targets.map((target, i) => new Branch(this, target, shares[i]!, isInvite))
      // All before the first is sent: one that fails at once must not end the whole.
      this.#branches.push(...group)
      for (const branch of group) this.#starter.forward(branch)
      return
    }
    this.#answer()
  }

  /** The caller gave up (§16.10), for the reasons that its CANCEL has. */
  cancel(reasons: readonly string[] = []): void {
    this.#isCancelled = true
    this.#targets.clear()
    this.#cancelPending(reasons)
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
    if (this.#cancels) this.#cancelPending([completedElsewhere])
  }

  onFinal(response: SipResponse, branch: Branch): void {
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
      this.#cancelPending([reasonOf(status, response.reason)])
    } else if (status >= 500) this.#tryOtherRoute(branch)
    this.#advanceWhenDone()
  }

  /** Until all branches are over. Where there is no room its status alone is remembered. */
  #keep(response: SipResponse): void {
    if (this.server.hold(octetsOfResponse(response))) this.#finals.push(response)
    else this.#noteFailure(response.status)
  }

  #noteFailure(status: number, headers: readonly ExtraHeader[] = []): void {
    if (!this.#ownFailure || status < this.#ownFailure.status) this.#ownFailure = { status, headers }
  }

  /** §16.7 step 4. False when the response has no contact that may be tried, and counts as an answer itself. */
  #recurse(response: SipResponse): boolean {
    if (!this.#recurses || this.#isCancelled) return false
    return this.#targets.add(contactTargets(response).flatMap(this.#expand)) > 0
  }

  onFailure(status: number, branch: Branch, headers?: readonly ExtraHeader[]): void {
    this.#noteFailure(status, headers)
    this.#tryOtherRoute(branch)
    this.#advanceWhenDone()
  }

  /** The manual's search: no final response, or a 5xx, leads to the next of the routes. */
  #tryOtherRoute({ target, breadth }: Branch): void {
    const [next, ...others] = target.otherRoutes ?? []
    if (!next || this.#isAnswered || this.#isCancelled || this.ringLeftMs() === 0) return
    const isInvite = this.server.request.method === 'INVITE'
    const branch = new Branch(this, { ...next, q: target.q, otherRoutes: others }, breadth, isInvite)
    this.#branches.push(branch)
    this.#starter.forward(branch)
  }

  tellFailure(target: Target, status: number, why: string): void {
    this.#starter.tellFailure(this.server.request, target.uri, status, why)
  }

  #advanceWhenDone(): void {
    if (!this.#isAnswered && !this.#branches.some(({ isPending }) => isPending)) this.advance()
  }

  #cancelPending(reasons: readonly string[]): void {
    for (const branch of this.#branches) branch.cancel(reasons)
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
    if (best && !(own && own.status < 500 && best.status >= 500 && best.status < 600)) {
      if (best.status === 503) {
        // Our own state, not the peer's, is what 503 tells upstream; a Retry-After would stop all calls by this proxy.
        this.server.respond(nextHopFailed)
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
    this.server.respond(own?.status ?? 480, own?.headers)
  }
}
