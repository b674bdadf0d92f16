/** Whether a log is to be rotated now, and why. */

import { isPlausibleTime } from '../../../lib/time/wall-clock.ts'
import { type RotationPolicy, realLogPath } from './policy.ts'
import { lookAtLog } from './rotated-files.ts'
import type { RotationState } from './state.ts'

/** Why a log is rotated. */
export type RotationReason = 'size' | 'time' | 'command'

/** By its size, or by the time since it began, which `state` remembers. */
export async function dueReason(
  { path, maxOctets, maxSeconds }: RotationPolicy,
  state: RotationState,
  nowMs: number,
): Promise<RotationReason | undefined> {
  const live = realLogPath(path)
  const stats = await lookAtLog(live).catch(() => undefined)
  if (!stats?.isFile() || stats.size === 0) return undefined
  if (maxOctets !== undefined && stats.size >= maxOctets) return 'size'
  if (maxSeconds === undefined) return undefined
  let beganMs = state.beganMs(live)
  const isPast = (ms: number): boolean => ms <= nowMs && (isPlausibleTime(ms) || !isPlausibleTime(nowMs))
  if (beganMs === undefined || !isPast(beganMs)) {
    // Not every file system knows births; and one in the future, or in 1970, is a clock that was set.
    beganMs = stats.birthtimeMs > 0 && isPast(stats.birthtimeMs) ? stats.birthtimeMs : nowMs
    state.setBeganMs(live, beganMs)
  }
  return nowMs - beganMs >= maxSeconds * 1000 ? 'time' : undefined
}
