/** Reads files that people name or replace: regular files only, of a bounded size, so that a FIFO or device keeps nobody waiting. */
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs'
import { open } from 'node:fs/promises'
import { codeOf } from './errors.ts'

export interface RegularFile {
  readonly octets: Buffer
  /** Of the same file, even while it is replaced. */
  readonly stats: Stats
}

/** More than any configuration has, and little enough to be read at once. */
const defaultMaxOctets = 16 * 1024 * 1024

// Without O_NONBLOCK the open itself waits for the other end of a FIFO.
const flags = constants.O_RDONLY | constants.O_NONBLOCK

/** Throws what the file system throws (its `code` says which), or an Error that says what the path is instead of a regular file. */
export async function readRegularFile(path: string, maxOctets = defaultMaxOctets): Promise<RegularFile> {
  const handle = await open(path, flags).catch((error: unknown) => {
    throw openError(path, error)
  })
  try {
    const stats = await handle.stat()
    assertReadable(path, stats, maxOctets)
    return { octets: await handle.readFile(), stats }
  } finally {
    await handle.close()
  }
}

/** As readRegularFile, without a promise. */
export function readRegularFileSync(path: string, maxOctets = defaultMaxOctets): RegularFile {
  let descriptor: number
  try {
    descriptor = openSync(path, flags)
  } catch (error) {
    throw openError(path, error)
  }
  try {
    const stats = fstatSync(descriptor)
    assertReadable(path, stats, maxOctets)
    return { octets: readFileSync(descriptor), stats }
  } finally {
    closeSync(descriptor)
  }
}

function assertReadable(path: string, stats: Stats, maxOctets: number): void {
  if (!stats.isFile()) throw new Error(`${path} is ${kindOf(stats)}; it must be a regular file`)
  if (stats.size > maxOctets) throw new Error(`${path} has ${stats.size} octets; at most ${maxOctets} are read`)
}

/** A socket cannot even be opened (ENXIO), which says nothing to most people. */
function openError(path: string, error: unknown): unknown {
  const isSocket = codeOf(error) === 'ENXIO'
  return isSocket ? new Error(`${path} is a socket; it must be a regular file`, { cause: error }) : error
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a directory'
  if (stats.isFIFO()) return 'a FIFO'
  if (stats.isSocket()) return 'a socket'
  return 'a device'
}
