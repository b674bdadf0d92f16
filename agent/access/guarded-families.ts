/** Guarded columns stay out of the views of operators without a line in any file: a home of before is as safe as a new one. */
import { formatOid, type Oid } from '../../lib/smi/oid.ts'
import type { NamedFamily } from './vacm.ts'

/** Of the console's own users (commands/console). It names the variables of the notification log, which it keeps, and no other guarded column. */
export const consoleView = 'console'

/** The views, by the names that the shipped snmpd.cnf gives them. `admin` sees everything. */
export const guardedViews: readonly string[] = ['read', 'operate', consoleView]

type Placed = Pick<NamedFamily, 'viewName' | 'subtree'>

/**
 * The families that exclude guarded subtrees from these views. A view has none for a subtree that a family of its own names
 * itself: who includes a column by its name means it. A view without families is none, and stays so.
 */
export function guardedFamilies(families: Iterable<Placed>, guarded: readonly Oid[]): NamedFamily[] {
  const own = [...families]
  const named = new Set(own.map(keyOf))
  return guardedViews
    .filter((view) => own.some(({ viewName }) => viewName === view))
    .flatMap((viewName) => guarded.map((subtree) => ({ viewName, subtree, mask: new Uint8Array(0), included: false })))
    .filter((family) => !named.has(keyOf(family)))
}

function keyOf({ viewName, subtree }: Placed): string {
  return `${viewName} ${formatOid(subtree)}`
}
