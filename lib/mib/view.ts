/** A MIB view: families of subtrees, each included or excluded (RFC 3415 §5, vacmViewTreeFamilyTable). */
import { compareOid, type Oid } from '../smi/oid.ts'

export interface ViewFamily {
  readonly subtree: Oid
  /** Bit i clear: sub-identifier i is not compared. Missing bits count as set. */
  readonly mask: Uint8Array
  readonly included: boolean
}

/** What a view says of everything below an OID. */
export type Decision = 'in' | 'out' | 'mixed'

/** All names below an OID, or from it up to and without `to`. */
export interface PartOfTree {
  readonly oid: Oid
  readonly to?: Oid
}

export class View {
  readonly #families: readonly ViewFamily[]
  /** Of objects and regions that are served; regions come and go with their sessions, and take this along. */
  readonly #decisions = new WeakMap<object, Decision>()

  constructor(families: readonly ViewFamily[]) {
    // The longest family that matches decides, then the greater one: so the first match from here on is it.
    this.#families = families.toSorted(
      (a, b) => b.subtree.length - a.subtree.length || compareOid(b.subtree, a.subtree),
    )
  }

  includes(name: ArrayLike<number>): boolean {
    return this.familyOf(name)?.included ?? false
  }

  /** The family that decides about a name; none when nothing says anything about it. */
  familyOf(name: ArrayLike<number>): ViewFamily | undefined {
    return this.#families.find((family) => matches(family, name, family.subtree.length))
  }

  /** Decides once for an object and all its instances, or a region, unless a family reaches deeper than what all its names begin with. */
  decide(part: PartOfTree): Decision {
    let decision = this.#decisions.get(part)
    if (decision === undefined) {
      decision = this.#decideFor(prefixOf(part))
      this.#decisions.set(part, decision)
    }
    return decision
  }

  /** Whether a name is seen that lies within this part of the tree. */
  sees(part: PartOfTree, name: ArrayLike<number>): boolean {
    const decision = this.decide(part)
    return decision === 'mixed' ? this.includes(name) : decision === 'in'
  }

  #decideFor(prefix: Oid): Decision {
    const isDeeper = this.#families.some(
      (family) => family.subtree.length > prefix.length && matches(family, prefix, prefix.length),
    )
    if (isDeeper) return 'mixed'
    return this.includes(prefix) ? 'in' : 'out'
  }
}

/** What all names of a part begin with: its OID; of a range of subtrees (RFC 2741 §7.1.4.1), the OID of their parent. */
function prefixOf({ oid, to }: PartOfTree): Oid {
  const last = oid.length - 1
  const isOneSubtree = to === undefined || (to.length === oid.length && to[last] === (oid[last] ?? 0) + 1)
  return isOneSubtree ? oid : oid.slice(0, last)
}

function matches({ subtree, mask }: ViewFamily, name: ArrayLike<number>, length: number): boolean {
  if (name.length < length) return false
  for (let i = 0; i < length; i++) {
    const isCompared = i >= mask.length * 8 || (mask[i >> 3]! & (0x80 >> (i & 7))) !== 0
    if (isCompared && name[i] !== subtree[i]) return false
  }
  return true
}
