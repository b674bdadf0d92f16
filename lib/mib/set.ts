/** What a SET means for the rows of tables: RFC 3416 §4.2.5 check by check, then RowStatus, then the table's rules. */

import type { ErrorStatus } from '../smi/error-status.ts'
import { type Oid, startsWith } from '../smi/oid.ts'
import type { Principal } from '../smi/principal.ts'
import type { SetVarbind } from '../smi/value.ts'
import { type BoundColumn, columnNamed, type Definition } from './declare.ts'
import { withDependents } from './dependents.ts'
import { indexValues } from './instance.ts'
import type { Refusal, Serving } from './module.ts'
import { isRowState, nextRowState, rowStateOf } from './row-status.ts'
import type { AnyRow } from './served.ts'
import { rowStatusOf, type StorageType, storageTypeOf } from './syntax.ts'

export type { SetVarbind }

export interface SetFailure {
  readonly status: ErrorStatus
  readonly position: number
}

/** What one row is to become. */
export interface RowPlan {
  readonly serving: Serving
  readonly instance: Oid
  readonly before: AnyRow | undefined
  readonly after: AnyRow | undefined
  readonly changes: AnyRow
  readonly position: number
  readonly positions: ReadonlyMap<string, number>
}

export interface SetRules {
  /** Whether columns that hold commands may be written; DESIGN: not before the local configuration says so. */
  readonly commandsWritable: boolean
  /** The same of columns that hold their arguments. */
  readonly argumentsWritable?: boolean
}

function isWritable({ access, command }: BoundColumn, { commandsWritable, argumentsWritable }: SetRules): boolean {
  if (access !== 'read-write' && access !== 'read-create') return false
  return command === 'argument' ? argumentsWritable === true : !command || commandsWritable
}

interface RowChanges {
  readonly serving: Serving
  readonly instance: Oid
  readonly index: AnyRow
  readonly changes: Record<string, unknown>
  readonly position: number
  /** Where in the PDU each of these stands. */
  readonly positions: Map<string, number>
}

/** Tests everything a SET asks of these tables: the rows it would lead to, or the first failure. */
export function planSet(
  servings: readonly Serving[],
  varbinds: readonly SetVarbind[],
  rules: SetRules,
  requester?: Principal,
): RowPlan[] | SetFailure {
  const rows = new Map<string, RowChanges>()
  for (const varbind of varbinds) {
    const failure = take(rows, servings, varbind, rules)
    if (failure) return { status: failure, position: varbind.position }
  }
  const plans: RowPlan[] = []
  for (const row of rows.values()) {
    const plan = planRow(row, requester)
    if ('status' in plan) return plan
    plans.push(plan)
  }
  for (const plan of plans) {
    const { serving, before, after, changes, position, positions } = plan
    const alongside = plans.flatMap((one) => (one !== plan && one.serving === serving && one.after ? [one.after] : []))
    const refused = serving.handlers.test?.({ before, after, changes, alongside, requester })
    if (typeof refused === 'string') return { status: refused, position }
    if (refused) return { status: refused.status, position: positions.get(refused.column) ?? position }
  }
  return plans
}

function take(
  rows: Map<string, RowChanges>,
  servings: readonly Serving[],
  { name, value, position }: SetVarbind,
  rules: SetRules,
): ErrorStatus | undefined {
  const found = findColumn(servings, name)
  if (!found) return 'notWritable'
  const { serving, column } = found
  if (!isWritable(column, rules)) return 'notWritable'
  const decoded = column.syntax.fromSnmp(value)
  if ('error' in decoded) return decoded.error
  const instance = name.slice(column.oid.length)
  const index = indexValues(serving.table.definition, instance)
  if (!index) return 'noCreation'
  const key = `${serving.table.definition.name} ${instance.join('.')}`
  let row = rows.get(key)
  if (!row) {
    row = { serving, instance, index, changes: {}, position, positions: new Map() }
    rows.set(key, row)
  }
  if (column.name in row.changes && row.changes[column.name] !== decoded.value) return 'inconsistentValue'
  row.changes[column.name] = decoded.value
  row.positions.set(column.name, position)
  return undefined
}

