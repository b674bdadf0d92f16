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

/** The last lines that say something, at most so many, oldest first. */
export function lastLines(path: string, count: number): string[] {
  try {
    const lines = readFileSync(path, 'utf8')
      .slice(-64 * 1024)
      .split('\n')
    return lines
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .slice(-count)
  } catch {
    return []
  }
}

/** The last line that says something, or an empty string. */
export function lastLine(path: string): string {
  return lastLines(path, 1)[0] ?? ''
}
