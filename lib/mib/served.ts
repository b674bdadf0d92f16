/**
 * A table as it is served: rows sorted by instance, names and values encoded when a row changes, so that a walk
 * copies octets. Scalars are a table of one row.
 */

import { tag } from '../ber/tags.ts'
import { BerWriter, headerLength } from '../ber/writer.ts'
import type { Oid } from '../smi/oid.ts'
import type { SmiBase, SnmpValue } from '../smi/value.ts'
import { anyDefinition, type BoundColumn, type Definition, type LiveOf, type RowOf } from './declare.ts'
import { instanceOf } from './instance.ts'
import { type ServedObject, search } from './subtree.ts'

export type AnyRow = Readonly<Record<string, unknown>>

/** A row as code takes it that does not care about its columns. */
export function anyRow<R>(row: R): AnyRow {
  return row as AnyRow
}

/** A row that came from a table of this definition; nobody else may say so. */
export function typedRow<D>(row: AnyRow): RowOf<D> {
  return row as RowOf<D>
}

/** The live columns of a table, likewise. */
export function anyLive(live: object | undefined): Readonly<Record<string, (row: AnyRow) => unknown>> {
  return { ...live }
}

interface StoredRow {
  readonly instance: Uint32Array
  /** The instance in BER, as the end of a name. */
  readonly tail: Uint8Array
  row: AnyRow
  /** Values of all columns one after the other; column c is octets ends[c-1] up to ends[c]. */
  values: Uint8Array
  ends: Uint32Array
  seen: number
}

const scratch = new BerWriter(4096)

export class ServedTable<D extends { readonly entry: Oid } = Definition> {
  readonly definition: Definition
  readonly objects: readonly ServedColumn[]
  /** Told of every row that comes, changes or goes; for files and for state of others. */
  onChange: ((before: AnyRow | undefined, after: AnyRow | undefined) => void) | undefined
  readonly #rows: StoredRow[] = []
  #sweep = 0

