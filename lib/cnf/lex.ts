/** The words of a .cnf file: comments, continued lines, quoted strings; each word knows where it stood. */
import type { Complaint } from './complaint.ts'

export interface CnfToken {
  readonly text: string
  readonly quoted: boolean
  readonly line: number
  readonly column: number
}

/** One entry: its words, and the lines it covers (from 0, the last one included). */
export interface CnfLine {
  readonly tokens: readonly CnfToken[]
  readonly firstLine: number
  readonly lastLine: number
}

export function lex(content: string, file: string): { lines: CnfLine[]; complaints: Complaint[] } {
  const physical = content.split('\n')
  const lines: CnfLine[] = []
  const complaints: Complaint[] = []
  for (let at = 0; at < physical.length; at++) {
    const firstLine = at
    const tokens: CnfToken[] = []
    while (lexLine(physical[at]!.replace(/\r$/, ''), at + 1, file, tokens, complaints) && at + 1 < physical.length) at++
    if (tokens.length > 0) lines.push({ tokens, firstLine, lastLine: at })
  }
  return { lines, complaints }
}

/** Takes the words of one physical line; true when it ends in a backslash and so goes on. */
function lexLine(text: string, line: number, file: string, tokens: CnfToken[], complaints: Complaint[]): boolean {
  let at = 0
  for (;;) {
    while (text[at] === ' ' || text[at] === '\t') at++
    if (at >= text.length || text[at] === '#') return false
    if (text[at] === '\\' && text.slice(at + 1).trim() === '') return true
    const column = at + 1
    if (text[at] !== '"') {
      const start = at
      while (at < text.length && text[at] !== ' ' && text[at] !== '\t') at++
      const word = text.slice(start, at)
      if (word.includes('\0')) complaints.push({ file, line, column, message: 'a NUL octet has no place in this file' })
      tokens.push({ text: word === '-' ? '' : word, quoted: false, line, column })
      continue
    }
    let word = ''
    for (at++; at < text.length && text[at] !== '"'; at++) {
      const [escaped, code] = text[at] === '\\' ? (/^\\(?:["\\]|u\{([0-9a-f]{1,2})\})/.exec(text.slice(at)) ?? []) : []
      if (code !== undefined) word += String.fromCharCode(Number.parseInt(code, 16))
      else word += escaped === undefined ? text[at] : escaped[1]
      at += (escaped?.length ?? 1) - 1
    }
    if (at >= text.length) {
      complaints.push({ file, line, column, message: 'the string that starts here has no closing quote' })
      return false
    }
    at++
    tokens.push({ text: word, quoted: true, line, column })
  }
}

/** A word as it has to be written so that `lex` gives it back; what would end a line, or hide in it, as `\u{a}`. */
export function quote(text: string): string {
  if (text === '') return '-'
  if (/^[^\s"#\\\u0000-\u001f\u007f-][^\s"#\\\u0000-\u001f\u007f]*$/.test(text)) return text
  const escaped = text
    .replace(/["\\]/g, '\\$&')
    .replace(/[\u0000-\u001f\u007f]/g, (control) => `\\u{${control.charCodeAt(0).toString(16)}}`)
  return `"${escaped}"`
}
