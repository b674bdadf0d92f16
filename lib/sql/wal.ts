/** What a write-ahead log of SQLite has committed, read without SQLite (https://sqlite.org/fileformat2.html#walformat). */

export interface Committed {
  /** By their number, from 1: the last version of each. */
  readonly pages: ReadonlyMap<number, Buffer>
  readonly pageOctets: number
  /** Of the whole database after the last commit, in pages. */
  readonly databasePages: number
}

const headOctets = 32
const frameHeadOctets = 24
/** The lowest bit says in which order the words of the checksum are. */
const magic = 0x377f0682

/** Undefined where nothing is committed: the file of the database is all there is. */
export function committedIn(log: Buffer): Committed | undefined {
  if (log.length < headOctets || (log.readUInt32BE(0) & ~1) >>> 0 !== magic) return undefined
  const isBigEndian = (log.readUInt32BE(0) & 1) === 1
  const pageOctets = log.readUInt32BE(8)
  let sum = checksum([0, 0], log.subarray(0, 24), isBigEndian)
  if (!isSum(log, 24, sum)) return undefined
  const pages = new Map<number, Buffer>()
  let pending: [number, Buffer][] = []
  let databasePages = 0
  for (let at = headOctets; at + frameHeadOctets + pageOctets <= log.length; at += frameHeadOctets + pageOctets) {
    const page = log.subarray(at + frameHeadOctets, at + frameHeadOctets + pageOctets)
    // Frames of before the log was begun again have other salts; one that was half written has another sum.
    if (log.compare(log, 16, 24, at + 8, at + 16) !== 0) break
    sum = checksum(checksum(sum, log.subarray(at, at + 8), isBigEndian), page, isBigEndian)
    if (!isSum(log, at + 16, sum)) break
    pending.push([log.readUInt32BE(at), page])
    const pagesAfterCommit = log.readUInt32BE(at + 4)
    if (pagesAfterCommit === 0) continue
    for (const [number, content] of pending) pages.set(number, content)
    pending = []
    databasePages = pagesAfterCommit
  }
  return databasePages === 0 ? undefined : { pages, pageOctets, databasePages }
}

type Sum = readonly [number, number]

function checksum(before: Sum, octets: Buffer, isBigEndian: boolean): Sum {
  let [one, other] = before
  const word = (at: number): number => (isBigEndian ? octets.readUInt32BE(at) : octets.readUInt32LE(at))
  for (let at = 0; at + 8 <= octets.length; at += 8) {
    one = (one + word(at) + other) >>> 0
    other = (other + word(at + 4) + one) >>> 0
  }
  return [one, other]
}

function isSum(log: Buffer, at: number, [one, other]: Sum): boolean {
  return log.readUInt32BE(at) === one && log.readUInt32BE(at + 4) === other
}
