/** The lines of sipd.conf, in Apache's syntax: comments, continued lines, quoted arguments, containers. */
import type { Complaint } from '../../../lib/cnf/complaint.ts'

/** A word and where it stood, both from 1. */
export interface Word {
  readonly text: string
  readonly line: number
  readonly column: number
}

export interface Line {
  /** `Name arguments`, `<Name arguments>` or `</Name>`. */
  readonly kind: 'directive' | 'open' | 'close'
  readonly name: Word
  readonly args: readonly Word[]
}

/** One line as Apache sees it: physical lines joined where a backslash ended them. */
interface LogicalLine {
  readonly text: string
  /** Where each physical line begins in the text. */
  readonly parts: readonly { readonly offset: number; readonly line: number }[]
}

type Complain = (offset: number, message: string) => void

/**
 * Reads the whole file; what cannot be read is a complaint, and the next line is read all the same.
 * A `#` begins a comment at the start of a word only: `001#` is a technology prefix.
 */
export function readLines(text: string, file: string): { lines: Line[]; complaints: Complaint[] } {
  const lines: Line[] = []
  const complaints: Complaint[] = []
  for (const logical of joinContinued(text)) {
    const before = complaints.length
    const line = readLine(logical, (offset, message) => {
      complaints.push({ file, ...placeOf(logical, offset), message })
    })
    // What could not be read is not complained about twice; a container has to be opened for what is in it all the same.
    if (line && (complaints.length === before || line.kind !== 'directive')) lines.push(line)
  }
  return { lines, complaints }
}

/** The words of a text that is known to be good, such as a default. */
export function splitWords(text: string): string[] {
  const logical: LogicalLine = { text, parts: [{ offset: 0, line: 1 }] }
  const words = readWords(logical, 0, text.length, (offset, message) => {
    throw new Error(`${JSON.stringify(text)}, column ${offset + 1}: ${message}`)
  })
  return words.map((word) => word.text)
}

/** A word as it has to be written so that it is read as this text again. */
export function quoteWord(text: string): string {
  return /^[^\s"\\#<>][^\s"\\>]*$/.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`
}

function joinContinued(text: string): LogicalLine[] {
  const physical = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  const lines: LogicalLine[] = []
  for (let at = 0; at < physical.length; at++) {
    const parts = [{ offset: 0, line: at + 1 }]
    let joined = physical[at]!
    // A comment ends with its line: a directive below it is not to vanish because of a stray backslash.
    const isComment = /^\s*#/.test(joined)
    while (!isComment && at + 1 < physical.length && isContinued(joined)) {
      joined = `${joined.replace(/\\\s*$/, '')} `
      at++
      parts.push({ offset: joined.length, line: at + 1 })
      joined += physical[at]!
    }
    lines.push({ text: joined, parts })
  }
  return lines
}

/** An even number of backslashes at the end is as many escaped ones. */
function isContinued(text: string): boolean {
  return (/(\\*)\s*$/.exec(text)?.[1]?.length ?? 0) % 2 === 1
}

function readLine(logical: LogicalLine, complain: Complain): Line | undefined {
  const { text } = logical
  const start = text.search(/\S/)
  if (start < 0 || text[start] === '#') return undefined
  if (text.includes('\0')) {
    complain(text.indexOf('\0'), 'a NUL octet has no place in this file')
    return undefined
  }
  if (text[start] !== '<') {
    const [name, ...args] = readWords(logical, start, text.length, complain)
    return name && { kind: 'directive', name, args }
  }
  const kind = text[start + 1] === '/' ? 'close' : 'open'
  const end = text.trimEnd().length - 1
  if (text[end] !== '>') {
    complain(start, 'a line that begins with < is to end with >')
    return undefined
  }
  const from = kind === 'close' ? start + 2 : start + 1
  const [name, ...args] = readWords(logical, from, end, complain)
  if (!name) complain(start, 'the container has no name')
  return name && { kind, name, args }
}

function readWords(logical: LogicalLine, from: number, to: number, complain: Complain): Word[] {
  const { text } = logical
  const words: Word[] = []
  let at = from
  for (;;) {
    while (at < to && isBlank(text[at]!)) at++
    if (at >= to || text[at] === '#') return words
    const start = at
    if (text[at] !== '"') {
      while (at < to && !isBlank(text[at]!)) at++
      words.push({ text: text.slice(start, at), ...placeOf(logical, start) })
      continue
    }
    let word = ''
    for (at++; at < to && text[at] !== '"'; at++) {
      if (text[at] === '\\' && (text[at + 1] === '"' || text[at + 1] === '\\')) at++
      word += text[at]
    }
    if (at >= to) {
      complain(start, 'the quoted argument that starts here has no closing quote')
      return words
    }
    at++
    if (at < to && !isBlank(text[at]!)) complain(at, 'a blank is due after a closing quote')
    words.push({ text: word, ...placeOf(logical, start) })
  }
}

function isBlank(character: string): boolean {
  return character === ' ' || character === '\t'
}

function placeOf({ parts }: LogicalLine, offset: number): { line: number; column: number } {
  const part = parts.findLast((candidate) => candidate.offset <= offset)!
  return { line: part.line, column: offset - part.offset + 1 }
}
