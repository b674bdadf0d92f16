/** Reads files that people name or replace: regular files only, of a bounded size, so that a FIFO or device keeps nobody waiting. */
import { closeSync, fstatSync, readFileSync, type Stats } from 'node:fs'
import { openToRead, openToReadSync } from '../trust/open.ts'

export interface RegularFile {
  readonly octets: Buffer
  /** Of the same file, even while it is replaced. */
  readonly stats: Stats
}

/** More than any configuration has, and little enough to be read at once. */
const defaultMaxOctets = 16 * 1024 * 1024

/** Throws what the file system throws (its `code` says which), or RefusedPathError where the path is not a file that may be read. */
export async function readRegularFile(path: string, maxOctets = defaultMaxOctets): Promise<RegularFile> {
  const handle = await openToRead(path)
  try {
    const stats = await handle.stat()
    assertBounded(path, stats, maxOctets)
    return { octets: await handle.readFile(), stats }
  } finally {
    await handle.close()
  }
}

/** As readRegularFile, without a promise. */
export function readRegularFileSync(path: string, maxOctets = defaultMaxOctets): RegularFile {
  const descriptor = openToReadSync(path)
  try {
    const stats = fstatSync(descriptor)
    assertBounded(path, stats, maxOctets)
    return { octets: readFileSync(descriptor), stats }
  } finally {
    closeSync(descriptor)
  }
}

function assertBounded(path: string, stats: Stats, maxOctets: number): void {
  if (stats.size > maxOctets) throw new Error(`${path} has ${stats.size} octets; at most ${maxOctets} are read`)
}
