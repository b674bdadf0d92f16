/** Whether what a page shows is what a command printed, apart from what differs at every run. */

/** What differs from run to run, and what stands for it; in this order. */
const varying: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\d[T ,]\d\d[:-]\d\d(?:[:-]\d\d)?(?:\.\d+)?(?:Z|,?[+-]\d\d:?\d\d)?/g, 'TIME'],
  [/\b\d{1,3}:\d\d\b/g, 'DURATION'],
  [/\bPID \d+/g, 'PID'],
  [/\b\d+(?:\.\d+)? ?(?:ms|s|min|h|d)\b/g, 'DURATION'],
  [/\b[0-9a-f]*\d[0-9a-f]*(?::[0-9a-f]{2}){7,}\b|\b(?:0x)?[0-9a-f]{10,}\b/gi, 'HEX'],
  [/\b\d+ (?:octets|kB|MB)\b/g, 'SIZE'],
  [/\b(?:SHA256:|age1)[\w+/]+/g, 'KEY'],
  [/\b\d{4,}\b/g, 'NUMBER'],
  [/-{3,}/g, '--'],
  [/\s+/g, ' '],
]

export function normalise(line: string): string {
  return varying.reduce((text, [pattern, name]) => text.replace(pattern, name), line).trim()
}

/** Lines of `...` stand for any lines, and `...` within a line for any text. */
export function isShown(shown: readonly string[], printed: readonly string[]): boolean {
  const pattern = shown.map((line) =>
    line.trim() === '...' ? '(?:.*\n)*?' : `${normalise(line).split('...').map(escaped).join('.*')}\n`,
  )
  const text = printed.map((line) => `${normalise(line)}\n`).join('')
  return new RegExp(`^${pattern.join('')}$`).test(text)
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

export function linesOf(text: string): readonly string[] {
  const lines = text.split('\n').map((line) => line.trimEnd())
  while (lines.at(-1) === '') lines.pop()
  while (lines[0] === '') lines.shift()
  return lines
}
