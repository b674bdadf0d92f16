/** What a MIB module is, and what it may ask of the host it runs in. It never sees an OID, a PDU or AgentX. */

import type { Log } from '../log/log.ts'
import type { ErrorStatus } from '../smi/error-status.ts'
import type { Oid } from '../smi/oid.ts'
import type { Principal } from '../smi/principal.ts'
import type { Clock } from '../time/clock.ts'
import type { ChangesOf, Definition, LiveOf, Notification, NotificationValues, RowOf } from './declare.ts'
import type { LocalAgent } from './local-agent.ts'
import type { RowChange } from './row-change.ts'
import { type AnyRow, ServedTable } from './served.ts'

/** A change of one row, as a SET asks for it: before is undefined for a new row, after for one that is to go. */
export interface Change<R = AnyRow, W = Partial<R>> {
  readonly before: R | undefined
  readonly after: R | undefined
  /** The columns that the manager named, actions included. */
  readonly changes: W
  /** The rows of the same table that the same SET leads to: a rule about several rows must see them as they will be. */
  readonly alongside?: readonly R[]
  /** Whose SET it is; a file, and a SET that comes over AgentX, has nobody's name. */
  readonly requester: Principal | undefined
}

/** Why a row may not become what a SET wants, and which of its columns is to blame. */
export interface Refusal {
  readonly status: ErrorStatus
  readonly column: string
}

export interface Effects {
  undo?(): void
  /** Runs after everything committed: only here may something start or stop. */
  finish?(): void
}

export interface Handlers<D> {
  readonly live?: LiveOf<D>
  /**
   * What columns that are actions do to the row they belong to: gives the row as it is to be. Asked before RowStatus.
   */
  derive?(change: Change<RowOf<D>, ChangesOf<D>> & { readonly after: RowOf<D> }): RowOf<D> | Refusal
  /** Whether the row may be active, where that hangs on more than every column having a value. */
  isComplete?(row: RowOf<D>): boolean
  /** Extra rules of the table, asked after type, range and RowStatus hold. */
  test?(change: Change<RowOf<D>, ChangesOf<D>>): ErrorStatus | Refusal | undefined
  /** The row is already in the table; give what undoes or finishes the module's own part. */
  commit?(change: Change<RowOf<D>, ChangesOf<D>>): Effects | undefined
  /** Whether a SET takes effect even if it cannot be kept on disk now; it is then kept as soon as that is possible. */
  actsUnkept?(change: Change<RowOf<D>, ChangesOf<D>>): boolean
  /** Rows made again every so often, in slices; they replace what the table held. */
  readonly generate?: { readonly everyMs: number; rows(): Iterable<RowOf<D>> }
}

/** A table together with how a module handles it. */
export interface Serving {
  readonly table: ServedTable
  readonly handlers: Handlers<Definition>
}

export function serve<D extends { readonly entry: Oid }>(definition: D, handlers: Handlers<D> = {}): Served<D> {
  const table = new ServedTable<D>(definition, handlers.live)
  return { table, handlers: handlers as unknown as Handlers<Definition> }
}

/** As Serving, with the row's type known to the module that owns it. */
export interface Served<D extends { readonly entry: Oid }> {
  readonly table: ServedTable<D>
  readonly handlers: Handlers<Definition>
}

export function anyServing(served: { readonly handlers: Handlers<Definition> }): Serving {
  return served as Serving
}

export interface ModuleHost {
  readonly clock: Clock
  readonly log: Log
  /** Ends when the host stops; whatever waits in a module waits on this. */
  readonly signal: AbortSignal
  /** sysUpTime, in hundredths of a second. */
  upTimeTicks(): number
  /** The agent as a manager sees it; only modules in the master's own process have it. */
  readonly localAgent?: LocalAgent
  /** Sends a notification; `index` names the row its columns belong to. Ends with one sentence for people. */
  notify<N extends Notification>(notification: N, index: AnyRow, values: NotificationValues<N>, sentence: string): void
}

export interface MibModule {
  readonly name: string
  /** For sysORTable: what is supported here, in words. */
  readonly description: string
  /** The MIB module's own OID, for sysORID. */
  readonly oid: Oid
  readonly tables: readonly Serving[]
  readonly notifications?: readonly Notification[]
  /** A rule over several tables, asked of all rows that a SET changes here together, once each table's own rules hold. */
  test?(changes: readonly RowChange[]): ErrorStatus | undefined
  start?(host: ModuleHost): Promise<void>
  stop?(): Promise<void>
}
