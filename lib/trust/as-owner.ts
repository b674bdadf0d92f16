/** Doing something as the user that a folder belongs to, where a library opens files by itself and follows what it finds. */
import { actAs } from '../users/privileges.ts'
import type { Folder } from './folder.ts'
import { RefusedPathError } from './refused-path.ts'

/**
 * Runs something that opens `path` by its name. Root runs it as the owner of its folder where others may write that or the way to
 * it: it can do no more then than they can by themselves. The user is that of the whole process, so nothing else goes on meanwhile.
 */
export function asOwnerOf<T>(folder: Folder, path: string, run: () => T): T {
  const { uid, gid } = folder.stats
  if (process.geteuid?.() !== 0 || (folder.isReachedByName && !folder.isWritableByOthers)) return run()
  if (uid === 0)
    throw new RefusedPathError({
      kind: 'owner',
      path,
      component: folder.path,
      reason:
        'is a folder of root that others may write or replace, and is not used; run: chmod go-w on it and on its parents',
    })
  return actAs({ name: undefined, uid, gid }, run)
}
