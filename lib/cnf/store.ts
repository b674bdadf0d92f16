/**
 * A .cnf file with what was changed over SNMP. Changes go back into the file itself, comments and all; but when a
 * person has edited it since it was read, they go to an overlay that is read after it. A file without overlay is the
 * daemon's own: it need not be there, and nobody else writes it.
 */
import { mkdir, rm } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { isMissing, messageOf } from '../errors.ts'
import { writeFileAtomic } from '../files/files.ts'
import { readRegularFile } from '../files/regular-file.ts'
import { octetsOfText, textOfOctets } from '../text/lossless-text.ts'
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

/** Makes the file what it was before a save; false, and nothing done, when it has changed again since. */
export type Restore = () => Promise<boolean>

const overlayHead = '# Changed over SNMP after the main file was edited; read after it.\n'

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
      if (isOwn && isMissing(error)) return { entries: [], complaints: [] }
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
  save(): Promise<Restore> {
    return this.#inTurn(async () => {
      const restore = await this.#save()
      return () => this.#inTurn(restore)
    })
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const acted = this.#saving.then(act)
    this.#saving = acted.then(
      () => {},
      () => {},
    )
    return acted
  }

  /** Forgets changes that were not saved. */
  revert(): void {
    this.#pending.clear()
  }

  async #save(): Promise<Restore> {
    const changes = [...this.#pending.values()]
    if (changes.length === 0) return async () => true
    const { types } = this.#options
    const { target, before, start, isOverlay } = await this.#place()
    const after = rewrite(start, target, types, changes, isOverlay)
    await mkdir(dirname(target), { recursive: true, mode: 0o700 })
    await this.#write(target, after)
    this.#wrote(target, after)
    for (const [identity, pending] of this.#pending) {
      if (changes.includes(pending)) this.#pending.delete(identity)
    }
    return async () => {
      if ((await readIfThere(target)) !== after) return false
      if (before === undefined) await rm(target)
      else await this.#write(target, before)
      this.#wrote(target, before)
      return true
    }
  }

  /** Where changes go: the file that has them, what is in it, and what they are added to. */
  async #place() {
    const { path, overlayPath } = this.#options
    const present = await readIfThere(path)
    if (overlayPath === undefined) return { target: path, before: present, start: present ?? '', isOverlay: false }
    const isTouched = this.overlayInUse || present !== this.#readContent
    if (!isTouched) return { target: path, before: present, start: this.#readContent, isOverlay: false }
    const before = await readIfThere(overlayPath)
    return { target: overlayPath, before, start: before ?? overlayHead, isOverlay: true }
  }

  #wrote(target: string, content: string | undefined): void {
    if (target === this.#options.overlayPath) this.overlayInUse = content !== undefined
    else this.#readContent = content ?? ''
  }

  #write(path: string, content: string): Promise<void> {
    return writeFileAtomic(path, octetsOfText(content), this.#mode)
  }

  #type(keyword: string): CnfEntryType {
    const type = this.#options.types.find((candidate) => candidate.keyword === keyword)
    if (!type) throw new Error(`unknown entry ${keyword} of ${this.#options.path}`)
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
  const lineEnd = lines[0]?.endsWith('\r') ? '\r' : ''
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
    if (isMissing(error)) return undefined
    throw error
  }
}

function unreadable(file: string, path: string, error: unknown): Complaint {
  return { file, line: 1, column: 1, message: `${path} cannot be read: ${messageOf(error)}` }
}
