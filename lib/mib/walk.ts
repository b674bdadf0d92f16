/** A walk over the registry: how every GET, GETNEXT and GETBULK finds instances (RFC 3416 §4.2.1-4.2.3, RFC 2741 §7.2.3). */
import { compareOid, type Oid } from '../smi/oid.ts'
import type { Owner, Registry, RemoteRegion, RemoteSpan } from './registry.ts'
import type { NameRange } from './remote.ts'
import { type ServedObject, search } from './subtree.ts'
import type { View } from './view.ts'

export interface WalkRules {
  /** Without it, all is seen. */
  readonly view?: View
  /** SNMPv1 has no Counter64, and goes past it (RFC 3584 §4.2.2.1). */
  readonly isV1?: boolean
}

/** What a search comes to: an object, at the walk's `position`; a span that is served elsewhere; or neither. */
export type Next = ServedObject | RemoteSpan | 'endOfMibView' | 'overworked'

/** For a search that goes on until it finds something, however much it has to pass over. */
export const unbounded = 0x3fff_ffff

const everything: WalkRules = {}

/**
 * The place of one name of a request. It is good for one turn of the event loop: tables and regions change between turns, and
 * then it is to be sought again by its name.
 */
export class Walk {
  /** Of the instance found last, in the object that was given with it. */
  position = -1
  readonly #registry: Registry
  readonly #view: View | undefined
  readonly #isV1: boolean
  #objects: readonly Owner[] = []
  #at = 0
  /** Where the instance found last is; none before the first one. */
  #object: ServedObject | undefined
  /** All instances of that object are seen, so that no view is to be asked for the next one. */
  #isWhole = false
  #isAtEnd = false
  /** The name sought lies within the span that the walk stands before. */
  #isWithin = false

  constructor(registry: Registry, { view, isV1 = false }: WalkRules = everything) {
    this.#registry = registry
    this.#view = view
    this.#isV1 = isV1
  }

  /** The instance of exactly this name (§4.2.1); the span that has it, whether that is seen or not. */
  find(
    ids: ArrayLike<number>,
    from: number,
    length: number,
  ): ServedObject | RemoteSpan | 'noSuchObject' | 'noSuchInstance' {
    const { objects } = this.#registry
    const owner = objects[this.#registry.locate(ids, from, length, objects)]
    if (owner === undefined) return 'noSuchObject'
    if (owner.remote !== undefined) return owner
    const decision = this.#decide(owner)
    if (decision === 'out') return 'noSuchObject'
    const position = owner.find(ids, from + owner.oid.length, length - owner.oid.length)
    if (position < 0) return 'noSuchInstance'
    if (this.#isHidden(owner) || (decision === 'mixed' && !this.#includes(owner, position))) return 'noSuchObject'
    this.position = position
    return owner
  }

  /**
   * The first instance that is seen after this name, or of it where it is to be included; a span where one comes first. It is
   * overworked when the request has passed over more than `most` (see `search`) before it found anything.
   */
  seek(ids: ArrayLike<number>, from: number, length: number, most: number, include = false): Next {
    if (search.passed > most) return 'overworked'
    const { objects } = this.#registry
    this.#objects = objects
    this.#object = undefined
    this.#isAtEnd = false
    const located = this.#registry.locate(ids, from, length, objects)
    const owner = objects[located]
    if (owner === undefined) return this.#scan(-located - 1, 0, most)
    if (owner.remote !== undefined) {
      if (this.#decide(owner.remote) === 'out') return this.#scan(located + 1, 0, most)
      this.#at = located
      this.#isWithin = true
      return owner
    }
    const start = from + owner.oid.length
    const rest = length - owner.oid.length
    let position = include ? owner.find(ids, start, rest) : -1
    if (position < 0) position = owner.after(ids, start, rest)
    return position < 0 ? this.#scan(located + 1, 0, most) : this.#scan(located, position, most)
  }

  /** The next instance after the one found last. */
  advance(most: number): Next {
    const object = this.#object
    if (object === undefined || this.#isAtEnd) return 'endOfMibView'
    if (!this.#isWhole) return this.#scan(this.#at, this.position + 1, most)
    const position = object.next(this.position + 1)
    if (position < 0) return this.#scan(this.#at + 1, 0, most)
    this.position = position
    return object
  }

  /** The name of the instance found last; undefined when nothing was found since the walk was placed. */
  get name(): Oid | undefined {
    return this.#object?.nameOf(this.position)
  }

  /**
   * What is to be asked of the span that the walk stands before, having sought this name. Spans of one backend that touch are one
   * range to it: a walk over many scalars is one question.
   */
  rangeFrom(name: Oid, include: boolean): NameRange {
    const first = this.#objects[this.#at]
    if (first?.remote === undefined) throw new TypeError('the walk stands before no span')
    let end = first.to
    for (let at = this.#at + 1; at < this.#objects.length; at++) {
      const owner = this.#objects[at]
      if (owner?.remote === undefined || owner.remote.backend !== first.remote.backend) break
      if (compareOid(owner.oid, end) !== 0 || this.#decide(owner.remote) === 'out') break
      end = owner.to
    }
    return this.#isWithin ? { start: name, include, end } : { start: first.oid, include: true, end }
  }

  /** Goes on from this position of this object of the list. */
  #scan(from: number, fromPosition: number, most: number): Next {
    const objects = this.#objects
    let position = fromPosition
    for (let at = from; at < objects.length; at++) {
      const owner = objects[at] as Owner
      if (owner.remote !== undefined) {
        if (this.#decide(owner.remote) !== 'out') {
          this.#at = at
          this.#isWithin = false
          return owner
        }
      } else {
        position = this.#nextSeen(owner, position, most)
        if (position >= 0) {
          this.#at = at
          this.#object = owner
          this.position = position
          return owner
        }
      }
      search.passed++
      if (search.passed > most) return 'overworked'
      position = 0
    }
    this.#isAtEnd = true
    return 'endOfMibView'
  }

  /** The first instance of an object at this position or later that is seen; -1 when there is none, or too much was passed over. */
  #nextSeen(object: ServedObject, from: number, most: number): number {
    const decision = this.#isHidden(object) ? 'out' : this.#decide(object)
    if (decision === 'out') return -1
    this.#isWhole = decision === 'in'
    let position = object.next(from)
    while (decision === 'mixed' && position >= 0 && !this.#includes(object, position)) {
      search.passed++
      if (search.passed > most) return -1
      position = object.next(position + 1)
    }
    return position
  }

  #isHidden(object: ServedObject): boolean {
    return this.#isV1 && object.base === 'Counter64'
  }

  #decide(owner: ServedObject | RemoteRegion) {
    return this.#view === undefined ? 'in' : this.#view.decide(owner)
  }

  #includes(object: ServedObject, position: number): boolean {
    return this.#view === undefined || this.#view.includes(object.nameOf(position))
  }
}
