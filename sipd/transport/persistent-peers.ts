/** The peers of persistent_tcp.conf: their connections are opened ahead, kept while they idle, and opened again when they end. */
import { isIP } from 'node:net'
import { canonicalAddress } from '../../lib/net/address.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'

export interface PersistentPeersOptions {
  readonly peers: readonly { readonly host: string; readonly port: number }[]
  /** Of the names of peers. */
  readonly lookup: (host: string) => Promise<readonly string[]>
  readonly clock: Clock
  /** Opens a connection where none stands. */
  readonly open: (address: string, port: number) => void
}

/** Also how long a peer that is down is left alone. */
const openEveryMs = 5000
const lookUpEveryMs = 30_000

export class PersistentPeers {
  readonly #options: PersistentPeersOptions
  /** Of each peer; those of a name that cannot be looked up now stay. */
  readonly #addresses: (readonly string[])[]
  #known: ReadonlySet<string> = new Set()
  #timers: readonly Timer[] = []

  constructor(options: PersistentPeersOptions) {
    this.#options = options
    this.#addresses = options.peers.map(({ host }) => (isIP(host) === 0 ? [] : [canonicalAddress(host)]))
    this.#note()
  }

  has(address: string, port: number): boolean {
    return this.#known.has(`${address} ${port}`)
  }

  /** From now on their connections stand. */
  start(): void {
    const { clock, peers } = this.#options
    if (peers.length === 0) return
    this.#open()
    void this.#lookUp()
    this.#timers = [clock.every(openEveryMs, () => this.#open()), clock.every(lookUpEveryMs, () => void this.#lookUp())]
  }

  /** None is opened any more, and none is kept. */
  stop(): void {
    for (const timer of this.#timers) timer.cancel()
    this.#known = new Set()
  }

  async #lookUp(): Promise<void> {
    const { peers, lookup } = this.#options
    const before = this.#known
    await Promise.all(
      peers.map(async ({ host }, i) => {
        if (isIP(host) !== 0) return
        const found = await lookup(host).catch(() => [])
        if (found.length > 0) this.#addresses[i] = found.map(canonicalAddress)
      }),
    )
    // It was stopped meanwhile.
    if (this.#known !== before) return
    this.#note()
    this.#open()
  }

  #note(): void {
    const { peers } = this.#options
    this.#known = new Set(
      peers.flatMap(({ port }, i) => (this.#addresses[i] ?? []).map((address) => `${address} ${port}`)),
    )
  }

  /** One to the first address of each: the others are for when requests lead there. */
  #open(): void {
    const { peers, open } = this.#options
    for (const [i, { port }] of peers.entries()) {
      const address = this.#addresses[i]?.[0]
      if (address !== undefined && this.has(address, port)) open(address, port)
    }
  }
}
