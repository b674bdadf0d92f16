/** Which object owns a name: all objects of all backends in one sorted list. */
import type { Backend } from '../../lib/mib/backend.ts'
import type { ServedObject } from '../../lib/mib/subtree.ts'
import { compareOid, formatOid, startsWith } from '../../lib/smi/oid.ts'

export class Registry {
  objects: readonly ServedObject[] = []
  readonly #owners = new Map<ServedObject, Backend>()
  #hint = 0

  /** Throws when an object is served already, or lies above or below one that is: two would answer for one name. */
  register(backend: Backend): void {
    const merged = [...this.objects, ...backend.objects].sort((a, b) => compareOid(a.oid, b.oid))
    for (const [i, object] of merged.entries()) {
      const next = merged[i + 1]
      if (next && startsWith(next.oid, object.oid)) {
        throw new Error(`${backend.name}: ${formatOid(next.oid)} lies within ${formatOid(object.oid)}, served already`)
      }
    }
    for (const object of backend.objects) this.#owners.set(object, backend)
    this.objects = merged
  }

  unregister(backend: Backend): void {
    this.objects = this.objects.filter((object) => this.#owners.get(object) !== backend)
    for (const object of backend.objects) this.#owners.delete(object)
  }

  ownerOf(object: ServedObject): Backend {
    return this.#owners.get(object)!
  }

  /**
   * The object that names like this belong to; or, with the sign changed and one less, the place of the first object
   * after the name.
   */
  locate(ids: ArrayLike<number>, from: number, length: number): number {
    const { objects } = this
    const hinted = objects[this.#hint]
    if (hinted && hasPrefix(ids, from, length, hinted.oid)) return this.#hint
    let low = 0
    let high = objects.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compareWithName(objects[middle]!.oid, ids, from, length) <= 0) low = middle + 1
      else high = middle
    }
    const last = objects[low - 1]
    if (last && hasPrefix(ids, from, length, last.oid)) {
      this.#hint = low - 1
      return low - 1
    }
    return -low - 1
  }
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
