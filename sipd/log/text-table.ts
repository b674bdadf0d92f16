/** Rows as text in columns: the first to the left, the numbers to the right, two blanks before each line. */

/** The first row is the heading; every row has as many cells. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) => {
      const cells = row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      return `  ${cells.join('  ').trimEnd()}\n`
    })
    .join('')
}
