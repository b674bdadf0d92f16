/** Paths with `*` and `?` in them, as the configuration of backups has them. */

/** `*` and `?` stand for what has no `/`, `**` for anything. */
export function patternOf(text: string): RegExp {
  const source = text.replace(/\*\*\/|\*\*|[*?]|[.+^${}()|[\]\\]/g, (one) => {
    if (one === '**/') return '(?:.*/)?'
    if (one === '**') return '.*'
    if (one === '*') return '[^/]*'
    return one === '?' ? '[^/]' : `\\${one}`
  })
  return new RegExp(`^${source}$`, 's')
}

export const hasPattern = (text: string): boolean => /[*?]/.test(text)

/** Whether one of the patterns names a path. */
export function matcher(patterns: readonly string[]): (path: string) => boolean {
  const all = patterns.map(patternOf)
  return (path) => all.some((pattern) => pattern.test(path))
}
