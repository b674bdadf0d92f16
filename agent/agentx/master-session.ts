/** The master's side of one AgentX session: requests in flight, each with its time, and regions that come and go with it. */

import type { AgentxBody, AgentxPdu } from '../../agentx/pdu.ts'
import type { OctetAccount } from '../../lib/bounds/octet-account.ts'
import type { SetPart } from '../../lib/mib/backend.ts'
import type { RemoteRegion } from '../../lib/mib/registry.ts'
import { BackendGone, type NameRange, type RemoteBackend } from '../../lib/mib/remote.ts'
import type { SetFailure, SetVarbind } from '../../lib/mib/set.ts'
import { errorStatusName } from '../../lib/smi/error-status.ts'
import type { Oid } from '../../lib/smi/oid.ts'
import type { Principal } from '../../lib/smi/principal.ts'
import type { Varbind } from '../../lib/smi/value.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import { sessionName, type TrustDomain } from '../trust/trust.ts'

/** After so many requests in a row without an answer the session is closed. */
const timeoutsAtMost = 3

export interface MasterSessionOptions {
  readonly id: number
  /** What its socket lets it do. */
  readonly trust: TrustDomain
  /** What it makes the master hold is held in this account, under its id. */
  readonly account: OctetAccount
  readonly objectId: Oid
  readonly description: string
  /** sysUpTime when it opened. */
  readonly openTicks: number
  readonly timeoutMs: number
  /** No request waits longer than this, whatever the subagent asked for. */
  readonly timeoutLimitMs: () => number
  readonly clock: Clock
  send(transactionId: number, packetId: number, body: AgentxBody): void
  /** It did not answer too often. */
  onHung(): void
}

type Response = Extract<AgentxPdu, { type: 'response' }>

interface Waiting {
  readonly resolve: (response: Response) => void
  readonly reject: (error: Error) => void
  readonly timeoutMs: number
  /** When its time is over, by the monotonic clock. */
  readonly dueMs: number
}

/** Timers go off in whole milliseconds. */
const timerGrainMs = 1

/** The range of a GET has no end. */
const nowhere: Oid = []

/** No usable answer, or none in time. */
export class SessionError extends Error {}

export class MasterSession implements RemoteBackend {
  readonly #options: MasterSessionOptions
  readonly #waiting = new Map<number, Waiting>()
  readonly regions = new Map<string, RemoteRegion[]>()
  /** Of all its registrations together. */
  regionCount = 0
  /** Whether it has ever registered a region. */
  hasServed = false
  readonly capabilities = new Map<string, { readonly id: Oid; readonly description: string }>()
  #packetId = 0
  #transactionId = 0
  #timeouts = 0
  #isClosed = false
  /** One for all that wait: a timer for each request costs more than all else that is done for it here. */
  #timer: Timer | undefined
  /** When the timer goes off: not after the first one that is due. */
  #timerDueMs = Number.POSITIVE_INFINITY

  constructor(options: MasterSessionOptions) {
    this.#options = options
  }

  get id(): number {
    return this.#options.id
  }

  get trust(): TrustDomain {
    return this.#options.trust
  }

  get account(): OctetAccount {
    return this.#options.account
  }

  get objectId(): Oid {
    return this.#options.objectId
  }

  get name(): string {
    const { trust, id, description } = this.#options
    return sessionName(trust, id, description)
  }

  get description(): string {
    return this.#options.description
  }

  get openTicks(): number {
    return this.#options.openTicks
  }

  /** What the subagent asked for, within our own limit. */
  get timeoutMs(): number {
    return this.#withinLimit(this.#options.timeoutMs)
  }

  get(names: readonly Oid[], timeoutMs: number): Promise<readonly Varbind[]> {
    const ranges = names.map((start) => ({ start, include: false, end: nowhere }))
    return this.#read({ type: 'get', ranges }, timeoutMs)
  }

  getNext(ranges: readonly NameRange[], timeoutMs: number): Promise<readonly Varbind[]> {
    return this.#read({ type: 'getNext', ranges }, timeoutMs)
  }

  getBulk(
    ranges: readonly NameRange[],
    nonRepeaters: number,
    maxRepetitions: number,
    timeoutMs: number,
  ): Promise<readonly Varbind[]> {
    return this.#read({ type: 'getBulk', nonRepeaters, maxRepetitions, ranges }, timeoutMs)
  }

