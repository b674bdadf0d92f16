/** What a SET does to one row of a table. */
import type { Definition } from './declare.ts'
import type { AnyRow } from './served.ts'

export interface RowChange {
  readonly definition: Definition
  /** Undefined where the row is made. */
  readonly before: AnyRow | undefined
  /** Undefined where the row is taken away. */
  readonly after: AnyRow | undefined
}

export function inverseOf({ definition, before, after }: RowChange): RowChange {
  return { definition, before: after, after: before }
}
