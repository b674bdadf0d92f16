/** The other rows of a table, as a SET leads to them. */

/** `alongside` are those that the same SET changes; `indexOf` tells rows apart. */
export function rowsBeside<R>(
  rows: Iterable<R>,
  { row, alongside = [] }: { readonly row: R; readonly alongside: readonly R[] | undefined },
  indexOf: (row: R) => number,
): R[] {
  const changed = new Set([row, ...alongside].map(indexOf))
  return [...[...rows].filter((one) => !changed.has(indexOf(one))), ...alongside]
}
