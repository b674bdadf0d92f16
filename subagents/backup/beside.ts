/** The rows of a table as a SET leads to them: the others beside it, and what changed, for people. */

/** `alongside` are those that the same SET changes; `indexOf` tells rows apart. */
export function rowsBeside<R>(
  rows: Iterable<R>,
  { row, alongside = [] }: { readonly row: R; readonly alongside: readonly R[] | undefined },
  indexOf: (row: R) => number,
): R[] {
  const changed = new Set([row, ...alongside].map(indexOf))
  return [...[...rows].filter((one) => !changed.has(indexOf(one))), ...alongside]
}

/** `added`, `removed`, or `changed` with the columns that were named; a row that a file brings names none. */
export function whatChanged({
  before,
  after,
  changes,
}: {
  readonly before: unknown
  readonly after: unknown
  readonly changes: object
}): string {
  if (!before) return 'added'
  if (!after) return 'removed'
  const names = Object.keys(changes)
  return names.length === 0 ? 'read from its file' : `changed: ${names.join(', ')}`
}
