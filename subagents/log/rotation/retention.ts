/** Which rotated files go: those beyond what a policy keeps, and the oldest of all when the disk is too full. */

import type { Retention } from './policy.ts'
import { type RotatedFile, unsetClockSeconds } from './rotated-files.ts'

/** The files beyond the bounds, the oldest first; `files` is in that order too. */
export function beyondRetention(files: readonly RotatedFile[], keep: Retention, nowMs: number): RotatedFile[] {
  let countLeft = keep.files ?? Number.POSITIVE_INFINITY
  let octetsLeft = keep.octets ?? Number.POSITIVE_INFINITY
  const kept = new Set<RotatedFile>()
  for (const file of files.toReversed()) {
    countLeft--
    octetsLeft -= file.diskOctets
    // What is older than one that goes, goes as well: no holes.
    if (countLeft < 0 || octetsLeft < 0 || isOlder(file, keep, nowMs)) break
    kept.add(file)
  }
  return files.filter((file) => !kept.has(file))
}

/** A file whose name cannot be when it was rotated is as old as its last line, or of unknown age: then it stays. */
function isOlder({ seconds, modifiedMs }: RotatedFile, keep: Retention, nowMs: number): boolean {
  if (keep.seconds === undefined || seconds <= unsetClockSeconds) return false
  const rotatedMs = seconds * 1000 > nowMs ? modifiedMs : seconds * 1000
  return rotatedMs < nowMs - keep.seconds * 1000
}
