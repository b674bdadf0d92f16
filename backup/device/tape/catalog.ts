/**
 * What a tape in a drive holds. It begins with an empty catalog; behind each file that was stored there is a catalog of all of them,
 * so that the last one tells what the whole tape has. What lies behind that was cut off, and the next file takes its place.
 */
import type { TapeDrive, TapeWriter } from './drive.ts'

export interface Stored {
  /** Which file of the tape it is. */
  readonly number: number
  readonly octets: number
  readonly modifiedMs: number
}

export interface Catalog {
  /** Of the tape, for people: made when it is first written. */
  readonly tapeId: string
  readonly files: ReadonlyMap<string, Stored>
  /** Where the next file goes. */
  readonly end: number
}

/** Drives write records of this size well, and every driver takes them. */
export const recordOctets = 64 * 1024
/** Of a catalog: a hundred thousand files. */
const mostOctets = 16 * 1024 * 1024

/** Undefined for a tape that was never written. Throws NotOursError where somebody else wrote it. */
export async function readCatalog(drive: TapeDrive, signal: AbortSignal): Promise<Catalog | undefined> {
  const count = await drive.count(signal)
  if (count === 0) return undefined
  for (let number = count - 1; number >= 0; number--) {
    const catalog = parse(await readText(drive, number, signal), number + 1)
    if (catalog) return catalog
  }
  throw new NotOursError('it holds something else than our backups')
}

export class NotOursError extends Error {}

/** As the next file of the tape, which stands there. */
export async function writeCatalog(drive: TapeDrive, { tapeId, files }: Omit<Catalog, 'end'>): Promise<void> {
  const text = Buffer.from(JSON.stringify({ type: 'castellan-catalog', version: 1, tapeId, files: [...files] }))
  const writer = await drive.write()
  try {
    for (let at = 0; at < text.length; at += recordOctets) await writer.put(text.subarray(at, at + recordOctets))
  } finally {
    await closed(writer)
  }
}

const closed = (writer: TapeWriter): Promise<void> => writer.close()

/** Undefined for a file that is larger than any catalog. */
async function readText(drive: TapeDrive, number: number, signal: AbortSignal): Promise<string | undefined> {
  await drive.seek(number, signal)
  const reader = await drive.read()
  const records: Buffer[] = []
  let octets = 0
  try {
    for (;;) {
      signal.throwIfAborted()
      const record = await reader.next()
      if (record === undefined) return Buffer.concat(records).toString('utf8')
      octets += record.length
      // The first record tells: what is no catalog is not read to its end.
      if (record[0] !== undefined && records.length === 0 && record[0] !== openingBrace) return undefined
      if (octets > mostOctets) return undefined
      records.push(record)
    }
  } finally {
    await reader.close()
  }
}

const openingBrace = 0x7b

function parse(text: string | undefined, end: number): Catalog | undefined {
  let value: unknown
  try {
    value = JSON.parse(text ?? '')
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const field = (name: string): unknown => Reflect.get(value, name)
  const [tapeId, files] = [field('tapeId'), field('files')]
  if (field('type') !== 'castellan-catalog' || field('version') !== 1) return undefined
  if (typeof tapeId !== 'string' || !Array.isArray(files) || !files.every(isNamed)) return undefined
  return { tapeId, files: new Map(files), end }
}

function isNamed(one: unknown): one is [string, Stored] {
  if (!Array.isArray(one) || typeof one[0] !== 'string') return false
  const stored: unknown = one[1]
  if (typeof stored !== 'object' || stored === null) return false
  return ['number', 'octets', 'modifiedMs'].every((name) => typeof Reflect.get(stored, name) === 'number')
}
