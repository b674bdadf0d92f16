/** Who may decide what a name in a folder stands for: root and this process, or somebody else as well. */

export interface Owned {
  readonly uid: number
  /** As stat(2) has it; the bits of the group are the mask where there is an access control list (acl(5)). */
  readonly mode: number
}

/** Root can do all that this process can, and its own user is itself. */
export function isTrusted(uid: number): boolean {
  return uid === 0 || uid === process.geteuid?.()
}

const writableByGroupOrOthers = 0o022
const sticky = 0o1000

/** Whether somebody else can put names into a folder, or take them from it. */
export function isWritableByOthers({ uid, mode }: Owned): boolean {
  return !isTrusted(uid) || isSharedFolder({ mode })
}

/** Whether more users than its owner can put names into a folder. */
export function isSharedFolder({ mode }: Pick<Owned, 'mode'>): boolean {
  return (mode & writableByGroupOrOthers) !== 0
}

/** Whether nobody else can take an entry of a folder away, or put another one in its place; in /tmp only its owner can. */
export function isStable(folder: Owned, entry: Pick<Owned, 'uid'>): boolean {
  if (!isWritableByOthers(folder)) return true
  return isTrusted(folder.uid) && (folder.mode & sticky) !== 0 && isTrusted(entry.uid)
}
