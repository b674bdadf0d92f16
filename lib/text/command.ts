/**
 * Commands of the configuration as argument lists. Words are parted by blanks; 'single' and "double" quotes join
 * them, a backslash takes the next character as it is (within double quotes: only before " and \). No shell is ever
 * asked, so `;`, `$` and `*` are characters like others.
 */

export type ParsedCommand = { readonly argv: readonly [string, ...string[]] } | { readonly error: string }

export function parseCommand(text: string): ParsedCommand {
  const split = splitWords(text)
  if ('error' in split) return split
  const [program, ...rest] = split.words
  return program === undefined || program === '' ? { error: 'the command is empty' } : { argv: [program, ...rest] }
}

/** The words of a text, none being fine; a line break is a character like others. */
export function splitWords(text: string): { readonly words: readonly string[] } | { readonly error: string } {
  if (text.includes('\0')) return { error: 'the text has a NUL, which no argument can have' }
  const words: string[] = []
  let word: string | undefined
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === ' ' || character === '\t') {
      if (word !== undefined) words.push(word)
      word = undefined
      continue
    }
    word ??= ''
    if (character === "'" || character === '"') {
      const opened = at + 1
      for (at++; at < text.length && text[at] !== character; at++) {
        const isEscape = character === '"' && text[at] === '\\' && (text[at + 1] === '"' || text[at + 1] === '\\')
        if (isEscape) at++
        word += text[at]
      }
      if (at >= text.length) return { error: `the quote at column ${opened} is not closed` }
    } else if (character === '\\') {
      if (at + 1 >= text.length) return { error: `the backslash at column ${at + 1} has nothing after it` }
      word += text[++at]
    } else word += character
  }
  if (word !== undefined) words.push(word)
  return { words }
}

/** A word as a command has to have it so that `splitWords` gives it back. */
export function commandWord(text: string): string {
  return text !== '' && !/[ \t"'\\]/.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`
}
