/** What a program printed into a file before it failed: the reason of the failure, in its own words. */
import { closeSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { readTail } from '../log/output-file.ts'
import { openToReadSync } from '../trust/open.ts'

const maxOctets = 64 * 1024

/** The last lines that say something, at most so many, oldest first. */
export function lastLines(path: string, count: number): string[] {
  const lines = read(path).split('\n')
  return lines
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(-count)
}

/** All that it printed, or the end of it; where that is nothing, and could not be kept, so much is said. Empty: it printed nothing. */
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
    const descriptor = openToReadSync(path)
    try {
      return readTail(descriptor, maxOctets).toString('utf8')
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return '' // there is none, or something else has its name
  }
}

function isDiskFull(folder: string): boolean {
  try {
    return statfsSync(folder).bavail === 0
  } catch {
    return false
  }
}