  constructor(definition: D, live?: LiveOf<D>) {
    this.definition = anyDefinition(definition)
    const computed = anyLive(live)
    this.objects = this.definition.readable.map(
      (bound, position) => new ServedColumn(bound, position, this.#rows, computed[bound.name]),
    )
  }

  get size(): number {
    return this.#rows.length
  }

  /** Inserts the row, or replaces the one with the same index. */
  put(row: RowOf<D>): void {
    this.putAny(anyRow(row))
  }

  get(index: Partial<RowOf<D>>): RowOf<D> | undefined {
    const row = this.getAny(instanceOf(this.definition, anyRow(index)))
    return row && typedRow<D>(row)
  }

  /** Changes some columns of a row that exists; false when it does not. */
  patch(index: Partial<RowOf<D>>, changes: Partial<RowOf<D>>): boolean {
    const before = this.getAny(instanceOf(this.definition, anyRow(index)))
    if (!before) return false
    this.putAny({ ...before, ...anyRow(changes) })
    return true
  }

  delete(index: Partial<RowOf<D>>): boolean {
    return this.deleteAny(instanceOf(this.definition, anyRow(index)))
  }

  *rows(): IterableIterator<RowOf<D>> {
    for (const { row } of this.#rows) yield typedRow<D>(row)
  }

  /** Makes these the rows of the table; those not among them go. */
  replaceAll(rows: Iterable<RowOf<D>>): void {
    this.beginSweep()
    for (const row of rows) this.put(row)
    this.endSweep()
  }

  /** Rows put from now until `endSweep` stay; the others go then. A generator works so, in slices. */
  beginSweep(): void {
    this.#sweep++
  }

  endSweep(): void {
    for (let at = this.#rows.length - 1; at >= 0; at--) {
      if (this.#rows[at]?.seen !== this.#sweep) this.#remove(at)
    }
  }

  getAny(instance: ArrayLike<number>): AnyRow | undefined {
    const at = lowerBound(this.#rows, instance, 0, instance.length)
    return isAt(this.#rows, at, instance, 0, instance.length) ? this.#rows[at]?.row : undefined
  }

  putAny(row: AnyRow): void {
    const instance = instanceOf(this.definition, row)
    const at = lowerBound(this.#rows, instance, 0, instance.length)
    const stored = this.#rows[at]
    if (stored && isAt(this.#rows, at, instance, 0, instance.length)) {
      const before = stored.row
      stored.seen = this.#sweep
      if (sameValues(before, row)) return
      stored.row = row
      this.#encode(stored)
      this.onChange?.(before, row)
      return
    }
    scratch.position = 0
    for (const id of instance) scratch.subIdentifier(id)
    const added: StoredRow = {
      instance: Uint32Array.from(instance),
      tail: scratch.take(),
      row,
      values: new Uint8Array(0),
      ends: new Uint32Array(this.objects.length),
      seen: this.#sweep,
    }
    this.#encode(added)
    this.#rows.splice(at, 0, added)
    this.onChange?.(undefined, row)
  }

  deleteAny(instance: ArrayLike<number>): boolean {
    const at = lowerBound(this.#rows, instance, 0, instance.length)
    if (!isAt(this.#rows, at, instance, 0, instance.length)) return false
    this.#remove(at)
    return true
  }

  #remove(at: number): void {
    const [stored] = this.#rows.splice(at, 1)
    if (stored) this.onChange?.(stored.row, undefined)
  }

  #encode(stored: StoredRow): void {
    scratch.position = 0
    const { objects } = this
    for (let column = 0; column < objects.length; column++) {
      const { bound, live } = objects[column]!
      const value = bound.readsAs ?? stored.row[bound.name]
      if (bound.secret && value !== undefined) scratch.octets(nothing)
      else if (!live && value !== undefined) scratch.value(bound.syntax.toSnmp(value))
      stored.ends[column] = scratch.position
    }
    stored.values = scratch.take()
  }
}

const nothing = new Uint8Array(0)
const emptyString: SnmpValue = { type: 'OctetString', value: nothing }
const liveValue = new BerWriter(1024)

/** One column over the rows of its table. */
export class ServedColumn implements ServedObject {
  readonly remote = undefined
  readonly base: SmiBase
  readonly oid: Oid
  readonly home: Oid | undefined
  readonly bound: BoundColumn
  readonly live: ((row: AnyRow) => unknown) | undefined
  /** The object's OID in BER content octets. */
  readonly #head: Uint8Array
  readonly #column: number
  readonly #rows: readonly StoredRow[]
  /** Where the last search ended: polls and walks ask there again. */
  #hint = 0

  constructor(
    bound: BoundColumn,
    column: number,
    rows: readonly StoredRow[],
    live: ((row: AnyRow) => unknown) | undefined,
  ) {
    this.bound = bound
    this.base = bound.syntax.base
    this.oid = bound.oid
    this.home = bound.home.kind === 'table' ? bound.oid.slice(0, -2) : undefined
    this.live = live
    scratch.position = 0
    scratch.oidContent(bound.oid)
    this.#head = scratch.take()
    this.#column = column
    this.#rows = rows
  }

  find(ids: ArrayLike<number>, from: number, length: number): number {
    let position = this.#hint
    if (!isAt(this.#rows, position, ids, from, length)) {
      position = lowerBound(this.#rows, ids, from, length)
      if (!isAt(this.#rows, position, ids, from, length)) return -1
      this.#hint = position
    }
    return this.#isEmpty(position) ? -1 : position
  }

  after(ids: ArrayLike<number>, from: number, length: number): number {
    let position = this.#hint
    if (!isAt(this.#rows, position, ids, from, length)) position = lowerBound(this.#rows, ids, from, length)
    const next = this.next(isAt(this.#rows, position, ids, from, length) ? position + 1 : position)
    this.#hint = next
    return next
  }

  next(position: number): number {
    const count = this.#rows.length
    for (let at = position; at < count; at++) {
      if (!this.#isEmpty(at)) return at
      search.passed++
    }
    return -1
  }

  write(position: number, out: BerWriter, limit: number): boolean {
    const stored = this.#rows[position]!
    const head = this.#head
    const { tail } = stored
    let { values } = stored
    let start = this.#column === 0 ? 0 : stored.ends[this.#column - 1]!
    let end = stored.ends[this.#column]!
    if (this.live) {
      values = encodeLive(this, stored.row)
      start = 0
      end = values.length
    }
    const nameLength = head.length + tail.length
    const content = nameLength + headerLength(nameLength) + end - start
    if (out.position + content + headerLength(content) > limit) return false
    out.header(tag.sequence, content)
    out.header(tag.objectIdentifier, nameLength)
    const { bytes } = out
    let at = out.position
    for (let i = 0; i < head.length; i++) bytes[at++] = head[i]!
    for (let i = 0; i < tail.length; i++) bytes[at++] = tail[i]!
    if (end - start > 64) {
      bytes.set(values.subarray(start, end), at)
      at += end - start
    } else for (let i = start; i < end; i++) bytes[at++] = values[i]!
    out.position = at
    return true
  }

  valueAt(position: number): SnmpValue {
    const { row } = this.#rows[position]!
    const { bound, live } = this
    if (bound.secret) return emptyString
    return bound.syntax.toSnmp(live ? live(row) : (bound.readsAs ?? row[bound.name]))
  }

  nameOf(position: number): Oid {
    return [...this.oid, ...this.#rows[position]!.instance]
  }

  #isEmpty(position: number): boolean {
    const stored = this.#rows[position]!
    if (this.live) return this.live(stored.row) === undefined
    return stored.ends[this.#column] === (this.#column === 0 ? 0 : stored.ends[this.#column - 1])
  }
}

function encodeLive(column: ServedColumn, row: AnyRow): Uint8Array {
  liveValue.position = 0
  liveValue.value(column.bound.syntax.toSnmp(column.live!(row)))
  return liveValue.written()
}

/** The position of the first row whose instance is not before these sub-identifiers. */
function lowerBound(rows: readonly StoredRow[], ids: ArrayLike<number>, from: number, length: number): number {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareInstance(rows[middle]!.instance, ids, from, length) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function isAt(rows: readonly StoredRow[], at: number, ids: ArrayLike<number>, from: number, length: number): boolean {
  const stored = rows[at]
  if (!stored || stored.instance.length !== length) return false
  const { instance } = stored
  for (let i = 0; i < length; i++) if (instance[i] !== ids[from + i]) return false
  return true
}

function compareInstance(instance: Uint32Array, ids: ArrayLike<number>, from: number, length: number): number {
  const shared = Math.min(instance.length, length)
  for (let i = 0; i < shared; i++) {
    const difference = instance[i]! - ids[from + i]!
    if (difference !== 0) return difference
  }
  return instance.length - length
}

function sameValues(a: AnyRow, b: AnyRow): boolean {
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => Object.is(a[key], b[key]))
}
