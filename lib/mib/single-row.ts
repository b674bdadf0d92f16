/** A group of scalars, or a table, that has one row from the beginning and for good. */
import type { Oid } from '../smi/oid.ts'
import type { Definition, RowOf } from './declare.ts'
import { type Handlers, type Served, serve } from './module.ts'
import type { ServedTable } from './served.ts'

export class SingleRow<D extends { readonly entry: Oid }> implements Served<D> {
  readonly table: ServedTable<D>
  readonly handlers: Handlers<Definition>

  constructor(definition: D, values: RowOf<D>, handlers?: Handlers<D>) {
    const { table, handlers: served } = serve(definition, handlers)
    this.table = table
    this.handlers = served
    table.put(values)
  }

  get values(): RowOf<D> {
    const [values] = this.table.rows()
    if (values === undefined) throw new Error(`bug: ${this.table.definition.name} has lost its row`)
    return values
  }
}
