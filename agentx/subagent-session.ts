/** The subagent's side of AgentX (RFC 2741): our own modules behind a session that comes back by itself. */
import { createConnection } from 'node:net'
import type { Log } from '../lib/log/log.ts'
import type { Backend } from '../lib/mib/backend.ts'
import { Registry } from '../lib/mib/registry.ts'
import { SetTransaction } from '../lib/mib/set-transaction.ts'
import { errorStatusNumber } from '../lib/smi/error-status.ts'
import { compareOid, formatOid, type Oid, startsWith } from '../lib/smi/oid.ts'
import type { Varbind } from '../lib/smi/value.ts'
import type { Clock, Timer } from '../lib/time/clock.ts'
import { connectTo } from '../lib/trust/socket.ts'
import { varbindsV2 } from '../snmp/notification.ts'
import { AgentxConnection } from './connection.ts'
import { type AgentxBody, type AgentxPdu, agentxError, closeReason } from './pdu.ts'
import { get, getBulk, getNext } from './search.ts'

export interface AgentxSessionOptions {
  readonly address: { readonly path: string } | { readonly host: string; readonly port: number }
  readonly id: Oid
  readonly description: string
  /** How long the master waits for our answers. */
  readonly timeoutSeconds?: number
  readonly clock: Clock
  readonly log: Log
  readonly backends: readonly Backend[]
  /** For sysORTable. */
  readonly capabilities?: readonly { readonly id: Oid; readonly description: string }[]
  readonly onOpened?: () => void
}

const firstRetryMs = 1000
/** A connect to a local socket costs nothing, and what we serve is missing until it succeeds. */
const longestRetryMs = 5000
const openWithinMs = 5000
const pingEveryMs = 15_000
/** Notifications that wait for the master to come back. */
const notificationsAtMost = 1000
/** SETs that were tested and not yet ended; one that is never ended is forgotten then. */
const setsAtMost = 64

type State = 'stopped' | 'connecting' | 'opening' | 'open' | 'waiting'

export class AgentxSession {
  readonly #options: AgentxSessionOptions
  readonly #registry = new Registry()
  readonly #subtrees: readonly Oid[]
  readonly #sets = new Map<number, SetTransaction>()
  readonly #answers = new Map<number, (response: Extract<AgentxPdu, { type: 'response' }>) => void>()
  /** Notifications that the master has not acknowledged, oldest first. */
  readonly #notifications: { readonly varbinds: readonly Varbind[]; sentAs: number | undefined }[] = []
  /** Subtrees of ours that the master did not take. */
  #refused: readonly Oid[] = []
  #state: State = 'stopped'
  #connection: AgentxConnection | undefined
  #sessionId = 0
  #packetId = 0
  #retryMs = firstRetryMs
  #timer: Timer | undefined
  /** sysUpTime of the master, and when it said so. */
  #masterUpTimeTicks = 0
  #masterToldMs = 0

