/** Reads the agent's notification log (NOTIFICATION-LOG-MIB, RFC 3014) from where it was read before. */
import { nlmLogTable, nlmLogVariableTable } from '../../agent/internal/notification-log-tables.ts'
import type { Names } from '../../lib/mib/names.ts'
import { isText } from '../../lib/mib/notification-text.ts'
import { formatOid, type Oid, startsWith } from '../../lib/smi/oid.ts'
import type { SnmpValue, Varbind } from '../../lib/smi/value.ts'
import type { Manager } from '../../snmp/manager/manager.ts'
import type { NotifiedEvent, NotifiedObject } from '../history/event.ts'

/** As many rows as one answer holds, about, and notifications whose variables are read together. */
const repetitions = 20
const entriesAtOnce = 20

const entryColumns = [nlmLogTable.columns.nlmLogDateAndTime, nlmLogTable.columns.nlmLogNotificationID] as const
const variableColumns = Object.values(nlmLogVariableTable.columns)
const { nlmLogVariableID } = nlmLogVariableTable.columns

/** The part of a Manager that reading takes. */
export type LogAgent = Pick<Manager, 'get' | 'getBulk'>

/** What was logged after this index, oldest first, in pages; ends when there is no more. Throws what the manager throws. */
export async function* readLogAfter(agent: LogAgent, index: number, names: Names): AsyncGenerator<NotifiedEvent[]> {
  for (let from = index; ; ) {
    const entries = await readEntries(agent, from)
    const [first, last] = [entries[0], entries.at(-1)]
    if (!first || !last) return
    const variables = await readVariables(agent, first.index, last.index)
    yield entries.map((entry) => eventOf(entry, variables.get(entry.index) ?? [], names))
    from = last.index
  }
}

/** Whether the log has an entry of this index. */
export async function isLogged(agent: LogAgent, index: number): Promise<boolean> {
  const [varbind] = await agent.get([[...nlmLogTable.columns.nlmLogNotificationID.oid, ...instance(index)]])
  return varbind?.value.type === 'ObjectIdentifier'
}

interface Entry {
  readonly index: number
  readonly atMs: number
  readonly trapOid: Oid
}

/** nlmLogName is empty: an index of variable length, which its length begins. */
const instance = (index: number): Oid => [0, index]

async function readEntries(agent: LogAgent, after: number): Promise<Entry[]> {
  const varbinds = await agent.getBulk(
    entryColumns.map(({ oid }) => [...oid, ...instance(after)]),
    0,
    entriesAtOnce,
  )
  const times = new Map<number, number>()
  const entries: Entry[] = []
  for (const [i, { name, value }] of varbinds.entries()) {
    const column = entryColumns[i % entryColumns.length]!
    const [, index] = indexesBelow(column.oid, name)
    if (index === undefined || index <= after) continue
    if (value.type === 'ObjectIdentifier')
      entries.push({ index, atMs: times.get(index) ?? Date.now(), trapOid: value.value })
    else {
      const time = entryColumns[0].syntax.fromSnmp(value)
      if ('value' in time && time.value) times.set(index, time.value.getTime())
    }
  }
  return entries
}

interface Variable {
  oid?: Oid
  value?: SnmpValue
}

/** By index of the entry, in the order of the notification. Of the columns of values each variable has one. */
async function readVariables(agent: LogAgent, first: number, last: number): Promise<Map<number, Variable[]>> {
  const found = new Map<number, Variable[]>()
  let reading = variableColumns.map(({ oid }) => ({ column: oid, at: [...oid, ...instance(first)] as Oid }))
  while (reading.length > 0) {
    const varbinds = await agent.getBulk(
      reading.map(({ at }) => at),
      0,
      repetitions,
    )
    if (varbinds.length < reading.length) throw new Error('the agent answered fewer columns than it was asked for')
    const ended = new Set<number>()
    for (const [i, varbind] of varbinds.entries()) {
      const which = i % reading.length
      if (ended.has(which)) continue
      const one = reading[which]!
      if (takeVariable(found, one.column, varbind, last)) one.at = varbind.name
      else ended.add(which)
    }
    reading = reading.filter((_, which) => !ended.has(which))
  }
  return found
}

/** False when the column has no more for us. */
function takeVariable(found: Map<number, Variable[]>, column: Oid, { name, value }: Varbind, last: number): boolean {
  const [, index, position] = indexesBelow(column, name)
  if (index === undefined || position === undefined || index > last || value.type === 'endOfMibView') return false
  const variables = found.get(index) ?? []
  found.set(index, variables)
  const variable = variables[position - 1] ?? {}
  variables[position - 1] = variable
  if (column === nlmLogVariableID.oid) {
    if (value.type === 'ObjectIdentifier') variable.oid = value.value
  } else if (column !== nlmLogVariableTable.columns.nlmLogVariableValueType.oid) variable.value = value
  return true
}

/** The sub-identifiers of an instance; none of what is not below the column. */
function indexesBelow(column: Oid, name: Oid): readonly number[] {
  return startsWith(name, column) ? name.slice(column.length) : []
}

function eventOf({ index, atMs, trapOid }: Entry, variables: readonly Variable[], names: Names): NotifiedEvent {
  const varbinds = variables.flatMap(({ oid, value }) => (oid && value ? [{ name: oid, value }] : []))
  const last = varbinds.at(-1)
  const hasSentence = last !== undefined && isText(last)
  return {
    logIndex: index,
    atMs,
    oid: formatOid(trapOid),
    name: names.format(trapOid),
    sentence: hasSentence && last.value.type === 'OctetString' ? Buffer.from(last.value.value).toString() : undefined,
    objects: (hasSentence ? varbinds.slice(0, -1) : varbinds).map((varbind) => objectOf(varbind, names)),
  }
}

function objectOf({ name, value }: Varbind, names: Names): NotifiedObject {
  const named = { name: names.format(name), oid: formatOid(name), text: names.formatValue(name, value) }
  const number = 'value' in value && ['number', 'bigint'].includes(typeof value.value) ? Number(value.value) : undefined
  return number === undefined ? named : { ...named, number }
}
