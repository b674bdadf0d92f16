/** Which object or region owns a name: all objects served here and all regions served elsewhere, in one sorted list. */

import { compareOid, formatOid, type Oid, startsWith } from '../smi/oid.ts'
import type { Backend } from './backend.ts'
import type { RemoteBackend } from './remote.ts'
import type { ServedObject } from './subtree.ts'

/** A part of the tree that is served elsewhere: names from `oid` up to and without `to`. */
export interface RemoteRegion {
  readonly oid: Oid
  readonly to: Oid
  /** Sub-identifiers of the subtree: of overlapping regions the more specific one answers (RFC 2741 §7.1.4.1). */
  readonly specificity: number
  /** Of equally specific ones that of the lowest value answers. */
  readonly priority: number
  readonly timeoutMs: number
  readonly backend: RemoteBackend
}

/** What is left of a region between more specific ones. */
export interface RemoteSpan {
  readonly remote: RemoteRegion
  readonly oid: Oid
  readonly to: Oid
}

export type Owner = ServedObject | RemoteSpan

/** All subagents of an appliance have some hundred regions, which are laid out in a millisecond. */
const manyRegions = 2000

export class Registry {
  readonly #backends: Backend[] = []
  readonly #regions = new Set<RemoteRegion>()
  readonly #owners = new Map<ServedObject, Backend>()
  #local: readonly ServedObject[] = []
  #objects: readonly Owner[] = []
  /** Nothing; regions alone, which may wait when there is much to lay out; or what is served here. */
  #stale: 'no' | 'regions' | 'all' = 'no'
  /** When the list was made, and how long that took. */
  #madeMs = Number.NEGATIVE_INFINITY
  #makingMs = 0
  #hint = 0

  /** Sorted by their first name, none overlapping another. */
  get objects(): readonly Owner[] {
    if (this.#stale === 'no' || (this.#stale === 'regions' && this.#isTooSoon())) return this.#objects
    const startMs = performance.now()
    this.#objects = this.#regions.size === 0 ? this.#local : spansOf(this.#local, this.#regions)
    this.#stale = 'no'
    this.#madeMs = performance.now()
    this.#makingMs = this.#madeMs - startMs
    return this.#objects
  }

  /**
   * With thousands of regions, one that is registered and given up again before each request must not cost all the time
   * there is: a list that took long to make is good for ten times as long. What asks a session that ended is told so.
   */
  #isTooSoon(): boolean {
    return this.#regions.size > manyRegions && performance.now() - this.#madeMs < 10 * this.#makingMs
  }

