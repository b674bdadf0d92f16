/**
 * A wildcard address served by one socket for each address of the machine, because an answer has to leave from the
 * address that was asked, and Node has no IP_PKTINFO that would tell a wildcard socket which one that was.
 *
 * There is no wildcard socket beside them for addresses that are too new: Linux allows that only with SO_REUSEADDR
 * on all of them, and then any user of the machine may bind the same addresses and take the datagrams.
 */

import { isIPv6 } from 'node:net'
import { codeOf, errorOf, messageOf } from '../errors.ts'
import type { Clock, Timer } from '../time/clock.ts'
import { localAddresses } from './local-addresses.ts'

export interface PerAddressOptions<S> {
  /** `0.0.0.0` or `::`. */
  readonly wildcard: string
  readonly clock: Clock
  /** Binds a socket to one address; rejects with the system's error. */
  readonly open: (address: string) => Promise<S>
  readonly close: (socket: S, address: string) => void
  /** Why an address is not served, once for each reason; it is tried again every time the addresses are read. */
  readonly onFailure: (address: string, error: Error) => void
  /** Called after the start whenever an address was added or went. */
  readonly onChange?: () => void
  /** Addresses that have a listener of their own on this port, in their canonical form. */
  readonly except?: ReadonlySet<string>
  readonly addresses?: () => readonly string[]
}

/** How old the list of addresses may be: one that appears is served after at most this time. */
const readEveryMs = 2000

export class PerAddress<S> {
  readonly #options: PerAddressOptions<S>
  readonly #sockets = new Map<string, S>()
  /** Addresses that could not be bound, with the reason that was given. */
  readonly #failures = new Map<string, string>()
  #reading: Timer | undefined
  #work: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor(options: PerAddressOptions<S>) {
    this.#options = options
  }

  /** The sockets, by their address. */
  get sockets(): ReadonlyMap<string, S> {
    return this.#sockets
  }

  /** Serves every address when it resolves. Throws BindError, with nothing left open, when one cannot be bound. */
  async start(): Promise<void> {
    for (const address of this.#wanted()) {
      try {
        this.#sockets.set(address, await this.#options.open(address))
      } catch (error) {
        if (isNotLocal(error)) continue // it went, or is still being tested for duplicates
        this.stop()
        throw new BindError(address, error)
      }
    }
    this.#reading = this.#options.clock.every(readEveryMs, () => void this.refresh())
  }

  /** Reads the addresses and opens and closes sockets after them; one such run follows another. */
  refresh(): Promise<void> {
    this.#work = this.#work.then(() => this.#refresh())
    return this.#work
  }

  stop(): void {
    this.#isStopped = true
    this.#reading?.cancel()
    for (const [address, socket] of this.#sockets) this.#options.close(socket, address)
    this.#sockets.clear()
  }

  async #refresh(): Promise<void> {
    const before = [...this.#sockets.keys()].join(' ')
    await this.#follow(new Set(this.#wanted()))
    if (!this.#isStopped && before !== [...this.#sockets.keys()].join(' ')) this.#options.onChange?.()
  }

  async #follow(wanted: ReadonlySet<string>): Promise<void> {
    for (const [address, socket] of this.#sockets) {
      if (wanted.has(address)) continue
      this.#sockets.delete(address)
      this.#options.close(socket, address)
    }
    for (const address of this.#failures.keys()) if (!wanted.has(address)) this.#failures.delete(address)
    for (const address of wanted) {
      if (this.#isStopped) return
      if (!this.#sockets.has(address)) await this.#add(address)
    }
  }

  async #add(address: string): Promise<void> {
    const { open, close, onFailure } = this.#options
    try {
      const socket = await open(address)
      if (this.#isStopped) {
        close(socket, address)
        return
      }
      this.#sockets.set(address, socket)
      this.#failures.delete(address)
    } catch (error) {
      const message = messageOf(error)
      if (isNotLocal(error) || this.#failures.get(address) === message) return
      this.#failures.set(address, message)
      onFailure(address, errorOf(error))
    }
  }

  #wanted(): readonly string[] {
    const { wildcard, except, addresses = () => localAddresses(isIPv6(wildcard) ? 6 : 4) } = this.#options
    return addresses().filter((address) => !except?.has(address))
  }
}

/** One of the addresses of a wildcard cannot be bound; the code is the system's, such as EADDRINUSE. */
export class BindError extends Error {
  readonly address: string
  readonly code: string | undefined

  constructor(address: string, cause: unknown) {
    super(`${address}: ${messageOf(cause)}`, { cause })
    this.address = address
    this.code = codeOf(cause)
  }
}

function isNotLocal(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'EADDRNOTAVAIL' || code === 'ENODEV'
}
