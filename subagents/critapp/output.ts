/** What a started process prints: kept in a file of its own, bounded, the last line at hand when it fails. */
import { copyFileSync, openSync, readFileSync, statSync, truncateSync } from 'node:fs'

const maxOctets = 1024 * 1024

/** A descriptor for a new start: the file begins anew. Appending, so that it may be cut while it is written. */
export function openOutput(path: string): number {
  try {
    truncateSync(path)
  } catch {
    // There is none yet.
  }
  return openSync(path, 'a', 0o600)
}

/** Keeps a talkative process from filling the disk: at 1 MiB the file becomes NAME.1 and begins anew. */
export function boundOutput(path: string): void {
  try {
    if (statSync(path).size <= maxOctets) return
    copyFileSync(path, `${path}.1`)
    truncateSync(path)
  } catch {
    // There is none: the process was adopted.
  }
}

/** The last line that says something, or an empty string. */
export function lastLine(path: string): string {
  try {
    return readFileSync(path, 'utf8').slice(-4096).trimEnd().split('\n').at(-1)?.trim() ?? ''
  } catch {
    return ''
  }
}