function findColumn(servings: readonly Serving[], name: Oid): { serving: Serving; column: BoundColumn } | undefined {
  for (const serving of servings) {
    for (const { bound } of serving.table.objects) {
      if (startsWith(name, bound.oid)) return { serving, column: bound }
    }
  }
  return undefined
}

function planRow(row: RowChanges, requester: Principal | undefined): RowPlan | SetFailure {
  const { serving, instance, index, changes, position, positions } = row
  const { definition } = serving.table
  const before = serving.table.getAny(instance)
  const { statusColumn, storageColumn } = definition
  const refuse = (status: ErrorStatus, at = position): SetFailure => ({ status, position: at })

  if (!before && !statusColumn) return refuse('noCreation')
  let stored: Record<string, unknown> = before ? { ...before } : { ...defaultsOf(definition), ...index }
  for (const [name, value] of Object.entries(changes)) {
    const column = columnNamed(definition, name)
    if (column.readsAs !== undefined || name === statusColumn) continue
    if (column.syntax.name === 'TestAndIncr') {
      if (before?.[name] !== value) return refuse('inconsistentValue')
      stored[name] = value === 0x7fff_ffff ? 0 : Number(value) + 1
    } else stored[name] = value
  }
  const derived = serving.handlers.derive?.({ before, after: stored, changes, requester })
  if (isRefusal(derived)) return refuse(derived.status, positions.get(derived.column))
  stored = { ...withDependents(definition, derived ?? stored) }
  if (!statusColumn) return { serving, instance, before, after: stored, changes, position, positions }

  if (before && storageColumn) {
    const forbidden = storageForbids(storageTypeOf(before[storageColumn]), changes, statusColumn, storageColumn)
    if (forbidden) return refuse('inconsistentValue')
  }
  const requested = rowStatusOf(changes[statusColumn])
  const present = rowStateOf(before?.[statusColumn])
  const complete = mayBeActive(serving, stored)
  const outcome = nextRowState(present, requested, complete)
  if (!isRowState(outcome)) return refuse(outcome, positions.get(statusColumn))
  if (outcome === 'absent') return { serving, instance, before, after: undefined, changes, position, positions }
  // A row of a dependent table that this one has not cannot be made under the present circumstances.
  const absent = definition.dependents
    .flatMap(({ columns }) => columns)
    .find((name) => name in changes && stored[name] === undefined)
  if (absent !== undefined) return refuse('inconsistentName', positions.get(absent))
  stored[statusColumn] = outcome
  return { serving, instance, before, after: stored, changes, position, positions }
}

function isRefusal(derived: unknown): derived is Refusal {
  return typeof derived === 'object' && derived !== null && 'status' in derived && 'column' in derived
}

function defaultsOf(definition: Definition): Record<string, unknown> {
  const row: Record<string, unknown> = {}
  for (const { name, defaultValue, readsAs } of Object.values(definition.columns)) {
    if (defaultValue !== undefined) row[name] = defaultValue
    else if (readsAs !== undefined) row[name] = readsAs
  }
  return row
}

/** A row may be active when every column that a manager has to give is there, and its module says no more is due. */
export function mayBeActive({ table: { definition }, handlers }: Serving, row: AnyRow): boolean {
  const isWhole = Object.values(definition.columns).every(
    ({ name, access, presence }) =>
      access !== 'read-create' || presence !== 'always' || name === definition.statusColumn || row[name] !== undefined,
  )
  return isWhole && (handlers.isComplete?.(row) ?? true)
}

/** StorageType, RFC 2579: permanent rows stay, read-only rows stay as they are, and the kind itself hardly changes. */
function storageForbids(
  storage: StorageType | undefined,
  changes: AnyRow,
  statusColumn: string,
  storageColumn: string,
): boolean {
  if (storage === 'readOnly') return true
  if (storage === 'permanent' && changes[statusColumn] === 'destroy') return true
  const requested = storageTypeOf(changes[storageColumn])
  if (requested === undefined || requested === storage) return false
  return storage === 'permanent' || requested === 'permanent' || requested === 'readOnly'
}
