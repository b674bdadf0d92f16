/**
 * Transactions that have had their final response and only absorb what comes late (RFC 3261 §17.2, RFC 6026): by the
 * hundred thousand, so outside the garbage collector's reach, as a hash of the key and the octets to send again.
 */
import type { Clock, Timer } from '../../lib/time/clock.ts'
import type { Hop } from '../message/hop.ts'
import type { KeyHash } from './hash.ts'
import { type HeldState, heldStateOf } from './machines.ts'

export interface Resend {
  readonly text: string
  readonly hop: Hop
}

const generations = 4
const slabOctets = 256 * 1024
const firstCapacity = 1024
/**
 * Longer ones are kept while they take less than half of the bound: a stranger whose headers come back to him in each answer
 * would otherwise push out those of everybody else within seconds.
 */
const usualOctets = 4096

export interface HeldOptions {
  readonly clock: Clock
  /** At least so long, at most a quarter more. */
  readonly holdMs: number
  /** Beyond this the oldest go early; their retransmissions are then taken for new requests. */
  readonly maxOctets: number
}

export class HeldTransactions {
  readonly #options: HeldOptions
  #youngest = new Generation()
  /** All of them, the youngest first. */
  #generations: Generation[] = [this.#youngest]
  readonly #rotating: Timer

  constructor(options: HeldOptions) {
    this.#options = options
    this.#rotating = options.clock.every(Math.ceil(options.holdMs / generations), () => this.#rotate())
  }

  get size(): number {
    return this.#generations.reduce((sum, { size }) => sum + size, 0)
  }

  get octets(): number {
    return this.#generations.reduce((sum, { octets }) => sum + octets, 0)
  }

