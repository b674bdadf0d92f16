/** Rules that several modules have about names of instances and what a SET of an integer to them gives. */
import type { Oid } from '../smi/oid.ts'
import type { BoundColumn } from './declare.ts'
import { indexValues } from './instance.ts'

/** Why an OID below a column names none of its instances; undefined when it may. */
export function instanceMistake(object: BoundColumn, oid: Oid): string | undefined {
  const instance = oid.slice(object.oid.length)
  const { kind } = object.home
  if (kind === 'scalars' && !(instance.length === 1 && instance[0] === 0))
    return `${object.name} has the one instance ${object.name}.0`
  if (instance.length === 0) return `${object.name} is a column; name an instance such as ${object.name}.1`
  return indexValues(object.home, instance) ? undefined : `${object.name} can have no instance ${instance.join('.')}`
}

/** Why a SET to this integer would be refused by the object's declaration; undefined when it may be taken. */
export function integerSetMistake(object: BoundColumn, value: number): string | undefined {
  if (object.access !== 'read-write' && object.access !== 'read-create') return `${object.name} cannot be set`
  if (object.command) return `${object.name} holds a command, which only its file sets`
  const decoded = object.syntax.fromSnmp({ type: 'Integer32', value })
  return 'error' in decoded ? `${object.name} does not take the integer ${value} (${decoded.error})` : undefined
}
