/** Declarations of tables, scalars and notifications: written once, they give OIDs, types, checks and names. */
import { type Oid, oid } from '../smi/oid.ts'
import type { Syntax } from './syntax.ts'

export type Access = 'not-accessible' | 'accessible-for-notify' | 'read-only' | 'read-write' | 'read-create'

/** always: every row has it; maybe: some rows do; live: computed from the row when read. */
export type Presence = 'always' | 'maybe' | 'live'

export interface Column<T = unknown, P extends Presence = Presence> {
  readonly number: number
  readonly syntax: Syntax<T>
  readonly access: Access
  readonly presence: P
  /** DEFVAL: what a new row has when nobody says. */
  readonly defaultValue?: T
  /** An action: a SET is told to the module, but the object always reads as this. */
  readonly readsAs?: T
  /**
   * Names a command that will be run, or the arguments of one: read-only over SNMP unless the local configuration allows more,
   * for each of the two by itself, and guarded.
   */
  readonly command?: boolean | 'argument'
  /**
   * Shows what files, command lines, arguments or notifications contain, which may be anybody's secret: guarded, that is out
   * of every view of operators (agent/access/guarded-families.ts). False says that somebody has decided that it shows none.
   */
  readonly contents?: boolean
  /** Reads as empty, and is masked wherever it would be shown. */
  readonly secret?: boolean
  /** The entry it is an object of, where another table AUGMENTS this one (RFC 2578 §7.8). */
  readonly entry?: string
}

export interface ColumnOptions<T, P extends Presence> {
  readonly presence?: P
  readonly defaultValue?: T
  readonly readsAs?: T
  readonly command?: boolean | 'argument'
  readonly contents?: boolean
  readonly secret?: boolean
  readonly entry?: string
}

/** Declares a column, or a scalar within `defineScalars`. */
export function column<T, P extends Presence = 'always'>(
  number: number,
  syntax: Syntax<T>,
  access: Access = 'read-only',
  options: ColumnOptions<NoInfer<T>, P> = {},
): Column<T, NoInfer<P>> {
  const presence = (options.presence ?? 'always') as P
  return { number, syntax, access, ...options, presence }
}

/** An index part that is another table's column (RFC 2578 §7.7): here it is no object. */
export function foreignIndex<T>(declared: Column<T>): Column<T, 'always'> {
  return { number: 0, syntax: declared.syntax, access: 'not-accessible', presence: 'always' }
}

export type Columns = Readonly<Record<string, Column>>

/** A column that knows its name and where it stands in the tree. */
export type Bound<C> = C & { readonly name: string; readonly oid: Oid; readonly home: Definition }
export type BoundColumn = Bound<Column>

type ValueOf<C> = C extends Column<infer T> ? T : never
type KeysOf<C extends Columns, P extends Presence> = {
  [K in keyof C]: C[K] extends Column<unknown, P> ? K : never
}[keyof C]
type Flat<T> = { [K in keyof T]: T[K] }

/** Every table or group of scalars, whatever its columns. */
export interface Definition<I extends Columns = Columns, C extends Columns = Columns> {
  readonly name: string
  /** Of the row (table OID + 1) or, for scalars, of the group. */
  readonly entry: Oid
  readonly kind: 'table' | 'scalars'
  readonly index: I
  /** The last index part has no length before it (RFC 2578 §7.7 IMPLIED). */
  readonly implied: boolean
  /** Columns and index parts, each knowing its place. */
  readonly columns: { readonly [K in keyof C]: Bound<C[K]> } & { readonly [K in keyof I]: Bound<I[K]> }
  /** The columns as they were declared: what the row's type is made from. */
  readonly declared: C
  /** Columns and index parts that can be read, by number. */
  readonly readable: readonly BoundColumn[]
  readonly cnf: readonly string[]
  readonly dependents: readonly Dependent[]
  readonly statusColumn: string | undefined
  readonly storageColumn: string | undefined
  /** For the tree of names: `ifEntry`, `critAppProcEntry`. */
  readonly entryName: string
}

/**
 * A table whose rows appear and go with rows of another one and have their index: here its columns, which name its entry,
 * are `maybe` columns of the rows of that one.
 */
export interface Dependent {
  readonly name: string
  readonly entryName: string
  readonly entry: Oid
  readonly columns: readonly string[]
  /** Field order of its own line in a .cnf file; none: it has no line. */
  readonly cnf: readonly string[]
  /** Whether a row of the table that it depends on has a row of this one. */
  exists(row: Readonly<Record<string, unknown>>): boolean
}

/** The typed row of a table: index parts and columns; live columns are not part of it. */
export type RowOf<D> = D extends { readonly index: infer I extends Columns; readonly declared: infer C extends Columns }
  ? Flat<
      { readonly [K in keyof I]: ValueOf<I[K]> } & { readonly [K in KeysOf<C, 'always'>]: ValueOf<C[K]> } & {
        readonly [K in KeysOf<C, 'maybe'>]?: ValueOf<C[K]> | undefined
      }
    >
  : never

