/** Reads the ring: both segments, the older one first. */
import { join } from 'node:path'
import { isMissing } from '../../../lib/errors.ts'
import { readRegularFileSync } from '../../../lib/files/regular-file.ts'
import { foldersOf, type Home } from '../../../lib/home/home.ts'
import type { Sample } from './sample.ts'
import { readSegment, type Segment, samplesOf } from './segment.ts'

/** Where the agent of a home keeps its samples; the older segment is beside it, with `.1` at its end. */
export function samplesPath(home: Home): string {
  return join(foldersOf(home, 'agent').data, 'event-samples')
}

export function olderPath(path: string): string {
  return `${path}.1`
}

/**
 * The samples as they are now, in the order they were taken, as often as they are asked for; none where there is no ring.
 * The agent may go on meanwhile. Throws what the file system throws when the file is there and cannot be read.
 */
export function openRing(path: string): () => Generator<Sample> {
  // In this order, for the newer one may become the older one meanwhile.
  const newer = segmentAt(path)
  const older = segmentAt(olderPath(path))
  const segments = [older, newer?.begunMs === older?.begunMs ? undefined : newer]
  return function* () {
    for (const segment of segments) if (segment) yield* samplesOf(segment)
  }
}

/** Whether a file has the samples of a ring. */
export function isRing(octets: Buffer): boolean {
  return readSegment(octets) !== undefined
}

function segmentAt(path: string): Segment | undefined {
  try {
    return readSegment(readRegularFileSync(path).octets)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
