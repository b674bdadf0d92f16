/** A table of very many rows that are made when somebody asks: its owner keeps them in a form of its own, sorted. */
import { BerWriter } from '../ber/writer.ts'
import type { Oid } from '../smi/oid.ts'
import type { SnmpValue } from '../smi/value.ts'
import type { BoundColumn, LiveOf, RowOf } from './declare.ts'
import { instanceOf } from './instance.ts'
import type { Served } from './module.ts'
import { type AnyRow, anyLive, anyRow, ServedColumn, ServedTable, typedRow } from './served.ts'
import { search } from './subtree.ts'

/** Rows in the order of their instances. */
export interface RowSource<R> {
  readonly size: number
  rowAt(position: number): R
}

/** As `serve`, for a read-only table; rows are those of `source`, which replaces them all at once. */
export function serveOnDemand<D extends { readonly entry: Oid }>(definition: D, live?: LiveOf<D>): OnDemand<D> {
  const table = new OnDemandTable<D>(definition, live)
  return { table, handlers: {} }
}

export interface OnDemand<D extends { readonly entry: Oid }> extends Served<D> {
  readonly table: OnDemandTable<D>
}

/** The row that was asked for last, with its instance: the next question is often about it again. */
interface Made {
  readonly position: number
  readonly row: AnyRow
  readonly instance: Oid
}

export class OnDemandTable<D extends { readonly entry: Oid }> extends ServedTable<D> {
  override readonly objects: readonly ServedColumn[]
  #source: RowSource<RowOf<D>> = { size: 0, rowAt: () => typedRow<D>({}) }
  #made: Made | undefined

  constructor(definition: D, live: LiveOf<D> | undefined) {
    super(definition, live)
    const computed = anyLive(live)
    this.objects = this.definition.readable.map((bound) => new OnDemandColumn(this, bound, computed[bound.name]))
  }

  set source(source: RowSource<RowOf<D>>) {
    this.#source = source
    this.#made = undefined
  }

  override get size(): number {
    return this.#source.size
  }

  override *rows(): IterableIterator<RowOf<D>> {
    const source = this.#source
    for (let at = 0; at < source.size; at++) yield source.rowAt(at)
  }

  override getAny(instance: ArrayLike<number>): AnyRow | undefined {
    const at = this.lowerBound(instance, 0, instance.length)
    return at < this.size && this.compareAt(at, instance, 0, instance.length) === 0 ? this.made(at).row : undefined
  }

  override putAny(): void {
    throw new TypeError(`rows of ${this.definition.name} are made on demand`)
  }

  override deleteAny(): boolean {
    throw new TypeError(`rows of ${this.definition.name} are made on demand`)
  }

  made(position: number): Made {
    if (this.#made?.position === position) return this.#made
    const row = anyRow(this.#source.rowAt(position))
    this.#made = { position, row, instance: instanceOf(this.definition, row) }
    return this.#made
  }

  /** Below, at or above zero as the row's instance is before, at or after these sub-identifiers. */
  compareAt(position: number, ids: ArrayLike<number>, from: number, length: number): number {
    const { instance } = this.made(position)
    const shared = Math.min(instance.length, length)
    for (let i = 0; i < shared; i++) {
      const difference = instance[i]! - ids[from + i]!
      if (difference !== 0) return difference
    }
    return instance.length - length
  }

  /** The position of the first row whose instance is not before these sub-identifiers. */
  lowerBound(ids: ArrayLike<number>, from: number, length: number): number {
    let low = 0
    let high = this.size
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.compareAt(middle, ids, from, length) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}

const scratch = new BerWriter(1024)

class OnDemandColumn extends ServedColumn {
  readonly #table: OnDemandTable<{ readonly entry: Oid }>
  /** Where the last search ended: polls and walks ask there again. */
  #hint = 0

  constructor(table: OnDemandTable<never>, bound: BoundColumn, live: ((row: AnyRow) => unknown) | undefined) {
    super(bound, 0, [], live)
    this.#table = table
  }

  override find(ids: ArrayLike<number>, from: number, length: number): number {
    const at = this.#isAt(this.#hint, ids, from, length) ? this.#hint : this.#table.lowerBound(ids, from, length)
    if (!this.#isAt(at, ids, from, length)) return -1
    this.#hint = at
    return this.#isEmpty(at) ? -1 : at
  }

  override after(ids: ArrayLike<number>, from: number, length: number): number {
    const at = this.#isAt(this.#hint, ids, from, length) ? this.#hint : this.#table.lowerBound(ids, from, length)
    const next = this.next(this.#isAt(at, ids, from, length) ? at + 1 : at)
    if (next >= 0) this.#hint = next
    return next
  }

  override next(position: number): number {
    for (let at = position; at < this.#table.size; at++) {
      if (!this.#isEmpty(at)) return at
      search.passed++
    }
    return -1
  }

  override write(position: number, out: BerWriter, limit: number): boolean {
    scratch.position = 0
    scratch.varbind(this.nameOf(position), this.valueAt(position))
    const octets = scratch.written()
    if (out.position + octets.length > limit) return false
    out.raw(octets)
    return true
  }

  override valueAt(position: number): SnmpValue {
    return this.bound.syntax.toSnmp(this.#value(position))
  }

  override nameOf(position: number): Oid {
    return [...this.oid, ...this.#table.made(position).instance]
  }

  #value(position: number): unknown {
    const { row } = this.#table.made(position)
    return this.live ? this.live(row) : row[this.bound.name]
  }

  #isEmpty(position: number): boolean {
    return this.#value(position) === undefined
  }

  #isAt(position: number, ids: ArrayLike<number>, from: number, length: number): boolean {
    return position < this.#table.size && this.#table.compareAt(position, ids, from, length) === 0
  }
}
