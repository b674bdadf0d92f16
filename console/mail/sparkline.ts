/** A chart of one line, for a text. */
const blocks = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const

export function sparkline(values: readonly number[]): string {
  const low = Math.min(0, ...values)
  const reach = Math.max(...values) - low || 1
  return values.map((value) => blocks[Math.min(7, Math.floor(((value - low) / reach) * 8))]).join('')
}
