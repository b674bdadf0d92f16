/** Whether others can read a file that holds a secret. */
import type { Stats } from 'node:fs'
import type { Owner } from '../../lib/users/owner.ts'

/**
 * Undefined when only its owner can read it, or root owns it and the group that may read it is that of `reader`, whom sipd runs
 * as: so it lies in a laid-out home. Otherwise the sentence that says what to do.
 */
export function checkFileMode(
  path: string,
  { uid, gid, mode }: Pick<Stats, 'uid' | 'gid' | 'mode'>,
  reader: Owner,
): string | undefined {
  if ((mode & 0o077) === 0) return undefined
  const isForReader = uid === 0 && reader.uid !== 0 && gid === reader.gid
  if (isForReader && (mode & 0o037) === 0) return undefined
  return `holds secrets that others can read; run: chmod ${isForReader ? 640 : 600} ${path}`
}
