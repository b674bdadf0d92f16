/**
 * "Once made active an entry may not be modified except to delete it" (RFC 2981), which goes for the tables that depend on it
 * too; what switches it on and off is left to operators.
 */
import type { Refusal } from '../../lib/mib/module.ts'

/** `status` is the row's before the change, `columns` names its RowStatus and what switches it. */
export function refuseChange(
  status: string | undefined,
  after: object | undefined,
  changes: Readonly<Record<string, unknown>>,
  columns: { readonly status: string; readonly enabled?: string },
): Refusal | undefined {
  if (status !== 'active' || !after) return undefined
  const changed = Object.keys(changes).find((name) => {
    if (name === columns.enabled) return false
    return name !== columns.status || changes[name] !== 'active'
  })
  return changed === undefined ? undefined : { status: 'inconsistentValue', column: changed }
}
