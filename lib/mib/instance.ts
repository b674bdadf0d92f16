/** Instance sub-identifiers of a row, from its index values and back (RFC 2578 §7.7). */
import type { Oid } from '../smi/oid.ts'
import type { SnmpValue } from '../smi/value.ts'
import type { Column, Columns, Definition } from './declare.ts'

type Row = Readonly<Record<string, unknown>>

export function instanceOf(definition: Definition, row: Row): Oid {
  if (definition.kind === 'scalars') return [0]
  const ids: number[] = []
  const parts = Object.entries(definition.index)
  for (const [position, [name, part]] of parts.entries()) {
    const implied = definition.implied && position === parts.length - 1
    append(ids, part.syntax.toSnmp(row[name]), implied || fixedSizeOf(part) !== undefined)
  }
  return ids
}

/** The index values that an instance names; undefined when it can name no row of the table. */
export function indexValues(definition: Definition, instance: ArrayLike<number>): Row | undefined {
  if (definition.kind === 'scalars') return instance.length === 1 && instance[0] === 0 ? {} : undefined
  const row: Record<string, unknown> = {}
  const parts = Object.entries(definition.index)
  let at = 0
  for (const [position, [name, part]] of parts.entries()) {
    const implied = definition.implied && position === parts.length - 1
    const taken = takePart(part, instance, at, implied)
    if (!taken) return undefined
    const decoded = part.syntax.fromSnmp(taken.value)
    if ('error' in decoded) return undefined
    row[name] = decoded.value
    at = taken.next
  }
  return at === instance.length ? row : undefined
}

function append(ids: number[], value: SnmpValue, withoutLength: boolean): void {
  switch (value.type) {
    case 'Integer32':
    case 'Gauge32':
    case 'TimeTicks':
    case 'Counter32':
      ids.push(value.value)
      return
    case 'OctetString':
    case 'ObjectIdentifier':
      if (!withoutLength) ids.push(value.value.length)
      ids.push(...value.value)
      return
    case 'IpAddress':
      ids.push(...value.value)
      return
    default:
      throw new TypeError(`${value.type} is no index`)
  }
}

function takePart(
  part: Column,
  instance: ArrayLike<number>,
  at: number,
  implied: boolean,
): { value: SnmpValue; next: number } | undefined {
  const { base } = part.syntax
  if (base === 'Integer32' || base === 'Gauge32' || base === 'TimeTicks' || base === 'Counter32') {
    const value = instance[at]
    if (value === undefined || (base === 'Integer32' && value > 0x7fff_ffff)) return undefined
    return { value: { type: base, value }, next: at + 1 }
  }
  const fixedSize = fixedSizeOf(part)
  let length: number
  let start = at
  if (base === 'IpAddress') length = 4
  else if (implied) length = instance.length - at
  else if (fixedSize !== undefined) length = fixedSize
  else {
    length = instance[at] ?? -1
    start = at + 1
  }
  if (length < 0 || start + length > instance.length) return undefined
  const ids = Array.from({ length }, (_, i) => instance[start + i] ?? 0)
  if (base === 'ObjectIdentifier') return { value: { type: base, value: ids }, next: start + length }
  if (base === 'Counter64' || ids.some((id) => id > 255)) return undefined
  return { value: { type: base, value: Uint8Array.from(ids) }, next: start + length }
}

/** Of strings that all have the same length, which is then not said before them (RFC 2578 §7.7). */
function fixedSizeOf({ syntax: { base, ranges } }: Columns[string]): number | undefined {
  if (base !== 'OctetString' || ranges.length !== 1) return undefined
  const [range] = ranges
  return range && range[0] === range[1] ? range[0] : undefined
}