export type LiveOf<D> = D extends { readonly declared: infer C extends Columns }
  ? { readonly [K in KeysOf<C, 'live'>]: (row: RowOf<D>) => ValueOf<C[K]> | undefined }
  : never

/** What a SET may name of a table: its columns, live ones included. */
export type ChangesOf<D> = D extends { readonly declared: infer C extends Columns }
  ? { readonly [K in keyof C]?: ValueOf<C[K]> }
  : never

export interface TableOptions<I extends Columns, C extends Columns> {
  readonly name: string
  /** The table's own OID; its entry is one below. */
  readonly oid: string
  readonly entryName?: string
  readonly index: I
  readonly implied?: boolean
  readonly columns: C
  /** Field order of its line in a .cnf file; none: it is not configured. */
  readonly cnf?: readonly ((keyof I | keyof C) & string)[]
  readonly dependents?: readonly {
    readonly name: string
    readonly oid: string
    readonly cnf?: readonly ((keyof I | keyof C) & string)[]
    exists(row: Readonly<Record<string, unknown>>): boolean
  }[]
}

export function defineTable<const I extends Columns, const C extends Columns>(
  options: TableOptions<I, C>,
): Definition<I, C> {
  const entry = [...oid(options.oid), 1]
  const entryName = options.entryName ?? options.name.replace(/Table$/, 'Entry')
  return define(
    'table',
    options.name,
    entryName,
    entry,
    options.index,
    options.columns,
    options.implied ?? false,
    options.cnf ?? [],
    (options.dependents ?? []).map(({ name, oid: table, cnf = [], exists }) => ({
      name,
      entryName: name.replace(/Table$/, 'Entry'),
      entry: [...oid(table), 1],
      columns: namesOf(options.columns, (declared) => declared.entry === `${table}.1`),
      cnf,
      exists,
    })),
  )
}

function namesOf(columns: Columns, isWanted: (declared: Column) => boolean): string[] {
  return Object.entries(columns).flatMap(([name, declared]) => (isWanted(declared) ? [name] : []))
}

export interface ScalarsOptions<C extends Columns> {
  readonly name: string
  readonly oid: string
  readonly objects: C
  /** Which scalars are lines of a .cnf file. */
  readonly cnf?: readonly (keyof C & string)[]
}

/** A group of scalars is served as a table of one row whose index is 0. */
export function defineScalars<const C extends Columns>(
  options: ScalarsOptions<C>,
): Definition<Record<never, never>, C> {
  return define('scalars', options.name, options.name, oid(options.oid), {}, options.objects, false, options.cnf ?? [])
}

function define<I extends Columns, C extends Columns>(
  kind: 'table' | 'scalars',
  name: string,
  entryName: string,
  entry: Oid,
  index: I,
  columns: C,
  implied: boolean,
  cnf: readonly string[],
  dependents: readonly Dependent[] = [],
): Definition<I, C> {
  const bound: Record<string, BoundColumn> = {}
  const byConvention = (convention: string): string | undefined =>
    namesOf(columns, ({ syntax }) => syntax.name === convention)[0]
  const definition: Definition<I, C> = {
    kind,
    name,
    entryName,
    entry,
    index,
    implied,
    columns: bound as { [K in keyof C]: Bound<C[K]> } & { [K in keyof I]: Bound<I[K]> },
    declared: columns,
    readable: [],
    cnf,
    dependents,
    statusColumn: byConvention('RowStatus'),
    storageColumn: byConvention('StorageType'),
  }
  const all: Columns = { ...index, ...columns }
  for (const [key, declared] of Object.entries(all)) {
    const at = declared.entry === undefined ? entry : oid(declared.entry)
    bound[key] = { ...declared, name: key, oid: [...at, declared.number], home: definition as unknown as Definition }
  }
  const readable = Object.values(bound)
    .filter(({ access }) => access !== 'not-accessible' && access !== 'accessible-for-notify')
    .sort((a, b) => a.number - b.number)
  return Object.assign(definition, { readable })
}

/** The common face of definitions for code that does not care about their columns. */
export function anyDefinition(definition: { readonly entry: Oid }): Definition {
  return definition as Definition
}

/** A column or index part that the definition has; throws where it has none of that name. */
export function columnNamed({ name: table, columns }: Definition, name: string): BoundColumn {
  const column = columns[name]
  if (!column) throw new TypeError(`${table} has no column ${name}`)
  return column
}

export type NotificationObjects = Readonly<Record<string, BoundColumn>>

export interface Notification<O extends NotificationObjects = NotificationObjects> {
  readonly name: string
  readonly oid: Oid
  readonly objects: O
}

/** Values for a notification's objects, by name. Those that do not apply may be left out. */
export type NotificationValues<N> =
  N extends Notification<infer O> ? { readonly [K in keyof O]?: ValueOf<O[K]> } : never

export function defineNotification<const O extends NotificationObjects>(options: {
  readonly name: string
  readonly oid: string
  readonly objects: O
}): Notification<O> {
  return { ...options, oid: oid(options.oid) }
}
