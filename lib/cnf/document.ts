/** A .cnf file as entries of known types, each complaint with its place. */
import { hasStrayOctet } from '../text/lossless-text.ts'
import type { Complaint } from './complaint.ts'
import { type CnfLine, type CnfToken, lex, quote } from './lex.ts'

export type CnfParsed = { readonly value: unknown } | { readonly expected: string }

export interface CnfField {
  readonly name: string
  parse(token: CnfToken): CnfParsed
  /** The word to write, quoted where it has to be. */
  format(value: unknown): string
  /** The word for no value at all; by default the one for an empty string. */
  readonly absent?: string
  /** The word for the value that an entry has without this field, where that may be left out. */
  readonly omitted?: string
}

export interface CnfEntryType {
  readonly keyword: string
  readonly fields: readonly CnfField[]
  /** The fields that identify an entry; none: there is at most one. */
  readonly keyFields: readonly string[]
  /** How many fields at the end may be missing. */
  readonly optionalFields?: number
}

export type CnfValues = Readonly<Record<string, unknown>>

/** Line and column of each field that a line has, and of its first word, both from 1. */
export interface CnfPlaces {
  readonly keyword: CnfPosition
  readonly fields: Readonly<Record<string, CnfPosition>>
}

export interface CnfPosition {
  readonly line: number
  readonly column: number
}

export interface CnfEntry {
  readonly type: CnfEntryType
  readonly key: string
  readonly values: CnfValues
  readonly places: CnfPlaces
  readonly firstLine: number
  readonly lastLine: number
}

/** In an overlay: takes away an entry of the main file. */
export interface CnfDeletion {
  readonly keyword: string
  readonly key: string
  readonly firstLine: number
  readonly lastLine: number
}

export interface CnfDocument {
  readonly entries: readonly CnfEntry[]
  readonly deletions: readonly CnfDeletion[]
  readonly complaints: readonly Complaint[]
}

export function parseDocument(
  content: string,
  file: string,
  types: readonly CnfEntryType[],
  isOverlay = false,
): CnfDocument {
  const { lines, complaints } = lex(content, file)
  const byKeyword = new Map(types.map((type) => [type.keyword, type]))
  const entries: CnfEntry[] = []
  const deletions: CnfDeletion[] = []
  const firstSeen = new Map<string, number>()
  for (const line of lines) {
    const isDeletion = isOverlay && line.tokens[0]?.text === 'deleted'
    const tokens = isDeletion ? line.tokens.slice(1) : line.tokens
    const [keyword, ...fields] = tokens
    if (!keyword) continue
    const complain = (message: string, at: CnfToken = keyword): void => {
      complaints.push({ file, line: at.line, column: at.column, message })
    }
    const type = byKeyword.get(keyword.text)
    if (!type) {
      const near = nearest(keyword.text, [...byKeyword.keys()])
      complain(`unknown entry ${asWritten(keyword)}${near ? `; did you mean ${near}?` : ''}`)
      continue
    }
    const wanted = isDeletion ? type.fields.filter(({ name }) => type.keyFields.includes(name)) : type.fields
    const values = readFields(type, wanted, line, fields, complain, isDeletion)
    if (!values) continue
    const key = keyOf(type, values)
    const { firstLine, lastLine } = line
    if (isDeletion) {
      deletions.push({ keyword: type.keyword, key, firstLine, lastLine })
      continue
    }
    const identity = `${type.keyword} ${key}`
    const before = firstSeen.get(identity)
    if (before !== undefined) complain(`${identity.trim()} is there already, in line ${before}`)
    else {
      firstSeen.set(identity, firstLine + 1)
      entries.push({ type, key, values, places: placesOf(type, keyword, fields), firstLine, lastLine })
    }
  }
  return { entries, deletions, complaints }
}

function placesOf(type: CnfEntryType, keyword: CnfToken, tokens: readonly CnfToken[]): CnfPlaces {
  const position = ({ line, column }: CnfToken): CnfPosition => ({ line, column })
  const fields = type.fields.flatMap(({ name }, i) => {
    const token = tokens[i]
    return token ? [[name, position(token)] as const] : []
  })
  return { keyword: position(keyword), fields: Object.fromEntries(fields) }
}

function readFields(
  type: CnfEntryType,
  wanted: readonly CnfField[],
  line: CnfLine,
  tokens: readonly CnfToken[],
  complain: (message: string, at?: CnfToken) => void,
  isDeletion: boolean,
): CnfValues | undefined {
  const required = wanted.length - (isDeletion ? 0 : (type.optionalFields ?? 0))
  if (tokens.length < required) {
    const missing = wanted[tokens.length]?.name ?? ''
    complain(`${type.keyword} ends before its field ${tokens.length + 1}, ${missing}`, line.tokens.at(-1))
    return undefined
  }
  if (tokens.length > wanted.length) {
    complain(`${type.keyword} has ${wanted.length} fields; this one is too many`, tokens[wanted.length])
    return undefined
  }
  const values: Record<string, unknown> = {}
  let isGood = true
  for (const [i, field] of wanted.entries()) {
    const token = tokens[i]
    if (!token) break // what may be left out
    const parsed = field.parse(token)
    if ('expected' in parsed) {
      complain(`${field.name} must be ${parsed.expected}, got ${asWritten(token)}`, token)
      isGood = false
    } else values[field.name] = parsed.value
  }
  return isGood ? values : undefined
}

function asWritten({ text }: CnfToken): string {
  return hasStrayOctet(text) ? quote(text) : JSON.stringify(text)
}

/** The words that identify an entry, as they are written. */
export function keyOf(type: CnfEntryType, values: CnfValues): string {
  return type.fields
    .filter(({ name }) => type.keyFields.includes(name))
    .map((field) => field.format(values[field.name]))
    .join(' ')
}

export function formatEntry(type: CnfEntryType, values: CnfValues): string {
  const { fields, optionalFields = 0 } = type
  const words = fields.map((field) =>
    values[field.name] === undefined ? (field.absent ?? '-') : field.format(values[field.name]),
  )
  const isOmitted = (word: string | undefined): boolean => word === '-' && fields[words.length - 1]?.omitted === '-'
  while (words.length > fields.length - optionalFields && isOmitted(words.at(-1))) words.pop()
  return [type.keyword, ...words].join(' ')
}

/** The keyword that a typing mistake most likely meant. */
function nearest(word: string, keywords: readonly string[]): string | undefined {
  const ranked = keywords
    .map((keyword) => ({ keyword, distance: editDistance(word.toLowerCase().slice(0, 64), keyword.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
  return ranked[0] && ranked[0].distance <= 3 ? ranked[0].keyword : undefined
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (const [i, letter] of [...a].entries()) {
    let [left, aboveLeft] = [i + 1, i]
    const next = [left]
    for (const [j, above] of row.slice(1).entries()) {
      left = Math.min(above + 1, left + 1, aboveLeft + (letter === b[j] ? 0 : 1))
      aboveLeft = above
      next.push(left)
    }
    row = next
  }
  return row.at(-1) ?? 0
}
