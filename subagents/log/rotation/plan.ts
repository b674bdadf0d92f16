/** What a rotation by command would do now, in sentences, without doing any of it. */
import { basename, dirname } from 'node:path'
import { messageOf } from '../../../lib/errors.ts'
import { RefusedPathError } from '../../../lib/trust/refused-path.ts'
import { type MeasureDisk, measureDisk } from './disk-floor.ts'
import { ownerPid } from './owner.ts'
import { type RotationPolicy, realLogPath } from './policy.ts'
import { beyondRetention } from './retention.ts'
import { byAge, listRotated, lookAtLog, nextRotatedPath, type RotatedFile } from './rotated-files.ts'

export interface PlanOptions {
  readonly nowMs: number
  readonly floorOctets: number
  readonly measureDisk?: MeasureDisk
}

/** One sentence per act; deletions for the floor are reckoned from what the files take of the disk. */
export async function planRotation(policies: readonly RotationPolicy[], options: PlanOptions): Promise<string[]> {
  const sentences: string[] = []
  const kept: RotatedFile[] = []
  for (const policy of policies) {
    sentences.push(await planMove(policy, options.nowMs))
    const rotated = await listRotated(realLogPath(policy.path))
    const going = beyondRetention(rotated, policy.keep, options.nowMs)
    for (const { path } of going) sentences.push(`${path} would be deleted: it is beyond what ${policy.name} keeps`)
    kept.push(...rotated.filter((file) => !going.includes(file)))
  }
  return [...sentences, ...(await planFloor(kept, options))]
}

async function planMove({ name, path, compress, owner }: RotationPolicy, nowMs: number): Promise<string> {
  const live = realLogPath(path)
  const stats = await lookAtLog(live).catch((error: unknown) => (error instanceof RefusedPathError ? error : undefined))
  if (stats instanceof RefusedPathError) return `${name}: ${stats.message}; nothing would be rotated`
  if (!stats) return `${name}: ${live} does not exist, so nothing would be rotated`
  if (!stats.isFile()) return `${name}: ${live} is not a regular file, so it would not be rotated`
  if (stats.size === 0) return `${name}: nothing is in ${live}, so it would not be rotated`
  const signalled = planSignal(owner)
  const moved = basename(await nextRotatedPath(live, Math.floor(nowMs / 1000)))
  return `${name}: ${live} (${stats.size} octets) would be renamed to ${moved}, ${signalled}${compress ? ', and compressed' : ''}`
}

async function planFloor(rotated: readonly RotatedFile[], options: PlanOptions): Promise<string[]> {
  const { floorOctets } = options
  if (floorOctets === 0) return []
  const sentences: string[] = []
  const freeOctets = new Map<string, number>()
  for (const { path, diskOctets } of rotated.toSorted(byAge)) {
    const space = await (options.measureDisk ?? measureDisk)(dirname(path)).catch(() => undefined)
    if (!space) continue
    const free = freeOctets.get(space.fileSystem) ?? space.freeOctets
    if (free >= floorOctets) continue
    freeOctets.set(space.fileSystem, free + diskOctets)
    sentences.push(`${path} would be deleted: ${free} octets are free, and the floor is ${floorOctets}`)
  }
  return sentences
}

function planSignal(owner: RotationPolicy['owner']): string {
  if (owner.kind === 'nobody') return 'nobody signalled'
  try {
    const pid = ownerPid(owner)
    return pid === undefined
      ? `${owner.name} does not run and gets no signal`
      : `${owner.name} (PID ${pid}) signalled by ${owner.signal}`
  } catch (error) {
    return `${owner.name} not signalled: ${messageOf(error)}`
  }
}
