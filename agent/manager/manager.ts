/** A command generator (RFC 3413 §3.1): asks one agent, strict about who answers and what. */
import { createSocket, type Socket } from 'node:dgram'
import { type ErrorStatus, errorStatusName } from '../../lib/smi/error-status.ts'
import { compareOid, type Oid, startsWith } from '../../lib/smi/oid.ts'
import { nullValue, type Varbind } from '../../lib/smi/value.ts'
import { pduTag } from '../message/pdu.ts'
import {
  type CommunityVersion,
  decodeMessage,
  encodeRequest,
  type IncomingMessage,
  type OutgoingPdu,
} from './messages.ts'

export interface ManagerOptions {
  /** A numeric IPv4 address. */
  readonly host: string
  readonly port: number
  readonly version: CommunityVersion
  readonly community: string
  readonly timeoutMs?: number
  readonly retries?: number
}

/** No answer in time. */
export class TimeoutError extends Error {}

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

interface Waiting {
  readonly resolve: (message: IncomingMessage) => void
}

export class Manager {
  readonly #options: Required<ManagerOptions>
  readonly #socket: Socket
  readonly #waiting = new Map<number, Waiting>()
  #requestId = Math.floor(Math.random() * 0x7fff_0000)

  constructor(options: ManagerOptions) {
    this.#options = { timeoutMs: 1000, retries: 2, ...options }
    this.#socket = createSocket('udp4')
    this.#socket.on('message', (bytes, remote) => {
      if (remote.address !== this.#options.host || remote.port !== this.#options.port) return
      this.#receive(bytes)
    })
    this.#socket.on('error', () => {}) // a send that fails is a request that times out
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
    for (;;) {
      const varbinds = this.#options.version === 'v1' ? await this.#nextOrEnd(from) : await this.getBulk([from], 0, 25)
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

  async #ask(pdu: Omit<OutgoingPdu, 'requestId'>): Promise<readonly Varbind[]> {
    const { host, port, version, community, timeoutMs, retries } = this.#options
    const requestId = ++this.#requestId
    const bytes = encodeRequest(version, community, { ...pdu, requestId })
    for (let attempt = 0; attempt <= retries; attempt++) {
      const message = await this.#exchange(requestId, bytes, timeoutMs)
      if (!message) continue
      if (message.errorStatus === 0) return message.varbinds
      throw new ResponseError(errorStatusName(message.errorStatus) ?? 'genErr', message.errorIndex)
    }
    throw new TimeoutError(`${host}:${port} did not answer within ${((retries + 1) * timeoutMs) / 1000} s`)
  }

  #exchange(requestId: number, bytes: Uint8Array, timeoutMs: number): Promise<IncomingMessage | undefined> {
    return new Promise((resolve) => {
      const done = (message: IncomingMessage | undefined): void => {
        clearTimeout(timer)
        this.#waiting.delete(requestId)
        resolve(message)
      }
      const timer = setTimeout(() => done(undefined), timeoutMs)
      this.#waiting.set(requestId, { resolve: done })
      this.#socket.send(bytes, this.#options.port, this.#options.host, () => {})
    })
  }

  #receive(bytes: Uint8Array): void {
    let message: IncomingMessage
    try {
      message = decodeMessage(bytes)
    } catch {
      return // not for us, or broken: as if it never came
    }
    if (message.pduType !== pduTag.response || message.version !== this.#options.version) return
    this.#waiting.get(message.requestId)?.resolve(message)
  }
}

function withNulls(names: readonly Oid[]): Varbind[] {
  return names.map((name) => ({ name, value: nullValue }))
}
