/** Samples from elsewhere, as comma-separated values: time, object and value, and where it is known the trigger. */
import { compareOid, formatOid, type Oid } from '../../../lib/smi/oid.ts'
import type { SmiBase, SnmpValue } from '../../../lib/smi/value.ts'
import type { Sample, SampledInstance } from './sample.ts'

export interface CsvNames {
  resolve(name: string): Oid | undefined
  /** The type that values of the object have; undefined where it is not known. */
  typeOf(oid: Oid): SmiBase | undefined
}

const columns = ['time', 'object', 'value', 'owner', 'trigger'] as const
type Column = (typeof columns)[number]

/**
 * The first line names the columns, in any order: `time` (ISO 8601, or seconds since 1970), `object` (an instance, by name or
 * OID), `value` (nothing where it is absent), `owner` and `trigger` if there are any. Gives the samples by their times.
 * Throws an error that names the line.
 */
export function parseSamplesCsv(text: string, file: string, names: CsvNames): Sample[] {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/)
  const wrong = (at: number, what: string): Error => new Error(`${file}:${at + 1}: ${what}`)
  const header = fieldsOf(lines[0] ?? '')?.map((field) => field.trim().toLowerCase()) ?? []
  for (const needed of ['time', 'object', 'value'] as const)
    if (!header.includes(needed))
      throw wrong(0, `there is no column ${needed}; the first line names them: ${columns.join(',')}`)
  const instances = new Map<string, SampledInstance>()
  const samples: Sample[] = []
  for (const [at, line] of lines.entries()) {
    if (at === 0 || line.trim() === '') continue
    const fields = fieldsOf(line)
    if (!fields) throw wrong(at, 'a quoted field has no end')
    const field = (column: Column): string => fields[header.indexOf(column)] ?? ''
    const timeMs = timeOf(field('time').trim())
    if (timeMs === undefined)
      throw wrong(at, `expected a time such as 2026-01-02T03:04:05Z or 1767323045, got ${field('time')}`)
    const oid = names.resolve(field('object').trim())
    if (!oid) throw wrong(at, `${field('object')} is the name of no object; its OID will do`)
    const value = snmpValueOf(field('value'), names.typeOf(oid))
    if (!value)
      throw wrong(at, `expected a value of ${field('object')}, which is ${names.typeOf(oid)}, got ${field('value')}`)
    const of = { owner: field('owner'), name: field('trigger'), oid }
    const key = JSON.stringify([of.owner, of.name, formatOid(oid)])
    const known = instances.get(key) ?? of
    instances.set(key, known)
    samples.push({ of: known, timeMs, runMs: 0, upTimeTicks: 0, value })
  }
  samples.sort((a, b) => a.timeMs - b.timeMs || compareOid(a.of.oid, b.of.oid))
  const firstMs = samples[0]?.timeMs ?? 0
  return samples.map((sample) => ({ ...sample, upTimeTicks: Math.floor((sample.timeMs - firstMs) / 10) }))
}

/** RFC 4180; undefined where a quote is not closed. */
function fieldsOf(line: string): string[] | undefined {
  const fields: string[] = []
  for (const [, quoted, bare = '', end] of line.matchAll(/(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/gy)) {
    fields.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'))
    if (end === '') return fields
  }
  return undefined
}

function timeOf(text: string): number | undefined {
  const timeMs = /^\d+(\.\d+)?$/.test(text) ? Math.round(Number(text) * 1000) : Date.parse(text)
  return Number.isNaN(timeMs) ? undefined : timeMs
}

/** What is not known to be something else, and is a number, is taken as one. */
function snmpValueOf(text: string, type: SmiBase | undefined): SnmpValue | 'absent' | undefined {
  if (text === '') return 'absent'
  switch (type) {
    case 'Counter64':
      return /^\d+$/.test(text) ? { type, value: BigInt(text) } : undefined
    case 'Integer32':
    case 'Counter32':
    case 'Gauge32':
    case 'TimeTicks':
      return /^-?\d+$/.test(text) ? { type, value: Number(text) } : undefined
    case undefined:
      if (/^-?\d{1,15}$/.test(text)) return { type: 'Integer32', value: Number(text) }
  }
  return { type: 'OctetString', value: Buffer.from(text) }
}
