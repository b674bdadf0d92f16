/** Datagrams that were read and not yet looked at: sources take turns, so that nobody waits behind the flood of another. */
import { sourceNetwork } from '../../lib/net/source-network.ts'

export interface FairQueueOptions<Item> {
  /** Looks at one. */
  readonly take: (item: Item) => void
  /** One that there is no room for; it is lost, as in a full socket. */
  readonly onLost: () => void
  /** After the last one of a turn. */
  readonly onTurn: () => void
}

interface Waiting<Item> {
  readonly network: string
  readonly items: Fifo<{ readonly item: Item; readonly octets: number }>
  octets: number
}

/** More than a system's socket holds of small datagrams, for it is read sooner than before. */
const mostOctetsOfSource = 1 << 20
const mostOctets = 8 << 20
/** A datagram holds some memory however short it is. */
const itemOctets = 256
/** Node reads so many from a socket in one turn of the loop; when that was all, nobody waits in it. */
const readAtOnce = 32
/** Looked at in one turn while a socket has more: those are read first, and their sources known. */
const takenMeanwhile = 4

export class FairQueue<Item> {
  readonly #options: FairQueueOptions<Item>
  readonly #sources = new Map<string, Waiting<Item>>()
  /** In the order of their turns. */
  readonly #turns = new Fifo<Waiting<Item>>()
  #octets = 0
  #added = 0
  #isDue = false

  constructor(options: FairQueueOptions<Item>) {
    this.#options = options
  }

  /** Octets that wait, with what keeping them costs. */
  get octets(): number {
    return this.#octets
  }

  add(address: string, item: Item, length: number): void {
    const network = sourceNetwork(address)
    const octets = length + itemOctets
    let waiting = this.#sources.get(network)
    if (this.#octets + octets > mostOctets || (waiting && waiting.octets + octets > mostOctetsOfSource)) {
      this.#options.onLost()
      return
    }
    if (!waiting) {
      waiting = { network, items: new Fifo(), octets: 0 }
      this.#sources.set(network, waiting)
      this.#turns.push(waiting)
    }
    waiting.items.push({ item, octets })
    waiting.octets += octets
    this.#octets += octets
    this.#added++
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(() => this.#turn())
  }

  /** Looks at all that waits, now. */
  finish(): void {
    while (this.#turns.length > 0) this.#takeNext()
    this.#options.onTurn()
  }

  #turn(): void {
    let left = this.#added < readAtOnce ? readAtOnce : takenMeanwhile
    this.#added = 0
    for (; left > 0 && this.#turns.length > 0; left--) this.#takeNext()
    this.#isDue = this.#turns.length > 0
    if (this.#isDue) setImmediate(() => this.#turn())
    this.#options.onTurn()
  }

  #takeNext(): void {
    const waiting = this.#turns.shift()
    const next = waiting?.items.shift()
    if (!waiting || !next) return
    waiting.octets -= next.octets
    this.#octets -= next.octets
    if (waiting.items.length > 0) this.#turns.push(waiting)
    else this.#sources.delete(waiting.network)
    this.#options.take(next.item)
  }
}

/** An array's own shift() moves all that is behind. */
class Fifo<T> {
  readonly #items: (T | undefined)[] = []
  #first = 0

  get length(): number {
    return this.#items.length - this.#first
  }

  push(item: T): void {
    this.#items.push(item)
  }

  shift(): T | undefined {
    const item = this.#items[this.#first]
    if (this.length === 0) return undefined
    this.#items[this.#first++] = undefined
    if (this.length === 0) this.#items.length = 0
    else if (this.#first < 64 || this.#first < this.length) return item
    else this.#items.splice(0, this.#first)
    this.#first = 0
    return item
  }
}
