/**
 * Headers of tar entries as octets (POSIX.1-2017 pax, and GNU tar for long names and sparse files). tar-stream reads them; it
 * cannot write names that are no UTF-8, which files may well have.
 */
import { octetsOfText } from '../../lib/text/lossless-text.ts'
import type { Entry } from './manifest.ts'

const blockOctets = 512
const nameOctets = 100
const ownerOctets = 31

/** Offset and length of what is stored of a file with holes. */
export interface Segment {
  readonly at: number
  readonly octets: number
}

export interface Content {
  /** Of the file, holes included. */
  readonly octets: number
  /** Of a file with holes; the last one ends where the file does, if need be with no octets. */
  readonly segments?: readonly Segment[]
}

/** What is stored of a file: all of it, or its segments one after the other. */
export function storedOctets({ octets, segments }: Content): number {
  return segments === undefined ? octets : segments.reduce((sum, segment) => sum + segment.octets, 0)
}

export type EntryTraits = Omit<Entry, 'octets' | 'sha256' | 'target' | 'isSparse'>

/** All that stands before the content; behind that comes `paddingAfter`. */
export function tarHeader(entry: EntryTraits, content: Content, target = ''): Buffer {
  const path = Buffer.from(octetsOfText(entry.type === 'directory' ? `${entry.path}/` : entry.path))
  const link = Buffer.from(octetsOfText(target))
  const map = content.segments === undefined ? Buffer.alloc(0) : sparseMap(content.segments)
  return Buffer.concat([
    ...(path.length > nameOctets ? longName('L', path) : []),
    ...(link.length > nameOctets ? longName('K', link) : []),
    ...paxHeader(entry, content),
    block(entry, { path, link, type: typeFlags[entry.type], octets: map.length + storedOctets(content) }),
    map,
  ])
}

export const endOfTar = Buffer.alloc(2 * blockOctets)

/** Zeros up to the next block. */
export function paddingAfter(octets: number): Buffer {
  return Buffer.alloc((blockOctets - (octets % blockOctets)) % blockOctets)
}

const typeFlags = { file: '0', link: '2', directory: '5' } as const

interface Block {
  readonly path: Buffer
  readonly link: Buffer
  readonly type: string
  readonly octets: number
}

function block({ mode, owner, group, mtimeMs }: EntryTraits, { path, link, type, octets }: Block): Buffer {
  const header = Buffer.alloc(blockOctets)
  path.copy(header, 0, 0, nameOctets)
  octal(header, 100, 7, mode & 0o7777)
  octal(header, 108, 7, 0)
  octal(header, 116, 7, 0)
  size(header, 124, octets)
  octal(header, 136, 11, Math.max(0, Math.floor(mtimeMs / 1000)))
  header.write(type, 156)
  link.copy(header, 157, 0, nameOctets)
  header.write('ustar\u000000', 257, 'latin1')
  header.write(owner.slice(0, ownerOctets), 265)
  header.write(group.slice(0, ownerOctets), 297)
  header.fill(' ', 148, 156)
  header.write(
    `${header
      .reduce((sum, octet) => sum + octet, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  )
  return header
}

function octal(header: Buffer, at: number, digits: number, value: number): void {
  header.write(value.toString(8).padStart(digits, '0'), at)
}

/** Beyond 8 GiB in binary, as GNU tar has it. */
function size(header: Buffer, at: number, value: number): void {
  if (value < 8 ** 11) {
    octal(header, at, 11, value)
    return
  }
  header[at] = 0x80
  header.writeUIntBE(value, at + 6, 6)
}

const anyTraits = { type: 'file', path: '', mode: 0o644, owner: 'root', group: 'root', mtimeMs: 0 } as const

/** GNU tar's own way, for any octets; a pax record must be UTF-8. */
function longName(type: 'L' | 'K', name: Buffer): Buffer[] {
  const content = Buffer.concat([name, Buffer.alloc(1)])
  const path = Buffer.from('././@LongLink')
  return [block(anyTraits, { path, link: Buffer.alloc(0), type, octets: content.length }), padded(content)]
}

function paxHeader({ mtimeMs, owner, group }: EntryTraits, { octets, segments }: Content): Buffer[] {
  const records = [
    ...(mtimeMs % 1000 === 0 && mtimeMs >= 0 ? [] : [record('mtime', (mtimeMs / 1000).toFixed(3))]),
    ...(Buffer.byteLength(owner) > ownerOctets ? [record('uname', owner)] : []),
    ...(Buffer.byteLength(group) > ownerOctets ? [record('gname', group)] : []),
    ...(segments === undefined
      ? []
      : [
          record('GNU.sparse.major', '1'),
          record('GNU.sparse.minor', '0'),
          record('GNU.sparse.realsize', String(octets)),
        ]),
  ]
  if (records.length === 0) return []
  const content = Buffer.from(records.join(''))
  const path = Buffer.from('./PaxHeaders/entry')
  return [block(anyTraits, { path, link: Buffer.alloc(0), type: 'x', octets: content.length }), padded(content)]
}

/** `30 mtime=1350244992.023\n`: its length counts its own digits. */
function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`
  let octets = Buffer.byteLength(rest)
  while (octets !== Buffer.byteLength(rest) + String(octets).length)
    octets = Buffer.byteLength(rest) + String(octets).length
  return `${octets}${rest}`
}

/** GNU.sparse 1.0: before the content, how many segments there are, and where each lies; whole blocks. */
function sparseMap(segments: readonly Segment[]): Buffer {
  const numbers = [segments.length, ...segments.flatMap(({ at, octets }) => [at, octets])]
  return padded(Buffer.from(numbers.map((number) => `${number}\n`).join('')))
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, paddingAfter(content.length)])
}
