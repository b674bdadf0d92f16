/** Goes on with the rotations that an earlier process left: drafts go, and files that were renamed are brought to their end. */

import { isCompressedWhole } from './compress.ts'
import { type RotationPolicy, realLogPath } from './policy.ts'
import { listDrafts, listRotated } from './rotated-files.ts'
import type { RotationState } from './state.ts'

export interface RepairHost {
  readonly state: RotationState
  /** Takes a renamed file to its end. */
  take(policy: RotationPolicy, path: string): void
  remove(policy: RotationPolicy, path: string): Promise<unknown>
  complain(policy: RotationPolicy, path: string, sentence: string): void
}

export async function repair(policy: RotationPolicy, { state, take, remove, complain }: RepairHost): Promise<void> {
  const live = realLogPath(policy.path)
  for (const draft of await listDrafts(live)) await remove(policy, draft)
  const rotated = await listRotated(live)
  const unfinished = state.unfinishedOf(live)
  for (const path of unfinished) if (!rotated.some((one) => one.path === path)) state.finish(path)
  for (const { path, isCompressed } of rotated) {
    if (isCompressed || !(policy.compress || unfinished.includes(path))) continue
    if (!rotated.some((one) => one.path === `${path}.gz`)) take(policy, path)
    // The end came after the rename to .gz, which is made when all of it is on the disk.
    else if (await isCompressedWhole(path).catch(() => false)) await remove(policy, path)
    else complain(policy, path, `${path} and ${path}.gz are not of the same length; both stay, look at them`)
  }
}
