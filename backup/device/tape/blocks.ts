/**
 * What is on a tape: blocks one behind the other. A label is first; a record is an entry that begins it, blocks of data, and an
 * entry that ends it with the number of its octets. One that is not ended was never written, and the next record takes its place.
 */
import type { FileHandle } from 'node:fs/promises'

export type Entry =
  | { readonly type: 'castellan-tape'; readonly version: 1 }
  | { readonly type: 'begin'; readonly name: string; readonly timeMs: number }
  | { readonly type: 'end'; readonly octets: number }
  /** The files of this name before it are removed: what is on a tape stays there. */
  | { readonly type: 'remove'; readonly name: string }

export interface TapeRecord {
  readonly name: string
  readonly octets: number
  readonly modifiedMs: number
  /** Where its first block of data is, and where its data ends. */
  readonly from: number
  readonly to: number
}

export interface TapeIndex {
  /** By name: the newest of each that is not removed. */
  readonly records: ReadonlyMap<string, TapeRecord>
  /** Where the next record goes. */
  readonly end: number
}

/** Kind (1 octet) and length of what follows (4). */
export const blockHeaderOctets = 5
const kinds = { entry: 1, data: 2 } as const
/** An entry is a name and two numbers; a block of data is what a writer gives at once. */
const maxOctets = { [kinds.entry]: 8192, [kinds.data]: 64 * 1024 * 1024 }

export function encodeEntry(entry: Entry): Buffer {
  const content = Buffer.from(JSON.stringify(entry))
  return Buffer.concat([header(kinds.entry, content.length), content])
}

/** To be written before the octets themselves. */
export function dataBlockHeader(octets: number): Buffer {
  return header(kinds.data, octets)
}

function header(kind: number, octets: number): Buffer {
  const bytes = Buffer.alloc(blockHeaderOctets)
  bytes.writeUInt8(kind, 0)
  bytes.writeUInt32BE(octets, 1)
  return bytes
}

export const label: Entry = { type: 'castellan-tape', version: 1 }

/** Goes through a tape, past its data. Undefined when it does not begin with our label; an empty one has an empty index. */
export async function readIndex(tape: FileHandle, signal: AbortSignal): Promise<TapeIndex | undefined> {
  const records = new Map<string, TapeRecord>()
  let begun: { readonly name: string; readonly timeMs: number; readonly from: number } | undefined
  let [at, end] = [0, 0]
  for (let octets = 0; ; ) {
    signal.throwIfAborted()
    const block = await readBlock(tape, at)
    if (!block) return at === 0 && (await tape.stat()).size > 0 ? undefined : { records, end }
    const { entry, next } = block
    if (at === 0 && entry?.type !== 'castellan-tape') return undefined
    if (!entry) octets += next - at - blockHeaderOctets
    else if (entry.type === 'begin') {
      begun = { ...entry, from: next }
      octets = 0
    } else if (entry.type === 'end' && begun && entry.octets === octets) {
      const { name, timeMs, from } = begun
      records.set(name, { name, octets, modifiedMs: timeMs, from, to: at })
      begun = undefined
    } else if (entry.type === 'remove') records.delete(entry.name)
    at = next
    if (entry && entry.type !== 'begin') end = at
  }
}

/** The blocks of a record's data, from one of its octets on. */
export async function* readData(tape: FileHandle, { from, to }: TapeRecord, skip: number): AsyncGenerator<Buffer> {
  let left = skip
  for (let at = from; at < to; ) {
    const block = await readBlock(tape, at)
    if (!block || block.entry) throw new Error('a block of data is damaged')
    const octets = block.next - at - blockHeaderOctets
    if (left < octets) {
      const content = await readWhole(tape, at + blockHeaderOctets + left, octets - left)
      if (!content) throw new Error('a block of data is cut off')
      yield content
    }
    left = Math.max(0, left - octets)
    at = block.next
  }
}

interface Block {
  /** Undefined for data. */
  readonly entry: Entry | undefined
  /** Where the next block is. */
  readonly next: number
}

/** Undefined at the end, and for what is no whole block: an append that was cut off. */
async function readBlock(tape: FileHandle, at: number): Promise<Block | undefined> {
  const head = await readWhole(tape, at, blockHeaderOctets)
  const kind = head?.[0]
  if (!head || (kind !== kinds.entry && kind !== kinds.data)) return undefined
  const octets = head.readUInt32BE(1)
  const next = at + blockHeaderOctets + octets
  if (octets > maxOctets[kind] || next > (await tape.stat()).size) return undefined
  if (kind === kinds.data) return { entry: undefined, next }
  const content = await readWhole(tape, at + blockHeaderOctets, octets)
  const entry = content && parseEntry(content.toString('utf8'))
  return entry && { entry, next }
}

async function readWhole(tape: FileHandle, at: number, octets: number): Promise<Buffer | undefined> {
  const bytes = Buffer.allocUnsafe(octets)
  for (let filled = 0; filled < octets; ) {
    const { bytesRead } = await tape.read(bytes, filled, octets - filled, at + filled)
    if (bytesRead === 0) return undefined
    filled += bytesRead
  }
  return bytes
}

function parseEntry(text: string): Entry | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const field = (name: string): unknown => Reflect.get(value, name)
  const [type, name, timeMs, octets] = [field('type'), field('name'), field('timeMs'), field('octets')]
  if (type === 'castellan-tape' && field('version') === 1) return label
  if (type === 'begin' && typeof name === 'string' && typeof timeMs === 'number') return { type, name, timeMs }
  if (type === 'remove' && typeof name === 'string') return { type, name }
  return type === 'end' && typeof octets === 'number' ? { type, octets } : undefined
}
