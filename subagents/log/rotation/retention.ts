/** Which rotated files go: those beyond what a policy keeps, and the oldest of all when the disk is too full. */
import type { Retention } from './policy.ts'
import type { RotatedFile } from './rotated-files.ts'

/** The files beyond the bounds, the oldest first; `files` is in that order too. */
export function beyondRetention(files: readonly RotatedFile[], keep: Retention, nowMs: number): RotatedFile[] {
  const oldestSeconds = keep.seconds === undefined ? Number.NEGATIVE_INFINITY : nowMs / 1000 - keep.seconds
  let countLeft = keep.files ?? Number.POSITIVE_INFINITY
  let octetsLeft = keep.octets ?? Number.POSITIVE_INFINITY
  const kept = new Set<RotatedFile>()
  for (const file of files.toReversed()) {
    countLeft--
    octetsLeft -= file.diskOctets
    // What is older than one that goes, goes as well: no holes.
    if (countLeft < 0 || octetsLeft < 0 || file.seconds < oldestSeconds) break
    kept.add(file)
  }
  return files.filter((file) => !kept.has(file))
}
