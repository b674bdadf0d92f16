/** The varbinds of a declared notification. */
import type { Varbind } from '../smi/value.ts'
import { anyDefinition, type Notification } from './declare.ts'
import { instanceOf } from './instance.ts'
import type { AnyRow } from './served.ts'

/** Its objects in declared order, those without a value left out; `index` names the row that columns belong to. */
export function varbindsOf(notification: Notification, index: AnyRow, values: AnyRow): Varbind[] {
  return Object.entries(notification.objects).flatMap(([name, object]) => {
    const value = values[name]
    if (value === undefined) return []
    const instance = instanceOf(anyDefinition(object.home), index)
    return [{ name: [...object.oid, ...instance], value: object.syntax.toSnmp(value) }]
  })
}
