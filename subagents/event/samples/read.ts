/** Reads the ring: both segments, the older one first. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Home } from '../../../lib/home.ts'
import type { Sample } from './sample.ts'
import { readSegment, type Segment, samplesOf } from './segment.ts'

/** Where the agent of a home keeps its samples; the older segment is beside it, with `.1` at its end. */
export function samplesPath(home: Home): string {
  return join(home.data, 'agent', 'event-samples')
}

export function olderPath(path: string): string {
  return `${path}.1`
}

/** The samples in the order they were taken, while the agent goes on; none where there is no ring yet. */
export function* readRing(path: string): Generator<Sample> {
  // In this order, for the newer one may become the older one meanwhile.
  const newer = segmentAt(path)
  const older = segmentAt(olderPath(path))
  if (older) yield* samplesOf(older)
  if (newer && newer.begunMs !== older?.begunMs) yield* samplesOf(newer)
}

function segmentAt(path: string): Segment | undefined {
  try {
    return readSegment(readFileSync(path))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
