/** What a program printed into a file before it failed: the reason of the failure, in its own words. */
import { readFileSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'

const maxOctets = 64 * 1024

/** The last lines that say something, at most so many, oldest first. */
export function lastLines(path: string, count: number): string[] {
  const lines = read(path).slice(-maxOctets).split('\n')
  return lines
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(-count)
}

/** All that it printed; where that is nothing, and could not be kept, so much is said. Empty: it printed nothing. */
export function lastWords(path: string): string {
  return read(path).trim() || whyNothing(path)
}

/** The last line of the same. */
export function lastLine(path: string): string {
  return lastLines(path, 1)[0] ?? whyNothing(path)
}

function whyNothing(path: string): string {
  const folder = dirname(path)
  return isDiskFull(folder) ? `what it printed is lost, as the disk of ${folder} is full` : ''
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // there is none
  }
}

function isDiskFull(folder: string): boolean {
  try {
    return statfsSync(folder).bavail === 0
  } catch {
    return false
  }
}
