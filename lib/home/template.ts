/** Templates of configuration files: paths are filled in so that the file's own syntax gives them back. */
import { commandWord } from '../text/command.ts'

export interface TemplateValues {
  readonly portOffset: number
  readonly home: string
  /** The folder of the launchers. */
  readonly bin: string
}

/** A string in double quotes, or a bare word. */
const words = /"(?:[^"\\]|\\.)*"|[^\s"]+/g

/**
 * Fills `{port:N}` with N + the offset, `{home}` and `{bin}` with paths, and `{home:word}` and `{bin:word}` with paths as
 * words of a command (lib/text/command.ts). `.cnf` files and sipd.conf quote alike: a word with a blank, a quote, a backslash
 * or a `#` stands in double quotes, in which `\"` and `\\` are a quote and a backslash. Comments are filled in the same
 * way, so that they can be put in force as they stand.
 */
export function fillTemplate(text: string, { portOffset, home, bin }: TemplateValues): string {
  const paths: Readonly<Record<string, string>> = { home, bin }
  const fill = (word: string, write: (value: string) => string): string =>
    word.replace(/\{(home|bin)(:word)?\}/g, (_, name: string, asWord?: string) => {
      const path = paths[name] ?? ''
      return write(asWord ? commandWord(path) : path)
    })
  return text.replace(words, (word) => {
    const ported = word.replace(/\{port:(\d+)\}/g, (_, port: string) => String(Number(port) + portOffset))
    if (ported.startsWith('"')) return fill(ported, escapeQuoted)
    const filled = fill(ported, (value) => value)
    return filled !== ported && /[\s"#\\]/.test(filled) ? `"${escapeQuoted(filled)}"` : filled
  })
}

function escapeQuoted(text: string): string {
  return text.replace(/["\\]/g, '\\$&')
}
