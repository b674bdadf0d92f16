/** The words of a .cnf file: comments, continued lines, quoted strings; each word knows where it stood. */
import { characterOfOctet } from '../text/lossless-text.ts'
import type { Complaint } from './complaint.ts'

export interface CnfToken {
  /** As `textOfOctets` gives it: octets that are not UTF-8 are lone surrogates. */
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

/** Some editors write it at the start of a file in UTF-8; it is kept, and is no part of the first word. */
export const byteOrderMark = '\ufeff'
/** FF FE or FE FF at the start of a file. */
const utf16 = /^(\udcff\udcfe|\udcfe\udcff)/

export function lex(content: string, file: string): { lines: CnfLine[]; complaints: Complaint[] } {
  if (utf16.test(content))
    return { lines: [], complaints: [{ file, line: 1, column: 1, message: 'the file is in UTF-16; save it as UTF-8' }] }
  const physical = (content.startsWith(byteOrderMark) ? content.slice(1) : content).split('\n')
  const lines: CnfLine[] = []
  const complaints: Complaint[] = []
  for (let at = 0; at < physical.length; at++) {
    const firstLine = at
    const tokens: CnfToken[] = []
    const goesOn = (): boolean => lexLine((physical[at] ?? '').replace(/\r$/, ''), at + 1, file, tokens, complaints)
    while (goesOn() && at + 1 < physical.length) at++
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
    const word = text[at] === '"' ? readQuoted(text, at) : readBare(text, at)
    if (!word) {
      complaints.push({ file, line, column, message: 'the string that starts here has no closing quote' })
      return false
    }
    if (text.slice(at, word.end).includes('\0')) complaints.push({ file, line, column, message: nulMessage })
    at = word.end
    tokens.push({ text: word.text, quoted: word.quoted, line, column })
  }
}

interface Word {
  readonly text: string
  readonly quoted: boolean
  /** Where in the line it is over. */
  readonly end: number
}

function readBare(text: string, start: number): Word {
  let end = start
  while (end < text.length && text[end] !== ' ' && text[end] !== '\t') end++
  const word = text.slice(start, end)
  return { text: word === '-' ? '' : word, quoted: false, end }
}

/** Undefined without a closing quote. */
function readQuoted(text: string, start: number): Word | undefined {
  let word = ''
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '"') return { text: word, quoted: true, end: at + 1 }
    const found = text[at] === '\\' ? escapePattern.exec(text.slice(at, at + longestEscape)) : null
    word += found ? unescaped(found) : text[at]
    at += (found?.[0].length ?? 1) - 1
  }
  return undefined
}

/** Within quotes: `\"`, `\\`, a character as `\u{a}`, an octet as `\x{fd}`. */
const escapePattern = /^\\(["\\]|([ux])\{([0-9a-f]{1,2})\})/
const longestEscape = '\\u{7f}'.length
const nulMessage = 'a NUL octet has no place in this file; a value that has one is written "\\u{0}"'

function unescaped([, character = '', kind, code = '']: RegExpExecArray): string {
  if (kind === undefined) return character
  const number = Number.parseInt(code, 16)
  return kind === 'x' ? characterOfOctet(number) : String.fromCharCode(number)
}

/**
 * A word as it has to be written so that `lex` gives it back; what would end a line, or hide in it, as `\u{a}`, and an
 * octet that is not UTF-8 as `\x{fd}`.
 */
export function quote(text: string): string {
  if (text === '') return '-'
  if (/^[^\s"#\\\u0000-\u001f\u007f\udc80-\udcff-][^\s"#\\\u0000-\u001f\u007f\udc80-\udcff]*$/u.test(text)) return text
  const escaped = text
    .replace(/["\\]/g, '\\$&')
    .replace(/[\u0000-\u001f\u007f]/g, (control) => `\\u{${control.charCodeAt(0).toString(16)}}`)
    .replace(/[\udc80-\udcff]/gu, (stray) => `\\x{${(stray.charCodeAt(0) - 0xdc00).toString(16)}}`)
  return `"${escaped}"`
}
