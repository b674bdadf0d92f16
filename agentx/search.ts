/** How a subagent of ours finds what the master asks for (RFC 2741 §7.2.3). */

import type { Registry } from '../lib/mib/registry.ts'
import { type Next, unbounded, Walk } from '../lib/mib/walk.ts'
import { compareOid, type Oid } from '../lib/smi/oid.ts'
import type { Varbind } from '../lib/smi/value.ts'
import type { SearchRange } from './pdu.ts'

/** The instance of this name, or the exception for it (RFC 2741 §7.2.3.1). */
export function get(registry: Registry, name: Oid): Varbind {
  const walk = new Walk(registry)
  const found = walk.find(name, 0, name.length)
  if (typeof found === 'string') return { name, value: { type: found } }
  return { name, value: found.remote ? { type: 'noSuchObject' } : found.valueAt(walk.position) }
}

/** The first instance of a range, or endOfMibView (§7.2.3.2). */
export function getNext(registry: Registry, range: SearchRange): Varbind {
  return new RangeWalk(registry, range).next()
}

/** No message has more: a manager's max-repetitions may be 2^31-1, and not every master keeps it from its subagents. */
const varbindsAtMost = 65_536 / 12

/** One instance for each of the first ranges, then round after round for the others (§7.2.3.3). */
export function getBulk(
  registry: Registry,
  ranges: readonly SearchRange[],
  nonRepeaters: number,
  maxRepetitions: number,
): Varbind[] {
  const varbinds = ranges.slice(0, nonRepeaters).map((range) => getNext(registry, range))
  const walks = ranges.slice(nonRepeaters).map((range) => new RangeWalk(registry, range))
  const rounds = Math.min(maxRepetitions, Math.ceil(varbindsAtMost / Math.max(walks.length, 1)))
  for (let round = 0; round < rounds; round++) {
    if (walks.every(({ isOver }) => isOver)) break
    for (const walk of walks) varbinds.push(walk.next())
  }
  return varbinds
}

/** The instances of a range, one after the other; its end goes on naming the last one. */
class RangeWalk {
  readonly #walk: Walk
  readonly #range: SearchRange
  #last: Oid
  #isBegun = false
  isOver = false

  constructor(registry: Registry, range: SearchRange) {
    this.#walk = new Walk(registry)
    this.#range = range
    this.#last = range.start
  }

  next(): Varbind {
    const next = this.isOver ? 'endOfMibView' : this.#search()
    // All of a subagent's own registry is served by itself.
    if (typeof next !== 'string' && next.remote === undefined) {
      const name = next.nameOf(this.#walk.position)
      const { end } = this.#range
      if (end.length === 0 || compareOid(name, end) < 0) {
        this.#last = name
        return { name, value: next.valueAt(this.#walk.position) }
      }
    }
    this.isOver = true
    return { name: this.#last, value: { type: 'endOfMibView' } }
  }

  #search(): Next {
    if (this.#isBegun) return this.#walk.advance(unbounded)
    this.#isBegun = true
    const { start, include } = this.#range
    return this.#walk.seek(start, 0, start.length, unbounded, include)
  }
}
