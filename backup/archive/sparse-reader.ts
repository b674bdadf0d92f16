/** Files with holes, as GNU tar stores them (format 1.0): a map of segments, and then these. */
import { ArchiveError } from './archive-error.ts'
import type { Segment } from './tar-header.ts'

/** Octets of a file, and where they lie in it; what lies between is zeros. */
export interface Piece {
  readonly at: number
  readonly octets: Buffer
}

const blockOctets = 512
/** Of a map: a million segments. */
const mostMapOctets = 32 * 1024 * 1024

export async function* wholePieces(content: AsyncIterable<Buffer>): AsyncGenerator<Piece> {
  let at = 0
  for await (const octets of content) {
    yield { at, octets }
    at += octets.length
  }
}

/** Undefined for a file without holes. */
export async function parseSparse(
  content: AsyncIterable<Buffer>,
  pax: Readonly<Record<string, unknown>>,
): Promise<{ readonly octets: number; readonly pieces: AsyncIterable<Piece> } | undefined> {
  if (!Object.keys(pax).some((key) => key.startsWith('GNU.sparse.'))) return undefined
  const octets = Number(pax['GNU.sparse.realsize'])
  if (pax['GNU.sparse.major'] !== '1' || pax['GNU.sparse.minor'] !== '0' || !Number.isSafeInteger(octets))
    throw new ArchiveError('forbidden', 'the archive has a file with holes in a form that this version does not know')
  const pieces = content[Symbol.asyncIterator]()
  const { segments, rest } = await readMap(pieces)
  checkMap(segments, octets)
  return { octets, pieces: placed(segments, rest, pieces) }
}

async function readMap(
  pieces: AsyncIterator<Buffer>,
): Promise<{ readonly segments: readonly Segment[]; readonly rest: Buffer }> {
  let octets: Buffer = Buffer.alloc(0)
  for (;;) {
    const found = parseMap(octets)
    if (found) return found
    const next = await pieces.next()
    if (next.done || octets.length > mostMapOctets) throw wrongMap()
    octets = Buffer.concat([octets, next.value])
  }
}

/** Undefined as long as it is not whole. */
function parseMap(octets: Buffer): { readonly segments: readonly Segment[]; readonly rest: Buffer } | undefined {
  const lineEnd = octets.indexOf('\n')
  if (lineEnd < 0) return undefined
  const count = wholeNumber(octets.toString('latin1', 0, lineEnd))
  let at = lineEnd + 1
  const numbers: number[] = []
  while (numbers.length < 2 * count) {
    const end = octets.indexOf('\n', at)
    if (end < 0) return undefined
    numbers.push(wholeNumber(octets.toString('latin1', at, end)))
    at = end + 1
  }
  const mapOctets = Math.ceil(at / blockOctets) * blockOctets
  if (octets.length < mapOctets) return undefined
  const segments = Array.from({ length: count }, (_, i) => ({
    at: numbers[2 * i] ?? 0,
    octets: numbers[2 * i + 1] ?? 0,
  }))
  return { segments, rest: octets.subarray(mapOctets) }
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw wrongMap()
  return Number(text)
}

function checkMap(segments: readonly Segment[], octets: number): void {
  let end = 0
  for (const segment of segments) {
    if (segment.at < end) throw wrongMap()
    end = segment.at + segment.octets
  }
  if (end !== octets) throw wrongMap()
}

async function* placed(
  segments: readonly Segment[],
  first: Buffer,
  pieces: AsyncIterator<Buffer>,
): AsyncGenerator<Piece> {
  let waiting: Buffer = first
  for (const segment of segments) {
    let at = segment.at
    while (at < segment.at + segment.octets) {
      if (waiting.length === 0) {
        const next = await pieces.next()
        if (next.done) throw wrongMap()
        waiting = next.value
        continue
      }
      const octets = waiting.subarray(0, segment.at + segment.octets - at)
      yield { at, octets }
      at += octets.length
      waiting = waiting.subarray(octets.length)
    }
  }
  if (waiting.length > 0 || !(await pieces.next()).done) throw wrongMap()
}

function wrongMap(): ArchiveError {
  return new ArchiveError('damaged', 'the archive has a file with holes whose map is wrong')
}
