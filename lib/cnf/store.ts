/**
 * A .cnf file with what was changed over SNMP. Changes go back into the file itself, comments and all; but when a
 * person has edited it since it was read, they go to an overlay that is read after it. A file without overlay is the
 * daemon's own: it need not be there, and nobody else writes it.
 */
import { mkdir } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { codeOf, messageOf } from '../errors.ts'
import { writeFileAtomic } from '../files.ts'
import { octetsOfText, textOfOctets } from '../lossless-text.ts'
import { readRegularFile } from '../regular-file.ts'
import type { Complaint } from './complaint.ts'
import { type CnfEntryType, type CnfPlaces, type CnfValues, formatEntry, keyOf, parseDocument } from './document.ts'
import { byteOrderMark } from './lex.ts'

export interface CnfStoreOptions {
  readonly path: string
  readonly overlayPath?: string
  /** A person's file without an overlay, such as a draft: it must be there. */
  readonly isDraft?: boolean
  readonly types: readonly CnfEntryType[]
  /** The file holds secrets: others than its owner must not be able to read it. */
  readonly secret?: boolean
}

export interface LoadedEntry {
  /** Where it stands, for complaints about what it means. */
  readonly file: string
  readonly places: CnfPlaces
  readonly keyword: string
  readonly values: CnfValues
}

interface Pending {
  readonly type: CnfEntryType
  readonly key: string
  readonly values: CnfValues | undefined
}

export class CnfStore {
  readonly #options: CnfStoreOptions
  readonly #pending = new Map<string, Pending>()
  #readContent = ''
  #mode = 0o600
  #saving: Promise<void> = Promise.resolve()
  /** Changes went to the overlay, for the main file was edited meanwhile. */
  overlayInUse = false

  constructor(options: CnfStoreOptions) {
    this.#options = options
  }

  async load(): Promise<{ entries: LoadedEntry[]; complaints: Complaint[] }> {
    const { path, overlayPath, types, secret, isDraft } = this.#options
    const isOwn = overlayPath === undefined && !isDraft
    const file = isOwn ? path : basename(path) // those in conf/ are known by their names
    let content: string
    try {
      const { octets, stats } = await readRegularFile(path)
      content = textOfOctets(octets)
      this.#mode = stats.mode & 0o777
    } catch (error) {
      if (isOwn && codeOf(error) === 'ENOENT') return { entries: [], complaints: [] }
      return { entries: [], complaints: [unreadable(file, path, error)] }
    }
    this.#readContent = content
    const main = parseDocument(content, file, types)
    const complaints = [...main.complaints]
    if (secret && (this.#mode & 0o077) !== 0) {
      complaints.push({
        file,
        line: 1,
        column: 1,
        message: `holds secrets that others can read; run: chmod 600 ${path}`,
      })
    }
    const merged = new Map(main.entries.map((entry) => [`${entry.type.keyword} ${entry.key}`, { ...entry, file }]))
    let overlay: string | undefined
    try {
      overlay = overlayPath === undefined ? undefined : await readIfThere(overlayPath)
    } catch (error) {
      complaints.push(unreadable(overlayPath ?? path, overlayPath ?? path, error))
    }
    this.overlayInUse = overlay !== undefined
    if (overlay !== undefined && overlayPath !== undefined) {
      const document = parseDocument(overlay, overlayPath, types, true)
      complaints.push(...document.complaints)
      for (const { keyword, key } of document.deletions) merged.delete(`${keyword} ${key}`)
      for (const entry of document.entries)
        merged.set(`${entry.type.keyword} ${entry.key}`, { ...entry, file: overlayPath })
    }
    const entries = [...merged.values()].map(({ type, values, file: of, places }) => ({
      file: of,
      places,
      keyword: type.keyword,
      values,
    }))
    return { entries, complaints }
  }

  put(keyword: string, values: CnfValues): void {
    const type = this.#type(keyword)
    const key = keyOf(type, values)
    this.#pending.set(`${keyword} ${key}`, { type, key, values })
  }

  /** Takes the entry with these key fields out. */
  delete(keyword: string, keyValues: CnfValues): void {
    const type = this.#type(keyword)
    const key = keyOf(type, keyValues)
    this.#pending.set(`${keyword} ${key}`, { type, key, values: undefined })
  }

  /** Makes all changes so far durable; on failure they stay pending until `revert` or the next save. */
  save(): Promise<void> {
    const saved = this.#saving.then(() => this.#save())
    this.#saving = saved.catch(() => {})
    return saved
  }

  /** Forgets changes that were not saved. */
  revert(): void {
    this.#pending.clear()
  }

  async #save(): Promise<void> {
    const changes = [...this.#pending.values()]
    if (changes.length === 0) return
    const { path, overlayPath, types } = this.#options
    const present = await readIfThere(path)
    const isTouched = this.overlayInUse || present !== this.#readContent
    if (overlayPath === undefined) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      await this.#write(path, rewrite(present ?? '', path, types, changes, false))
    } else if (isTouched) {
      await mkdir(dirname(overlayPath), { recursive: true })
      const before =
        (await readIfThere(overlayPath)) ?? '# Changed over SNMP after the main file was edited; read after it.\n'
      await this.#write(overlayPath, rewrite(before, overlayPath, types, changes, true))
      this.overlayInUse = true
    } else {
      const content = rewrite(this.#readContent, path, types, changes, false)
      await this.#write(path, content)
      this.#readContent = content
    }
    for (const [identity, pending] of this.#pending) {
      if (changes.includes(pending)) this.#pending.delete(identity)
    }
  }

  #write(path: string, content: string): Promise<void> {
    return writeFileAtomic(path, octetsOfText(content), this.#mode)
  }

  #type(keyword: string): CnfEntryType {
    const type = this.#options.types.find((candidate) => candidate.keyword === keyword)
    if (!type) throw new Error(`${keyword} is no entry of ${this.#options.path}`)
    return type
  }
}