  prepareSet(varbinds: readonly SetVarbind[], _requester?: Principal, timeoutMs = this.timeoutMs): SetPart {
    const transactionId = ++this.#transactionId & 0x7fff_ffff
    const ask = (body: AgentxBody): Promise<Response> => this.#ask(body, timeoutMs, transactionId)
    const failureOf = ({ error, index }: Response, otherwise: SetFailure['status']): SetFailure | undefined => {
      if (error === 0) return undefined
      // What is no error-status is not passed on.
      const status = errorStatusName(error) ?? otherwise
      return { status, position: varbinds[index - 1]?.position ?? varbinds[0]!.position }
    }
    // CleanupSet has no answer (§7.2.4.4).
    const cleanUp = (): void => this.#options.send(transactionId, this.#newPacketId(), { type: 'cleanupSet' })
    const position = varbinds[0]!.position
    return {
      async test() {
        const plain = varbinds.map(({ name, value }) => ({ name, value }))
        return ask({ type: 'testSet', varbinds: plain }).then(
          (response) => failureOf(response, 'genErr'),
          () => ({ status: 'genErr', position }),
        )
      },
      commit: () =>
        ask({ type: 'commitSet' }).then(
          (response) => {
            const failure = failureOf(response, 'commitFailed')
            return failure && { ...failure, status: 'commitFailed' as const }
          },
          () => ({ status: 'commitFailed', position }),
        ),
      undo: () =>
        ask({ type: 'undoSet' }).then(
          (response) => response.error === 0,
          () => false,
        ),
      finish: cleanUp,
      abandon: cleanUp,
    }
  }

  /** Whether a request of this number is in flight. */
  awaits(packetId: number): boolean {
    return this.#waiting.has(packetId)
  }

  /** Takes a Response; one that nobody waits for any more is left aside. */
  receive(response: Response): void {
    const waiting = this.#waiting.get(response.packetId)
    if (!waiting) return
    this.#waiting.delete(response.packetId)
    this.#timeouts = 0
    waiting.resolve(response)
  }

  /** Rejects every request in flight with BackendGone; the session's regions must be out of the registry before. */
  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    for (const { reject } of this.#waiting.values()) reject(new BackendGone(`${this.name} is gone`))
    this.#waiting.clear()
  }

  #read(
    body: Extract<AgentxBody, { type: 'get' | 'getNext' | 'getBulk' }>,
    timeoutMs: number,
  ): Promise<readonly Varbind[]> {
    return new Promise((resolve, reject) => {
      const answered = ({ error, varbinds }: Response): void => {
        if (error !== 0) reject(new SessionError(`${this.name} answered with error ${error}`))
        else if (body.type === 'getBulk' || varbinds.length === body.ranges.length) resolve(varbinds)
        else
          reject(new SessionError(`${this.name} answered with ${varbinds.length} varbinds for ${body.ranges.length}`))
      }
      this.#send(body, timeoutMs, 0, answered, reject)
    })
  }

  #ask(body: AgentxBody, timeoutMs: number, transactionId: number): Promise<Response> {
    return new Promise((resolve, reject) => this.#send(body, timeoutMs, transactionId, resolve, reject))
  }

  #send(
    body: AgentxBody,
    askedTimeoutMs: number,
    transactionId: number,
    resolve: Waiting['resolve'],
    reject: Waiting['reject'],
  ): void {
    if (this.#isClosed) {
      reject(new BackendGone(`${this.name} is gone`))
      return
    }
    const timeoutMs = this.#withinLimit(askedTimeoutMs)
    const dueMs = this.#options.clock.monotonicMs() + timeoutMs
    const packetId = this.#newPacketId()
    this.#waiting.set(packetId, { resolve, reject, timeoutMs, dueMs })
    this.#expireAt(dueMs)
    this.#options.send(transactionId, packetId, body)
  }

  #expireAt(dueMs: number): void {
    if (dueMs >= this.#timerDueMs) return
    this.#timer?.cancel()
    this.#timerDueMs = dueMs
    const { clock } = this.#options
    this.#timer = clock.after(Math.max(0, dueMs - clock.monotonicMs()), () => this.#expire())
  }

  /** Rejects those whose time is over, and waits for the next one. */
  #expire(): void {
    this.#timerDueMs = Number.POSITIVE_INFINITY
    const now = this.#options.clock.monotonicMs()
    let nextMs = Number.POSITIVE_INFINITY
    for (const [packetId, { reject, timeoutMs, dueMs }] of this.#waiting) {
      if (dueMs - now >= timerGrainMs) {
        nextMs = Math.min(nextMs, dueMs)
        continue
      }
      this.#waiting.delete(packetId)
      reject(new SessionError(`${this.name} did not answer within ${timeoutMs} ms`))
      if (++this.#timeouts >= timeoutsAtMost) this.#options.onHung()
    }
    if (!this.#isClosed) this.#expireAt(nextMs)
  }

  #withinLimit(timeoutMs: number): number {
    return Math.min(timeoutMs, this.#options.timeoutLimitMs())
  }

  #newPacketId(): number {
    this.#packetId = (this.#packetId + 1) >>> 0
    return this.#packetId
  }
}