  constructor(options: AgentxSessionOptions) {
    this.#options = options
    for (const backend of options.backends) this.#registry.register(backend)
    this.#subtrees = subtreesOf(options.backends)
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** The master's sysUpTime, as far as it is known. */
  upTimeTicks(): number {
    const sinceMs = this.#options.clock.monotonicMs() - this.#masterToldMs
    return this.#masterToldMs === 0 ? 0 : (this.#masterUpTimeTicks + Math.floor(sinceMs / 10)) >>> 0
  }

  /** Connects, and connects again whenever the master is lost, until it is stopped. */
  start(): void {
    this.#state = 'connecting'
    this.#connect()
  }

  stop(): void {
    if (this.#state === 'open') this.#send({ type: 'close', reason: closeReason.shutdown })
    this.#state = 'stopped'
    this.#timer?.cancel()
    this.#connection?.close()
    this.#connection = undefined
  }

  /** Sends a notification when the master is there; kept until it has acknowledged it. */
  notify(trapOid: Oid, varbinds: readonly Varbind[]): void {
    if (this.#notifications.length >= notificationsAtMost) {
      this.#notifications.shift()
      this.#options.log.warn('a notification was lost: more waited for the master than there is room for')
    }
    const message = { trapOid, upTimeTicks: this.upTimeTicks(), varbinds }
    this.#notifications.push({ varbinds: varbindsV2(message), sentAs: undefined })
    this.#sendNotifications()
  }

  #connect(): void {
    const { address, clock } = this.#options
    const socket = 'path' in address ? connectTo(address.path) : createConnection(address)
    let isOver = false
    const lose = (why: string): void => {
      if (isOver) return
      isOver = true
      this.#lost(why)
    }
    socket.once('error', (error) => lose(error.message))
    socket.once('connect', () => {
      if (isOver || this.#state !== 'connecting') {
        socket.destroy()
        return
      }
      this.#state = 'opening'
      this.#connection = new AgentxConnection(socket, {
        pdu: (pdu) => this.#receive(pdu),
        broken: (_, error) => {
          this.#options.log.warn('cannot read a PDU of the master', { error: error.message })
          socket.destroy()
        },
        closed: () => lose('the connection ended'),
      })
      this.#open()
    })
    // Connecting included: a host that drops our packets says nothing for minutes.
    this.#timer = clock.after(openWithinMs, () => {
      lose('the master did not answer')
      socket.destroy()
    })
  }

  #open(): void {
    const { id, description, timeoutSeconds = 5 } = this.#options
    this.#sessionId = 0
    this.#ask({ type: 'open', timeoutSeconds, id, description }, (response) => {
      if (response.error !== 0) {
        this.#options.log.warn('the master refused the session', { error: response.error })
        this.#connection?.close()
        return
      }
      this.#sessionId = response.sessionId
      this.#register()
    })
  }

  #register(): void {
    const { capabilities = [] } = this.#options
    let open = this.#subtrees.length
    this.#refused = []
    for (const subtree of this.#subtrees) {
      this.#registerOne(subtree, (error) => {
        if (error !== 0) this.#refuse(subtree, error)
        if (--open === 0) this.#opened()
      })
    }
    for (const capability of capabilities) this.#ask({ type: 'addAgentCaps', ...capability }, () => {})
    if (open === 0) this.#opened()
  }

  #registerOne(subtree: Oid, answered: (error: number) => void): void {
    const registration = { timeoutSeconds: 0, priority: 127, rangeSubid: 0, subtree, upperBound: 0 }
    this.#ask({ type: 'register', ...registration }, ({ error }) => answered(error))
  }

  #refuse(subtree: Oid, error: number): void {
    this.#refused = [...this.#refused, subtree]
    const subtreeText = formatOid(subtree)
    this.#options.log.error('the master refused a region; it is asked again', { subtree: subtreeText, error })
  }

  /** The region may have been another session's, which is gone by now. */
  #registerRefused(): void {
    for (const subtree of this.#refused) {
      this.#registerOne(subtree, (error) => {
        if (error !== 0) return
        this.#refused = this.#refused.filter((one) => one !== subtree)
        this.#options.log.notice('the master took a region that it had refused', { subtree: formatOid(subtree) })
      })
    }
  }

  #opened(): void {
    const { log, clock, description, onOpened } = this.#options
    this.#state = 'open'
    this.#retryMs = firstRetryMs
    this.#timer?.cancel()
    this.#timer = clock.every(pingEveryMs, () => this.#ping())
    log.notice('the session with the master is open', { description, session: this.#sessionId })
    this.#sendNotifications()
    onOpened?.()
  }

  #ping(): void {
    let isAnswered = false
    this.#ask({ type: 'ping' }, () => {
      isAnswered = true
    })
    const connection = this.#connection
    this.#options.clock.after(openWithinMs, () => {
      if (!isAnswered && connection === this.#connection) connection?.abort()
    })
    this.#registerRefused()
  }

  #lost(why: string): void {
    this.#timer?.cancel()
    this.#connection = undefined
    this.#answers.clear()
    this.#sets.clear()
    for (const notification of this.#notifications) notification.sentAs = undefined
    if (this.#state === 'stopped') return
    const wasOpen = this.#state === 'open'
    this.#state = 'waiting'
    // Between half and the whole of it, so that subagents do not all come at once.
    const delayMs = this.#retryMs * (0.5 + Math.random() / 2)
    this.#retryMs = Math.min(this.#retryMs * 2, longestRetryMs)
    const { log, clock } = this.#options
    if (wasOpen) log.warn('the master is lost; connecting again', { why })
    this.#timer = clock.after(delayMs, () => {
      this.#state = 'connecting'
      this.#connect()
    })
  }

  #receive(pdu: AgentxPdu): void {
    if (pdu.type === 'response') {
      this.#masterUpTimeTicks = pdu.upTimeTicks
      this.#masterToldMs = this.#options.clock.monotonicMs()
      const answer = this.#answers.get(pdu.packetId)
      this.#answers.delete(pdu.packetId)
      answer?.(pdu)
      return
    }
    switch (pdu.type) {
      case 'get':
        this.#respond(
          pdu,
          pdu.ranges.map(({ start }) => get(this.#registry, start)),
        )
        return
      case 'getNext':
        this.#respond(
          pdu,
          pdu.ranges.map((range) => getNext(this.#registry, range)),
        )
        return
      case 'getBulk':
        this.#respond(pdu, getBulk(this.#registry, pdu.ranges, pdu.nonRepeaters, pdu.maxRepetitions))
        return
      case 'testSet':
        this.#test(pdu)
        return
      case 'commitSet':
        this.#endSet(pdu, (set) => set.commit())
        return
      case 'undoSet':
        this.#endSet(pdu, async (set) => ((await set.undo()) ? undefined : { status: 'undoFailed', position: 0 }))
        this.#sets.delete(pdu.transactionId)
        return
      case 'cleanupSet':
        this.#sets.get(pdu.transactionId)?.finish()
        this.#sets.delete(pdu.transactionId)
        return
      case 'close':
        this.#connection?.close()
        return
      default:
        this.#respond(pdu, [], agentxError.processingError)
    }
  }

  #test(pdu: Extract<AgentxPdu, { type: 'testSet' | 'notify' | 'indexAllocate' | 'indexDeallocate' }>): void {
    if (this.#sets.size >= setsAtMost) this.#sets.delete(this.#sets.keys().next().value!)
    const varbinds = pdu.varbinds.map((varbind, i) => ({ ...varbind, position: i + 1 }))
    const set = new SetTransaction(this.#registry, this.#options.log, varbinds)
    this.#sets.set(pdu.transactionId, set)
    this.#answerSet(pdu, set.test())
  }

  #endSet(
    pdu: AgentxPdu,
    act: (set: SetTransaction) => Promise<{ readonly status: keyof typeof errorStatusNumber } | undefined>,
  ): void {
    const set = this.#sets.get(pdu.transactionId)
    if (!set) this.#respond(pdu, [], agentxError.processingError)
    else this.#answerSet(pdu, act(set))
  }

  #answerSet(
    pdu: AgentxPdu,
    outcome: Promise<{ readonly status: keyof typeof errorStatusNumber; readonly position?: number } | undefined>,
  ): void {
    outcome.then(
      (failure) => this.#respond(pdu, [], failure ? errorStatusNumber[failure.status] : 0, failure?.position ?? 0),
      (error: unknown) => {
        this.#options.log.error('bug while setting', { error })
        this.#respond(pdu, [], errorStatusNumber.genErr, 1)
      },
    )
  }

  #sendNotifications(): void {
    if (this.#state !== 'open') return
    for (const notification of this.#notifications) {
      if (notification.sentAs !== undefined) continue
      notification.sentAs = this.#ask({ type: 'notify', varbinds: notification.varbinds }, ({ error }) => {
        if (error !== 0) this.#options.log.warn('the master refused a notification, which is lost', { error })
        // One that gave way to others meanwhile is not there any more.
        const at = this.#notifications.indexOf(notification)
        if (at >= 0) this.#notifications.splice(at, 1)
      })
    }
  }

  #ask(body: AgentxBody, answer: (response: Extract<AgentxPdu, { type: 'response' }>) => void): number {
    const packetId = this.#send(body)
    this.#answers.set(packetId, answer)
    return packetId
  }

  #send(body: AgentxBody): number {
    this.#packetId = (this.#packetId + 1) >>> 0
    this.#connection?.send({ flags: 0, sessionId: this.#sessionId, transactionId: 0, packetId: this.#packetId }, body)
    return this.#packetId
  }

  #respond(pdu: AgentxPdu, varbinds: readonly Varbind[], error = 0, index = 0): void {
    const { sessionId, transactionId, packetId } = pdu
    this.#connection?.send(
      { flags: 0, sessionId, transactionId, packetId },
      { type: 'response', upTimeTicks: 0, error, index, varbinds },
    )
  }
}

/** Tables as a whole and scalars one by one: what a module does not serve may be another's. */
function subtreesOf(backends: readonly Backend[]): Oid[] {
  const all = backends.flatMap(({ objects }) => objects.map(({ oid, home }) => home ?? oid))
  const subtrees: Oid[] = []
  for (const oid of all.toSorted(compareOid)) {
    const last = subtrees.at(-1)
    if (!last || !startsWith(oid, last)) subtrees.push(oid)
  }
  return subtrees
}