/**
 * The content with the changes in it: entries replaced where they stood, new ones after the last of their kind. All else
 * stays as it is, octet for octet: comments in any encoding, a byte order mark, and the file's way to end lines.
 */
function rewrite(
  content: string,
  file: string,
  types: readonly CnfEntryType[],
  changes: readonly Pending[],
  isOverlay: boolean,
): string {
  const document = parseDocument(content, file, types, isOverlay)
  const mark = content.startsWith(byteOrderMark) ? byteOrderMark : ''
  const lines: (string | undefined)[] = content.slice(mark.length).split('\n')
  const lineEnd = lines[0]!.endsWith('\r') ? '\r' : ''
  const additions = new Map<number, string[]>()
  for (const { type, key, values } of changes) {
    const isSame = (keyword: string, other: string): boolean => keyword === type.keyword && other === key
    const entry = document.entries.find((candidate) => isSame(candidate.type.keyword, candidate.key))
    const deletion = document.deletions.find((candidate) => isSame(candidate.keyword, candidate.key))
    for (const old of [entry, deletion]) if (old) lines.fill(undefined, old.firstLine, old.lastLine + 1)
    const words = values ? formatEntry(type, values) : isOverlay ? `deleted ${type.keyword} ${key}` : undefined
    if (words === undefined) continue
    const line = `${words}${lineEnd}`
    const place = entry ?? deletion
    if (place) lines[place.firstLine] = line
    else {
      const last = document.entries.findLast((candidate) => candidate.type.keyword === type.keyword)
      const after = last ? last.lastLine : lines.length - 1
      additions.set(after, [...(additions.get(after) ?? []), line])
    }
  }
  const result: string[] = []
  for (const [i, line] of lines.entries()) {
    const added = additions.get(i) ?? []
    // What is added must not continue a line that ends in a backslash.
    const isFinalBlank = i === lines.length - 1 && line === '' && !/\\\s*$/.test(lines[i - 1] ?? '')
    if (line !== undefined && !isFinalBlank) result.push(line)
    result.push(...added)
  }
  return `${mark}${result.join('\n')}\n`
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return textOfOctets((await readRegularFile(path)).octets)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function unreadable(file: string, path: string, error: unknown): Complaint {
  return { file, line: 1, column: 1, message: `${path} cannot be read: ${messageOf(error)}` }
}
