/** One name of a GETNEXT or GETBULK on its way through what is served here and elsewhere: what was found, and where to go on. */
import type { RemoteSpan } from '../../lib/mib/registry.ts'
import type { NameRange } from '../../lib/mib/remote.ts'
import type { Next, Walk } from '../../lib/mib/walk.ts'
import type { Oid } from '../../lib/smi/oid.ts'
import { encodeInstance, encodeVarbind, isEndOfMibView } from './varbinds.ts'

export interface CursorOptions {
  /** From 0. */
  readonly index: number
  readonly name: Oid
  readonly wanted: number
  /** Octets that the whole answer may have: one cursor alone never needs more. */
  readonly limit: number
}

export class Cursor {
  readonly index: number
  readonly found: Uint8Array[] = []
  readonly #wanted: number
  readonly #limit: number
  readonly #walk: Walk
  /** The span that the walk stands before, where that is not taken yet. */
  #span: RemoteSpan | undefined
  /** The walk stands where the search is; otherwise the search goes on by name. */
  #isPlaced = false
  /** The last name found, or the one that was asked for: what an answer may say. */
  #name: Oid
  /** The name behind which the search goes on; it may be one that is not seen. */
  #behind: Oid
  /** Where the search goes on instead, when a span had nothing more. */
  #skipTo: Oid | undefined
  #isAtEnd = false
  #octets = 0

  constructor({ index, name, wanted, limit }: CursorOptions, walk: Walk) {
    this.index = index
    this.#name = name
    this.#behind = name
    this.#wanted = wanted
    this.#limit = limit
    this.#walk = walk
  }

  get isDone(): boolean {
    return this.#isAtEnd || this.missing <= 0 || this.#octets > this.#limit
  }

  /** Its end was found, before all that is wanted. */
  get isAtEnd(): boolean {
    return this.#isAtEnd
  }

  /** Of so many of the first varbinds found. */
  octetsOf(varbinds: number): number {
    if (varbinds >= this.found.length) return this.#octets
    return this.found.slice(0, varbinds).reduce((octets, varbind) => octets + varbind.length, 0)
  }

  get missing(): number {
    return this.#wanted - this.found.length
  }

  /** A varbind that was found before this cursor took over. */
  takeAnswered(varbind: Uint8Array): void {
    if (isEndOfMibView(varbind)) this.#isAtEnd = true
    else this.#take(varbind)
  }

  /** Its walk stands where the search is: behind what was found last, or before this span. */
  goOn(span: RemoteSpan | undefined): void {
    this.#takeName()
    this.#span = span
    this.#isPlaced = true
  }

  /** Goes on in what is served here: gives the span that is next, or undefined when the cursor is done. */
  searchHere(most: number): RemoteSpan | 'overworked' | undefined {
    while (!this.isDone) {
      const next = this.#next(most)
      if (typeof next !== 'string' && next.remote === undefined) {
        this.#skipTo = undefined
        this.#take(encodeInstance(next, this.#walk.position))
        continue
      }
      this.#takeName()
      if (next !== 'endOfMibView') return next
      this.#isAtEnd = true
    }
    return undefined
  }

  /** What is to be asked of the span that is next. The search goes on by name from here on: the answer is some time away. */
  range(): NameRange {
    this.#isPlaced = false
    this.#span = undefined
    return this.#walk.rangeFrom(this.#skipTo ?? this.#behind, this.#skipTo !== undefined)
  }

  /** An instance that is served elsewhere. */
  takeRemote(name: Oid, varbind: Uint8Array): void {
    this.passOver(name)
    this.#name = name
    this.#take(varbind)
  }

  /** An instance elsewhere that is not seen. */
  passOver(name: Oid): void {
    this.#behind = name
    this.#skipTo = undefined
  }

  /** The range has nothing more; the search goes on behind it. */
  skipTo(end: Oid): void {
    this.#skipTo = end
  }

  /** The varbind that says that there is nothing more: the last name goes on being named (RFC 3416 §4.2.3). */
  ending(): Uint8Array {
    return encodeVarbind(this.#name, { type: 'endOfMibView' })
  }

  #next(most: number): Next {
    if (this.#span) return this.#span
    if (this.#isPlaced) return this.#walk.advance(most)
    this.#isPlaced = true
    const from = this.#skipTo ?? this.#behind
    return this.#walk.seek(from, 0, from.length, most, this.#skipTo !== undefined)
  }

  /** Of the instance that was found here last, if there is one since the search was placed. */
  #takeName(): void {
    const { name } = this.#walk
    if (!name) return
    this.#name = name
    this.#behind = name
  }

  #take(varbind: Uint8Array): void {
    this.found.push(varbind)
    this.#octets += varbind.length
  }
}