  /** Throws when an object is served already, or lies above or below one that is: two would answer for one name. */
  register(backend: Backend): void {
    const merged = [...this.#local, ...backend.objects].sort((a, b) => compareOid(a.oid, b.oid))
    for (const [i, object] of merged.entries()) {
      const next = merged[i + 1]
      if (next && startsWith(next.oid, object.oid)) {
        throw new Error(`${backend.name}: ${formatOid(next.oid)} lies within ${formatOid(object.oid)}, served already`)
      }
    }
    for (const object of backend.objects) this.#owners.set(object, backend)
    this.#backends.push(backend)
    this.#local = merged
    this.#stale = 'all'
  }

  unregister(backend: Backend): void {
    this.#local = this.#local.filter((object) => this.#owners.get(object) !== backend)
    for (const object of backend.objects) this.#owners.delete(object)
    this.#stale = 'all'
  }

  addRegion(region: RemoteRegion): void {
    this.#regions.add(region)
    if (this.#stale === 'no') this.#stale = 'regions'
  }

  removeRegion(region: RemoteRegion): void {
    this.#regions.delete(region)
    if (this.#stale === 'no') this.#stale = 'regions'
  }

  ownerOf(object: Owner): Pick<RemoteBackend, 'name' | 'prepareSet'> {
    return object.remote ? object.remote.backend : this.#owners.get(object)!
  }

  /**
   * The object or span that names like this belong to; or, with the sign changed and one less, the place of the first
   * one after the name. Who keeps the list for several questions gives it: it may be made again between them.
   */
  locate(ids: ArrayLike<number>, from: number, length: number, objects: readonly Owner[] = this.objects): number {
    const hinted = objects[this.#hint]
    if (hinted && owns(hinted, ids, from, length)) return this.#hint
    let low = 0
    let high = objects.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compareWithName(objects[middle]!.oid, ids, from, length) <= 0) low = middle + 1
      else high = middle
    }
    const last = objects[low - 1]
    if (!last || !owns(last, ids, from, length)) return -low - 1
    this.#hint = low - 1
    return low - 1
  }
}

/** The first name after all those that begin with this one; `[2^32]` where there is none. */
export function afterSubtree(subtree: Oid): Oid {
  const next = [...subtree]
  while (next.length > 0 && next.at(-1)! >= 0xffff_ffff) next.pop()
  if (next.length === 0) return [0x1_0000_0000]
  next[next.length - 1]!++
  return next
}

interface Claim {
  readonly from: Oid
  readonly to: Oid
  /** Of what is served here without end: nobody takes a part of it. */
  readonly specificity: number
  readonly priority: number
  readonly object: ServedObject | undefined
  readonly region: RemoteRegion | undefined
}

/** Lays all claims over the tree, and keeps for each stretch the one that answers. */
function spansOf(local: readonly ServedObject[], regions: Iterable<RemoteRegion>): Owner[] {
  const claims: Claim[] = [...regions].map((region) => ({
    from: region.oid,
    to: region.to,
    specificity: region.specificity,
    priority: region.priority,
    object: undefined,
    region,
  }))
  for (const object of local) {
    const { oid } = object
    claims.push({
      from: oid,
      to: afterSubtree(oid),
      specificity: Number.POSITIVE_INFINITY,
      priority: 0,
      object,
      region: undefined,
    })
  }
  const edges = claims
    .flatMap((claim) => [
      { at: claim.from, claim, opens: true },
      { at: claim.to, claim, opens: false },
    ])
    .sort((a, b) => compareOid(a.at, b.at))
  const open = new OpenClaims()
  const spans: Owner[] = []
  let from: Oid | undefined
  for (let i = 0; i < edges.length; ) {
    const at = edges[i]!.at
    const { best } = open
    if (from && best && compareOid(from, at) < 0) push(spans, best, from, at)
    for (; i < edges.length && compareOid(edges[i]!.at, at) === 0; i++) {
      const { claim, opens } = edges[i]!
      if (opens) open.add(claim)
      else open.remove(claim)
    }
    from = at
  }
  return spans
}

function push(spans: Owner[], { object, region }: Claim, from: Oid, to: Oid): void {
  const last = spans.at(-1)
  if (object) {
    // Regions that begin or end within an object of ours cut it into stretches that are all its own.
    if (last !== object) spans.push(object)
  } else if (last?.remote === region && last?.remote && compareOid(last.to, from) === 0) {
    spans[spans.length - 1] = { remote: region!, oid: last.oid, to }
  } else spans.push({ remote: region!, oid: from, to })
}

/** The claims to one place, sorted, the best one last: thousands may lie one within the other. */
class OpenClaims {
  readonly #sorted: Claim[] = []

  get best(): Claim | undefined {
    return this.#sorted.at(-1)
  }

  add(claim: Claim): void {
    this.#sorted.splice(this.#placeOf(claim), 0, claim)
  }

  remove(claim: Claim): void {
    let at = this.#placeOf(claim)
    while (this.#sorted[at] !== claim) at++
    this.#sorted.splice(at, 1)
  }

  /** Of the first one that is not worse. */
  #placeOf(claim: Claim): number {
    let low = 0
    let high = this.#sorted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (isWorse(this.#sorted[middle]!, claim)) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** RFC 2741 §7.1.4.1: the more specific one is better, of equals the one with the lower priority. */
function isWorse(a: Claim, b: Claim): boolean {
  return a.specificity === b.specificity ? a.priority > b.priority : a.specificity < b.specificity
}

/** Whether a name is an object's, or within a span; no two of them have a name in common. */
function owns(owner: Owner, ids: ArrayLike<number>, from: number, length: number): boolean {
  if (owner.remote === undefined) return hasPrefix(ids, from, length, owner.oid)
  return compareWithName(owner.to, ids, from, length) > 0 && compareWithName(owner.oid, ids, from, length) <= 0
}

function hasPrefix(ids: ArrayLike<number>, from: number, length: number, prefix: readonly number[]): boolean {
  if (prefix.length > length) return false
  // From the end: names differ there, while their beginnings are all alike.
  for (let i = prefix.length - 1; i >= 0; i--) if (ids[from + i] !== prefix[i]) return false
  return true
}

function compareWithName(oid: readonly number[], ids: ArrayLike<number>, from: number, length: number): number {
  const shared = Math.min(oid.length, length)
  for (let i = 0; i < shared; i++) {
    const difference = oid[i]! - ids[from + i]!
    if (difference !== 0) return difference
  }
  return oid.length - length
}
