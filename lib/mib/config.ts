/** Declared tables as entries of .cnf files: one declaration gives the line, its checks and its way back to the file. */
import { basename } from 'node:path'
import type { Complaint } from '../cnf/complaint.ts'
import { CnfStore, type LoadedEntry, type Restore } from '../cnf/store.ts'
import { allOrNothing, type TakeBack } from './all-or-nothing.ts'
import { type LoadedFile, valuesByInstance } from './configured-rows.ts'
import { columnNamed, type Definition } from './declare.ts'
import { withDependents } from './dependents.ts'
import { entryTypes, isLasting, type ResolveName, rowOf } from './entry-types.ts'
import { instanceOf } from './instance.ts'
import type { Serving } from './module.ts'
import { inverseOf, type RowChange } from './row-change.ts'
import { type AnyRow, anyRow } from './served.ts'
import { WaitingRows } from './waiting-rows.ts'

export { describe, type ResolveName } from './entry-types.ts'

export interface ConfigFileOptions {
  readonly path: string
  /** None for a draft, which nothing is written to. */
  readonly overlayPath?: string
  /** Where rows that are not in service are kept; without it they are not. */
  readonly waitingPath?: string
  readonly secret?: boolean
  readonly resolveName?: ResolveName
}

/** A file that was read, before its rows are taken. */
export interface PreparedFile {
  readonly complaints: readonly Complaint[]
  /** For rules about its rows; without those that cannot be read. */
  readonly loaded: LoadedFile
  readonly apply: () => void
}

/** One .cnf file and the tables whose rows it holds. */
export class ConfigFile {
  readonly #servings: readonly Serving[]
  readonly #name: string
  readonly #store: CnfStore
  readonly #waiting: WaitingRows | undefined
  #persisting: Promise<void> = Promise.resolve()
  #isTaken = false

  constructor(servings: readonly Serving[], { waitingPath, ...options }: ConfigFileOptions) {
    this.#servings = servings
    this.#name = basename(options.path)
    const types = servings.flatMap(({ table }) => entryTypes(table.definition, options.resolveName))
    this.#store = new CnfStore({ ...options, isDraft: options.overlayPath === undefined, types })
    if (waitingPath !== undefined) this.#waiting = new WaitingRows(servings, waitingPath, options.resolveName)
  }

  get overlayInUse(): boolean {
    return this.#store.overlayInUse
  }

  /** Reads the file and, when there is nothing to complain of, puts its rows into the tables. */
  async load(): Promise<readonly Complaint[]> {
    const { complaints, apply } = await this.prepare()
    if (complaints.length === 0) apply()
    return complaints
  }

  /**
   * Reads the file, and gives what takes it: rows that are new or other are put, rows that came from a file and are not
   * in it any more go, and the module is told of each as of a SET. Nothing happens before `apply`. Rows that were not in
   * service come back the first time; after that the tables know better than the file.
   */
  async prepare(): Promise<PreparedFile> {
    const { entries, complaints } = await this.#store.load()
    const waiting = this.#isTaken ? undefined : await this.#waiting?.load()
    const apply = (): void => {
      for (const serving of this.#servings) this.#take(serving, entries)
      for (const { serving, row } of waiting?.rows ?? []) this.#takeWaiting(serving, row)
      this.#isTaken = true
    }
    const definitions = this.#servings.map(({ table }) => table.definition)
    const loaded = { file: this.#name, definitions, entries }
    const unread = [...complaints, ...(waiting?.complaints ?? [])]
    // Lines that cannot be read are not missed by others as well.
    if (unread.length > 0) return { complaints: unread, loaded, apply }
    const wrong = definitions.flatMap((definition) => [
      ...linesOutOfService(definition, entries),
      ...misplacedDependents(definition, entries),
    ])
    return { complaints: wrong, loaded, apply }
  }

  #take(serving: Serving, entries: readonly LoadedEntry[]): void {
    const { table } = serving
    const { definition } = table
    if (definition.cnf.length === 0) return
    if (definition.kind === 'scalars') {
      const found = entries.filter(({ keyword }) => definition.cnf.includes(keyword)).map(({ values }) => values)
      change(serving, table.getAny([0]), {
        ...table.getAny([0]),
        ...defaultsOf(definition),
        ...Object.assign({}, ...found),
      })
      return
    }
    const rows = new Map<string, AnyRow>()
    for (const [key, values] of valuesByInstance(definition, entries)) {
      // What a row shows of the world beside its configuration stays as it is.
      const row = {
        ...rowOf(definition, values),
        ...stateOf(definition, table.getAny(instanceOf(definition, values))),
        ...values,
      }
      rows.set(key, withDependents(definition, row))
    }
    for (const before of [...table.rows()].map(anyRow)) {
      const isGone = isKept(definition, before) && !rows.has(instanceOf(definition, before).join('.'))
      if (isGone) change(serving, before, undefined)
    }
    for (const after of rows.values()) change(serving, table.getAny(instanceOf(definition, after)), after)
  }

  /** A row that somebody has put into the file meanwhile, or whose SET was not done to its end, is what the file says. */
  #takeWaiting(serving: Serving, row: AnyRow): void {
    const isThere = serving.table.getAny(instanceOf(serving.table.definition, row)) !== undefined
    if (isThere) this.#waiting?.delete(serving.table.definition, row)
    else change(serving, undefined, row)
  }

