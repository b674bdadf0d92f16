/** A command generator (RFC 3413 §3.1): asks one agent, strict about who answers and what. */
import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { canonicalAddress, hostAndPort } from '../../lib/net/address.ts'
import { type ErrorStatus, errorStatusName } from '../../lib/smi/error-status.ts'
import { compareOid, type Oid, startsWith } from '../../lib/smi/oid.ts'
import type { SecurityLevel } from '../../lib/smi/principal.ts'
import { nullValue, type Varbind } from '../../lib/smi/value.ts'
import { systemClock } from '../../lib/time/clock.ts'
import type { CommunityVersion } from '../message/community-message.ts'
import { Client, type ClientRequest, ReportError, TimeoutError, UnreadableAnswerError } from './client.ts'
import { CommunityConversation, UsmConversation } from './conversation.ts'
import { type Credentials, keyMaker, levelOf } from './credentials.ts'

export { ReportError, TimeoutError, UnreadableAnswerError }

export type ManagerSecurity =
  | { readonly version: CommunityVersion; readonly community: string | Uint8Array }
  | {
      readonly version: 'v3'
      readonly credentials: Credentials
      /** The highest that the credentials reach where it is not given. */
      readonly level?: SecurityLevel
      readonly contextName?: string
    }

export interface ManagerOptions {
  /** A numeric address. */
  readonly host: string
  readonly port: number
  readonly security: ManagerSecurity
  readonly timeoutMs?: number
  readonly retries?: number
}

/** The agent answered with an error-status; `errorIndex` counts varbinds from 1. */
export class ResponseError extends Error {
  readonly status: ErrorStatus
  readonly errorIndex: number

  constructor(status: ErrorStatus, errorIndex: number) {
    super(`${status}${errorIndex > 0 ? ` at varbind ${errorIndex}` : ''}`)
    this.status = status
    this.errorIndex = errorIndex
  }
}

export class Manager {
  readonly #options: ManagerOptions
  readonly #socket: Socket
  readonly #client: Client
  readonly #usm: UsmConversation | undefined

  constructor(options: ManagerOptions) {
    this.#options = options
    const { host, port, security, timeoutMs = 1000, retries = 2 } = options
    this.#socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
    if (security.version === 'v3') {
      const { credentials, contextName = '' } = security
      this.#usm = new UsmConversation({
        clock: systemClock,
        userName: credentials.userName,
        level: security.level ?? levelOf(credentials),
        keysFor: keyMaker(credentials),
        contextName,
      })
    }
    const conversation =
      security.version === 'v3' ? this.#usm! : new CommunityConversation(security.version, octetsOf(security.community))
    this.#client = new Client({
      conversation,
      // Its timers keep the process alive: a tool waits for its answer.
      clock: { ...systemClock, after: startTimer },
      timeoutMs,
      retries,
      peerName: hostAndPort(host, port),
      send: (bytes) => this.#socket.send(bytes, port, host, () => {}), // a send that fails is a request that times out
    })
    const expected = canonicalAddress(host)
    this.#socket.on('message', (bytes, remote) => {
      if (canonicalAddress(remote.address) === expected && remote.port === port) this.#client.receive(bytes)
      else this.#client.receiveFromElsewhere(hostAndPort(remote.address, remote.port))
    })
    this.#socket.on('error', () => {})
  }

  /** The agent's engineID, once it has answered in version 3. */
  get engineId(): Uint8Array | undefined {
    return this.#usm?.engineId
  }

  get(names: readonly Oid[]): Promise<readonly Varbind[]> {
    return this.#ask({ type: 'getRequest', varbinds: withNulls(names) })
  }

  getNext(names: readonly Oid[]): Promise<readonly Varbind[]> {
    return this.#ask({ type: 'getNextRequest', varbinds: withNulls(names) })
  }

  getBulk(names: readonly Oid[], nonRepeaters: number, maxRepetitions: number): Promise<readonly Varbind[]> {
    return this.#ask({ type: 'getBulkRequest', nonRepeaters, maxRepetitions, varbinds: withNulls(names) })
  }

  set(varbinds: readonly Varbind[]): Promise<readonly Varbind[]> {
    return this.#ask({ type: 'setRequest', varbinds })
  }

  /** All instances below a name, in order; ends at names that do not grow. */
  async *walk(root: Oid): AsyncIterableIterator<Varbind> {
    let from = root
    const isV1 = this.#options.security.version === 'v1'
    for (;;) {
      const varbinds = isV1 ? await this.#nextOrEnd(from) : await this.getBulk([from], 0, 25)
      for (const varbind of varbinds) {
        if (varbind.value.type === 'endOfMibView' || !startsWith(varbind.name, root)) return
        if (compareOid(varbind.name, from) <= 0) throw new Error('the agent answered with a name that does not grow')
        yield varbind
        from = varbind.name
      }
      if (varbinds.length === 0) return
    }
  }

  close(): void {
    this.#client.close()
    this.#socket.close()
  }

  async #nextOrEnd(from: Oid): Promise<readonly Varbind[]> {
    try {
      return await this.getNext([from])
    } catch (error) {
      if (error instanceof ResponseError && error.status === 'noSuchName') return []
      throw error
    }
  }

  async #ask(request: ClientRequest): Promise<readonly Varbind[]> {
    const pdu = await this.#client.ask(request)
    if (pdu.errorStatus === 0) return pdu.varbinds
    throw new ResponseError(errorStatusName(pdu.errorStatus) ?? 'genErr', pdu.errorIndex)
  }
}

function startTimer(delayMs: number, run: () => void): { cancel(): void } {
  const handle = setTimeout(run, delayMs)
  return { cancel: () => clearTimeout(handle) }
}

function withNulls(names: readonly Oid[]): Varbind[] {
  return names.map((name) => ({ name, value: nullValue }))
}

/** A community is octets; a text of it is UTF-8. */
function octetsOf(community: string | Uint8Array): Uint8Array {
  return typeof community === 'string' ? Buffer.from(community) : community
}