  /** Without room for a long text the transaction is held all the same, and absorbs what comes late in silence. */
  hold(hash: KeyHash, state: HeldState, resend?: Resend): void {
    const youngest = this.#youngest
    const isKept =
      resend !== undefined && (resend.text.length <= usualOctets || this.octets * 2 < this.#options.maxOctets)
    youngest.put(hash, state.code, isKept ? whereTo(resend.hop) : '', isKept ? resend.text : '')
    if (youngest.isGrown && this.octets > this.#options.maxOctets) this.#shed()
  }

  /** The state held under this key; undefined when there is none. */
  stateOf(hash: KeyHash): HeldState | undefined {
    for (const generation of this.#generations) {
      const slot = generation.find(hash)
      if (slot >= 0) return heldStateOf(generation.codeAt(slot))
    }
    return undefined
  }

  /** What is to be sent again for this key; undefined when it only absorbs. */
  resendOf(hash: KeyHash): Resend | undefined {
    for (const generation of this.#generations) {
      const slot = generation.find(hash)
      if (slot >= 0) return decode(generation.textAt(slot))
    }
    return undefined
  }

  /** All that is held of server transactions, of this process or, in a table for that, of another. */
  *serverHashes(): Generator<KeyHash> {
    for (const generation of this.#generations) yield* generation.hashes(isOfServer)
  }

  stop(): void {
    this.#rotating.cancel()
  }

  #rotate(): void {
    this.#youngest = new Generation(this.#youngest.size)
    this.#generations.unshift(this.#youngest)
    this.#generations.length = Math.min(this.#generations.length, generations + 1)
  }

  /** Nothing is held any more. */
  get isEmpty(): boolean {
    return this.#generations.every(({ size }) => size === 0)
  }

  #shed(): void {
    while (this.#generations.length > 1 && this.octets > this.#options.maxOctets) this.#generations.pop()
    // All of it is young: begin again rather than grow.
    if (this.octets <= this.#options.maxOctets) return
    this.#youngest = new Generation()
    this.#generations = [this.#youngest]
  }
}

/** An open-addressing table of fixed-width entries, and slabs with the texts. It is dropped as a whole. */
class Generation {
  size = 0
  /** True when the last put took memory that was not there before. */
  isGrown = false
  #capacity = firstCapacity
  /** Per slot: two halves of the hash; code of the state in the top octet and length below; where the text is. */
  #slots: Uint32Array
  readonly #slabs: Buffer[] = []
  #slabUsed = slabOctets

  /** Room for so many from the beginning: growing a large table holds up what is under way. */
  constructor(expected = 0) {
    while (expected * 5 >= this.#capacity * 3) this.#capacity *= 2
    this.#slots = new Uint32Array(this.#capacity * 4)
  }

  get octets(): number {
    return this.#slots.byteLength + this.#slabs.length * slabOctets
  }

  put({ a, b }: KeyHash, code: number, head: string, text: string): void {
    this.isGrown = false
    if (this.size * 5 >= this.#capacity * 3) this.#grow()
    const at = this.#slotFor(a, b) * 4
    const slots = this.#slots
    if (slots[at + 2] === 0) this.size++
    slots[at] = a
    slots[at + 1] = b
    // Nothing longer than a slab leaves in a datagram, and over a stream nothing is sent again.
    const length = head.length + text.length
    const isKept = length > 0 && length <= slabOctets
    slots[at + 2] = ((code << 24) | (isKept ? length : 0)) >>> 0
    slots[at + 3] = isKept ? this.#store(head, text) : 0
  }

  /** The slot of the entry; -1 when there is none. */
  find({ a, b }: KeyHash): number {
    const slot = this.#slotFor(a, b)
    return this.#slots[slot * 4 + 2] === 0 ? -1 : slot
  }

  *hashes(isWanted: (code: number) => boolean): Generator<KeyHash> {
    const slots = this.#slots
    for (let at = 0; at < slots.length; at += 4)
      if (slots[at + 2] !== 0 && isWanted(this.codeAt(at / 4)))
        yield { a: numberAt(slots, at), b: numberAt(slots, at + 1) }
  }

  codeAt(slot: number): number {
    return numberAt(this.#slots, slot * 4 + 2) >>> 24
  }

  textAt(slot: number): string {
    const length = numberAt(this.#slots, slot * 4 + 2) & 0xffffff
    if (length === 0) return ''
    const place = numberAt(this.#slots, slot * 4 + 3)
    const from = place % slabOctets
    return this.#slabs[Math.floor(place / slabOctets)]?.toString('latin1', from, from + length) ?? ''
  }

  /** Where the entry is, or the free slot where it would be. */
  #slotFor(a: number, b: number): number {
    const mask = this.#capacity - 1
    const slots = this.#slots
    let slot = a & mask
    while (slots[slot * 4 + 2] !== 0 && (slots[slot * 4] !== a || slots[slot * 4 + 1] !== b)) slot = (slot + 1) & mask
    return slot
  }

  #store(head: string, text: string): number {
    const last = this.#slabs.at(-1)
    const hasRoom = last !== undefined && this.#slabUsed + head.length + text.length <= slabOctets
    const slab = hasRoom ? last : this.#addSlab()
    const from = this.#slabUsed
    this.#slabUsed += slab.write(head, from, 'latin1')
    // Written separately: joining both would be another copy, and this makes the text flat that is about to leave.
    this.#slabUsed += slab.write(text, this.#slabUsed, 'latin1')
    return (this.#slabs.length - 1) * slabOctets + from
  }

  #addSlab(): Buffer {
    const slab = Buffer.allocUnsafeSlow(slabOctets)
    this.#slabs.push(slab)
    this.#slabUsed = 0
    this.isGrown = true
    return slab
  }

  #grow(): void {
    const before = this.#slots
    this.#capacity *= 2
    const slots = new Uint32Array(this.#capacity * 4)
    this.#slots = slots
    this.isGrown = true
    for (let at = 0; at < before.length; at += 4) {
      if (before[at + 2] === 0) continue
      const to = this.#slotFor(numberAt(before, at), numberAt(before, at + 1)) * 4
      // One by one: a view of four numbers costs ten times as much.
      for (let i = 0; i < 4; i++) slots[to + i] = numberAt(before, at + i)
    }
  }
}

function numberAt(slots: Uint32Array, at: number): number {
  return slots[at] ?? 0
}

function isOfServer(code: number): boolean {
  return heldStateOf(code)?.of !== 'client'
}

function whereTo({ transport, address, port, listener, connection, local }: Hop): string {
  return `${transport} ${address} ${port} ${listener} ${connection ?? ''} ${local ?? ''}\n`
}

function decode(record: string): Resend | undefined {
  if (record === '') return undefined
  const end = record.indexOf('\n')
  const [transport, address = '', port, listener, connection, local] = record.slice(0, end).split(' ')
  return {
    text: record.slice(end + 1),
    hop: {
      transport: transport === 'TCP' || transport === 'TLS' ? transport : 'UDP',
      address,
      port: Number(port),
      listener: Number(listener),
      connection: connection || undefined,
      ...(local && { local }),
    },
  }
}
