/** What a started process prints: kept in a file of its own, and bounded. */
import { closeSync, openSync, readSync, statSync, truncateSync, writeFileSync } from 'node:fs'

const maxOctets = 1024 * 1024

/** A descriptor for a new start: the file is emptied. Appending, so that it may be cut while it is written. */
export function openOutput(path: string): number {
  try {
    truncateSync(path)
  } catch {
    // There is none yet.
  }
  return openSync(path, 'a', 0o600)
}

/** Keeps a talkative process from filling the disk: beyond 1 MiB the last MiB becomes NAME.1, and the file is emptied. */
export function boundOutput(path: string): void {
  try {
    if (statSync(path).size <= maxOctets) return
  } catch {
    return // there is none: the process was adopted
  }
  try {
    writeFileSync(`${path}.1`, readTail(path, maxOctets), { mode: 0o600 })
  } catch {
    // The disk is full, and the next step frees some of it.
  }
  truncateSync(path)
}

function readTail(path: string, octets: number): Uint8Array {
  const file = openSync(path, 'r')
  try {
    const tail = Buffer.alloc(octets)
    const length = readSync(file, tail, 0, octets, Math.max(0, statSync(path).size - octets))
    return tail.subarray(0, length)
  } finally {
    closeSync(file)
  }
}
