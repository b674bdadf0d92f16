/** Root gives up its rights where it works on the files of a lesser user, who may have put links in their place. */
import type { Domain, Home } from './home.ts'
import { isLaidOut, readerOf } from './layout.ts'

/**
 * From here on this process is the user that the daemon of the domain runs as, and may no more than that. Nothing happens
 * where it is not root, or where all of the home is one user's.
 */
export function becomeUserOf(home: Home, domain: Domain): void {
  if (process.geteuid?.() !== 0 || !isLaidOut(home)) return
  const { uid, gid } = readerOf(home, domain)
  if (uid === 0) return
  process.setgroups?.([])
  process.setgid?.(gid)
  process.setuid?.(uid)
}
