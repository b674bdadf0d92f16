/** The rows of nlmLogTable and nlmLogVariableTable, made of what the log holds when somebody asks for them. */
import type { RowOf } from '../../lib/mib/declare.ts'
import { anyServing, type Serving } from '../../lib/mib/module.ts'
import { serveOnDemand } from '../../lib/mib/on-demand.ts'
import type { SnmpValue } from '../../lib/smi/value.ts'
import type { LoggedNotification } from './notification-log-entries.ts'
import { decodeLogged } from './notification-log-message.ts'
import { nlmLogTable, nlmLogVariableTable, valueTypes } from './notification-log-tables.ts'

/** RFC 3014: the log that is always there. */
export const nameless = { nlmLogName: '' }

export class LogRows {
  readonly tables: readonly Serving[]
  readonly #entries = serveOnDemand(nlmLogTable)
  readonly #variables = serveOnDemand(nlmLogVariableTable)
  readonly #held: () => readonly LoggedNotification[]
  readonly #engineId: Uint8Array
  #view: View | undefined
  #decoded: ({ readonly entry: LoggedNotification } & ReturnType<typeof decodeLogged>) | undefined

  constructor(held: () => readonly LoggedNotification[], engineId: Uint8Array) {
    this.#held = held
    this.#engineId = engineId
    this.tables = [this.#entries, this.#variables].map(anyServing)
    this.changed()
  }

  /** What the log holds is no longer what it was. */
  changed(): void {
    this.#view = undefined
    const rows = this
    this.#entries.table.source = {
      get size() {
        return rows.#current().entries.length
      },
      rowAt: (position) => rows.#entryRow(position),
    }
    this.#variables.table.source = {
      get size() {
        return rows.#current().variables
      },
      rowAt: (position) => rows.#variableRow(position),
    }
  }

  #current(): View {
    this.#view ??= viewOf(this.#held())
    return this.#view
  }

  #entryRow(position: number): RowOf<typeof nlmLogTable> {
    const entry = this.#current().entries[position]!
    return {
      ...nameless,
      nlmLogIndex: entry.index,
      nlmLogTime: entry.upTimeTicks,
      nlmLogDateAndTime: new Date(entry.loggedAtMs),
      nlmLogEngineID: new Uint8Array(0),
      nlmLogEngineTAddress: new Uint8Array(0),
      nlmLogEngineTDomain: [0, 0],
      nlmLogContextEngineID: this.#engineId,
      nlmLogContextName: '',
      nlmLogNotificationID: this.#messageOf(entry).trapOid,
    }
  }

  #variableRow(position: number): RowOf<typeof nlmLogVariableTable> {
    const { entries, starts } = this.#current()
    const at = lastNotAfter(starts, position)
    const entry = entries[at]!
    const variable = position - starts[at]! + 1
    const { name, value } = this.#messageOf(entry).varbinds[variable - 1]!
    return {
      ...nameless,
      nlmLogIndex: entry.index,
      nlmLogVariableIndex: variable,
      nlmLogVariableID: name,
      ...typed(value),
    }
  }

  /** A walk asks for one of them again and again. */
  #messageOf(entry: LoggedNotification): ReturnType<typeof decodeLogged> {
    if (this.#decoded?.entry !== entry) this.#decoded = { entry, ...decodeLogged(entry.message) }
    return this.#decoded
  }
}

interface View {
  /** In the order of their indexes, which begin at 1 again after the highest. */
  readonly entries: readonly LoggedNotification[]
  /** The position of each one's first variable among all. */
  readonly starts: Uint32Array
  readonly variables: number
}

function viewOf(held: readonly LoggedNotification[]): View {
  const isInOrder = (held[0]?.index ?? 0) <= (held.at(-1)?.index ?? 0)
  const entries = isInOrder ? held : held.toSorted((a, b) => a.index - b.index)
  const starts = new Uint32Array(entries.length)
  let variables = 0
  for (const [at, entry] of entries.entries()) {
    starts[at] = variables
    variables += entry.variables
  }
  return { entries, starts, variables }
}

/** The position of the last of these that is not above `value`; of equal ones the last, which has variables. */
function lastNotAfter(sorted: Uint32Array, value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! <= value) low = middle + 1
    else high = middle
  }
  return low - 1
}

function typed(value: SnmpValue) {
  switch (value.type) {
    case 'Counter32':
      return { nlmLogVariableValueType: valueTypes.Counter32, nlmLogVariableCounter32Val: value.value }
    case 'Gauge32':
      return { nlmLogVariableValueType: valueTypes.Gauge32, nlmLogVariableUnsigned32Val: value.value }
    case 'TimeTicks':
      return { nlmLogVariableValueType: valueTypes.TimeTicks, nlmLogVariableTimeTicksVal: value.value }
    case 'Integer32':
      return { nlmLogVariableValueType: valueTypes.Integer32, nlmLogVariableInteger32Val: value.value }
    case 'IpAddress':
      return { nlmLogVariableValueType: valueTypes.IpAddress, nlmLogVariableIpAddressVal: value.value.join('.') }
    case 'ObjectIdentifier':
      return { nlmLogVariableValueType: valueTypes.ObjectIdentifier, nlmLogVariableOidVal: value.value }
    case 'Counter64':
      return { nlmLogVariableValueType: valueTypes.Counter64, nlmLogVariableCounter64Val: value.value }
    case 'Opaque':
      return { nlmLogVariableValueType: valueTypes.Opaque, nlmLogVariableOpaqueVal: value.value }
    default:
      return {
        nlmLogVariableValueType: valueTypes.OctetString,
        nlmLogVariableOctetStringVal: value.type === 'OctetString' ? value.value : new Uint8Array(0),
      }
  }
}
