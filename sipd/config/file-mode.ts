/** Whether others can read a file that holds a secret. */

import type { Stats } from 'node:fs'

type Access = Pick<Stats, 'uid' | 'gid' | 'mode'>

/**
 * Undefined when only the owner of the file can read it, or root has given it, with its folder, to the group of sipd to read;
 * otherwise the sentence that says what to do.
 */
export function checkFileMode(path: string, file: Access, folder: Access): string | undefined {
  const isGiven = file.uid === 0 && folder.uid === 0 && file.gid === folder.gid && (folder.mode & 0o077) === 0o050
  if ((file.mode & (isGiven ? 0o037 : 0o077)) === 0) return undefined
  return `holds secrets that others can read; run: chmod ${isGiven ? 640 : 600} ${path}`
}
