/** Columns that only administrators may read, found by what their declarations say: a new one is kept back by its own word. */
import { compareOid, formatOid, type Oid } from '../smi/oid.ts'
import type { BoundColumn, Definition } from './declare.ts'

/** Whether a column holds commands, or what files, command lines or notifications contain. */
export function isGuarded({ command = false, contents = false }: Pick<BoundColumn, 'command' | 'contents'>): boolean {
  return command !== false || contents
}

/** The subtrees of all guarded columns, each once and in order; a table that has no other columns is one subtree. */
export function guardedSubtrees(definitions: Iterable<Definition>): readonly Oid[] {
  const found = new Map<string, Oid>()
  for (const { kind, entry, readable } of definitions) {
    const guarded = readable.filter(isGuarded)
    const isWhole = guarded.length > 1 && guarded.length === readable.length
    const whole = kind === 'table' ? entry.slice(0, -1) : entry
    for (const subtree of isWhole ? [whole] : guarded.map(({ oid }) => oid)) found.set(formatOid(subtree), subtree)
  }
  return [...found.values()].toSorted(compareOid)
}