  /**
   * Brings changed rows to the files; resolves when they are durable, to what makes the files what they were. When it rejects,
   * they are that already, unless with PartlyPersistedError.
   */
  persist(changes: readonly RowChange[]): Promise<TakeBack> {
    return this.#inTurn(async () => {
      const takeBack = await this.#persist(changes)
      return () => this.#inTurn(takeBack)
    })
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const acted = this.#persisting.then(act)
    this.#persisting = acted.then(
      () => {},
      () => {},
    )
    return acted
  }

  /** Between two writes a row is rather in both files than in none: the main one counts then. */
  #persist(changes: readonly RowChange[]): Promise<TakeBack> {
    const inverse = changes.map(inverseOf)
    const waiting = this.#waiting
    return allOrNothing([
      async () => {
        await waiting?.add(changes)
        return async () => {
          await waiting?.add(inverse)
          await waiting?.remove(inverse)
        }
      },
      async () => {
        const restore = await this.#persistActive(changes)
        return async () => {
          if (!(await restore())) await this.#persistActive(inverse)
        }
      },
      async () => {
        await waiting?.remove(changes)
        return async () => waiting?.add(inverse)
      },
    ])
  }

  async #persistActive(changes: readonly RowChange[]): Promise<Restore> {
    for (const { definition, before, after } of changes) {
      if (definition.cnf.length === 0) continue
      if (definition.kind === 'scalars') this.#putScalars(definition, before, after)
      else this.#putRow(definition, before, after)
    }
    try {
      return await this.#store.save()
    } catch (error) {
      this.#store.revert()
      throw error
    }
  }

  #putScalars(definition: Definition, before: AnyRow | undefined, after: AnyRow | undefined): void {
    for (const name of definition.cnf) {
      if (after && before?.[name] !== after[name]) this.#store.put(name, { [name]: after[name] })
    }
  }

  #putRow(definition: Definition, before: AnyRow | undefined, after: AnyRow | undefined): void {
    const wasKept = before !== undefined && isKept(definition, before)
    // Where the line says its status, a person may have put a row there that is not in service.
    const mayBeThere = wasKept || (before !== undefined && definition.cnf.includes(definition.statusColumn ?? ''))
    if (after && isKept(definition, after)) {
      const isSame = wasKept && definition.cnf.every((name) => before[name] === after[name])
      if (!isSame) this.#store.put(definition.entryName, after)
    } else if (mayBeThere) this.#store.delete(definition.entryName, before)
    for (const { cnf, entryName, exists } of definition.dependents) {
      if (cnf.length === 0) continue
      const wasThere = wasKept && exists(before)
      if (after && isKept(definition, after) && exists(after)) {
        const isSame = wasThere && cnf.every((name) => before[name] === after[name])
        if (!isSame) this.#store.put(entryName, after)
      } else if (wasThere) this.#store.delete(entryName, before)
    }
  }
}

/** Files hold active rows alone: what a line says of another status would not come true. */
function linesOutOfService({ entryName, cnf, statusColumn }: Definition, entries: readonly LoadedEntry[]): Complaint[] {
  if (statusColumn === undefined || !cnf.includes(statusColumn)) return []
  return entries
    .filter(({ keyword, values }) => keyword === entryName && values[statusColumn] !== 'active')
    .map(({ file, places }) => ({
      file,
      ...(places.fields[statusColumn] ?? places.keyword),
      message: `${statusColumn} must be active(1); a row that is out of service has no line here`,
    }))
}

/** Lines of dependents that belong to no row, or to one that leaves them no place. */
function misplacedDependents(definition: Definition, entries: readonly LoadedEntry[]): Complaint[] {
  if (definition.dependents.length === 0) return []
  const rows = valuesByInstance(definition, entries)
  return entries.flatMap(({ file, places, keyword, values }) => {
    const dependent = definition.dependents.find(({ entryName }) => entryName === keyword)
    if (!dependent) return []
    const { entryName } = definition
    const row = rows.get(instanceOf(definition, values).join('.'))
    if (row && dependent.exists({ ...rowOf(definition, row) })) return []
    const message = row
      ? `the ${entryName} of this ${keyword} leaves it no place; change that, or take this line out`
      : `there is no ${entryName} that this ${keyword} belongs to`
    return [{ file, ...places.keyword, message }]
  })
}

/** One row as the file changes it; a module that acts on changes hears of it as it hears of a SET. */
function change({ table, handlers }: Serving, before: AnyRow | undefined, after: AnyRow | undefined): void {
  if (after) table.putAny(after)
  else if (before) table.deleteAny(instanceOf(table.definition, before))
  handlers.commit?.({ before, after, changes: {}, requester: undefined })?.finish?.()
}

/** What scalars of a file are when it has no line of them, or not any more. */
function defaultsOf(definition: Definition): AnyRow {
  const declared = definition.cnf.map((name) => [name, columnNamed(definition, name).defaultValue] as const)
  return Object.fromEntries(declared.filter(([, value]) => value !== undefined))
}

/** The columns of a row that its file does not have. */
function stateOf(definition: Definition, row: AnyRow | undefined): AnyRow {
  if (!row) return {}
  const configured = new Set([definition, ...definition.dependents].flatMap(({ cnf }) => cnf))
  const isState = (name: string): boolean => !configured.has(name) && name !== definition.statusColumn
  return Object.fromEntries(Object.entries(row).filter(([name]) => isState(name)))
}

/** Files hold active rows that are not volatile. */
function isKept(definition: Definition, row: AnyRow): boolean {
  const { statusColumn } = definition
  return (!statusColumn || row[statusColumn] === 'active') && isLasting(definition, row)
}
