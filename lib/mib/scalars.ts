/** A group of scalars that has values from the beginning: a table of one row that never goes. */
import type { Oid } from '../smi/oid.ts'
import type { Definition, RowOf } from './declare.ts'
import { type Handlers, type Served, serve } from './module.ts'
import type { ServedTable } from './served.ts'

export class Scalars<D extends { readonly entry: Oid }> implements Served<D> {
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
    if (values === undefined)
      throw new Error(`bug: the scalars of ${this.table.definition.name} have lost their values`)
    return values
  }
}
