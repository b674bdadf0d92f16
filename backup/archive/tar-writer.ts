/** The entries of an archive as a stream of octets, with the manifest of what went into it. */
import { createHash, type Hash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { messageOf } from '../../lib/errors.ts'
import { printable } from '../../lib/text/escape.ts'
import { hasStrayOctet } from '../../lib/text/lossless-text.ts'
import { hasHoles, segmentsOf } from './holes.ts'
import type { ArchivedComponent, Entry, FileEntry } from './manifest.ts'
import type { SourceComponent, SourceEntry } from './source.ts'
import { type Content, endOfTar, paddingAfter, type Segment, tarHeader } from './tar-header.ts'

const pieceOctets = 256 * 1024
const mostWarnings = 20

export interface ComponentResult extends ArchivedComponent {
  readonly isRequired: boolean
  /** Why it could not be stored as a whole. */
  readonly failure: string | undefined
}

export interface TarEvents {
  /** Before each component; throws to end it all. */
  onComponent(component: SourceComponent): void
  /** So many octets of files were read. */
  onOctets(octets: number): void
  onComponentEnd(result: ComponentResult): void
}

/** Gives the components' entries; `results` grows meanwhile, and `closing` adds the last entries, from them. */
export async function* tarOf(
  components: readonly SourceComponent[],
  closing: (results: readonly ComponentResult[]) => readonly { readonly name: string; readonly content: Buffer }[],
  events: TarEvents,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const results: ComponentResult[] = []
  for (const component of components) {
    events.onComponent(component)
    const writer = new ComponentWriter(component, events)
    yield* writer.write(signal)
    const result = writer.result()
    results.push(result)
    events.onComponentEnd(result)
  }
  for (const { name, content } of closing(results)) {
    const traits = { type: 'file', path: name, mode: 0o600, owner: 'root', group: 'root', mtimeMs: 0 } as const
    yield Buffer.concat([tarHeader(traits, { octets: content.length }), content, paddingAfter(content.length)])
  }
  yield endOfTar
}

class ComponentWriter {
  readonly #component: SourceComponent
  readonly #events: TarEvents
  readonly #entries: Entry[] = []
  readonly #warnings: string[]
  #warningCount: number
  #failure: string | undefined

  constructor(component: SourceComponent, events: TarEvents) {
    this.#component = component
    this.#events = events
    this.#warnings = component.warnings.slice(0, mostWarnings)
    this.#warningCount = component.warnings.length
  }

  result(): ComponentResult {
    const { feature, component, kind, isRequired } = this.#component
    const left = this.#warningCount - this.#warnings.length
    const warnings = left > 0 ? [...this.#warnings, `and ${left} more warnings`] : this.#warnings
    return { feature, component, kind, isRequired, warnings, entries: this.#entries, failure: this.#failure }
  }

  #warn(sentence: string): void {
    if (++this.#warningCount <= mostWarnings) this.#warnings.push(sentence)
  }

  async *write(signal: AbortSignal): AsyncGenerator<Buffer> {
    const entries = this.#component.entries(signal)[Symbol.asyncIterator]()
    try {
      for (;;) {
        signal.throwIfAborted()
        const next = await this.#next(entries)
        if (next === undefined) return
        yield* this.#writeEntry(next)
      }
    } finally {
      await entries.return?.()
    }
  }

  async #next(entries: AsyncIterator<SourceEntry>): Promise<SourceEntry | undefined> {
    try {
      const next = await entries.next()
      return next.done ? undefined : next.value
    } catch (error) {
      this.#failure = messageOf(error)
      return undefined
    }
  }

  async *#writeEntry(entry: SourceEntry): AsyncGenerator<Buffer> {
    const { traits } = entry
    if ('open' in entry) {
      const file = await this.#open(entry)
      if (file === undefined) return
      try {
        yield* this.#writeFile(traits, file)
      } finally {
        await file.close()
      }
    } else if ('target' in entry) {
      this.#entries.push({ ...traits, type: 'link', target: entry.target })
      yield tarHeader(traits, { octets: 0 }, entry.target)
    } else {
      this.#entries.push({ ...traits, type: 'directory' })
      yield tarHeader(traits, { octets: 0 })
    }
  }

  async #open(entry: Extract<SourceEntry, { open: unknown }>): Promise<FileHandle | undefined> {
    const { path } = entry.traits
    try {
      const file = await entry.open()
      if (file === undefined) this.#warn(`${printable(path)} was removed before it could be read`)
      return file
    } catch (error) {
      this.#warn(`${printable(path)} is not in the backup: ${messageOf(error)}`)
      return undefined
    }
  }

  /** What the header says is what follows, whatever happens to the file meanwhile. */
  async *#writeFile(traits: SourceEntry['traits'], file: FileHandle): AsyncGenerator<Buffer> {
    const before = await file.stat()
    const isSparse = hasHoles(before) && !hasStrayOctet(traits.path)
    const content: Content = {
      octets: before.size,
      ...(isSparse ? { segments: await segmentsOf(file, before.size) } : {}),
    }
    const hash = createHash('sha256')
    yield tarHeader(traits, content)
    yield* this.#contentOf(traits.path, file, content, hash)
    const { mtimeMs, size } = await file.stat()
    if (size !== before.size || mtimeMs !== before.mtimeMs)
      this.#warn(`${printable(traits.path)} was changed while it was read`)
    const sha256 = hash.digest('hex')
    const stored: FileEntry = { ...traits, type: 'file', octets: before.size, sha256 }
    this.#entries.push(isSparse ? { ...stored, isSparse } : stored)
  }

  async *#contentOf(path: string, file: FileHandle, { octets, segments }: Content, hash: Hash): AsyncGenerator<Buffer> {
    let stored = 0
    let at = 0
    for (const segment of segments ?? [{ at: 0, octets }]) {
      hashZeros(hash, segment.at - at)
      for await (const piece of this.#piecesOf(path, file, segment)) {
        hash.update(piece)
        stored += piece.length
        this.#events.onOctets(piece.length)
        yield piece
      }
      at = segment.at + segment.octets
    }
    yield paddingAfter(stored)
  }

  /** Exactly as many octets as the segment has; zeros where the file has no more. */
  async *#piecesOf(path: string, file: FileHandle, segment: Segment): AsyncGenerator<Buffer> {
    const end = segment.at + segment.octets
    for (let at = segment.at; at < end; ) {
      const piece = Buffer.allocUnsafe(Math.min(pieceOctets, end - at))
      const bytesRead = await this.#read(path, file, piece, at)
      if (bytesRead === 0) piece.fill(0)
      const read = bytesRead === 0 ? piece : piece.subarray(0, bytesRead)
      at += read.length
      yield read
    }
  }

  async #read(path: string, file: FileHandle, piece: Buffer, at: number): Promise<number> {
    try {
      return (await file.read(piece, 0, piece.length, at)).bytesRead
    } catch (error) {
      this.#warn(`${printable(path)} could not be read at octet ${at}, which is zeros now: ${messageOf(error)}`)
      return 0
    }
  }
}

const zeros = Buffer.alloc(pieceOctets)

function hashZeros(hash: Hash, octets: number): void {
  for (let left = octets; left > 0; left -= pieceOctets) hash.update(zeros.subarray(0, Math.min(left, pieceOctets)))
}
