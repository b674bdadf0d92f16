/**
 * Giving up root, for a moment or for good. The kernel's no_new_privs is not at hand in Node.js: a set-user-ID program
 * could still be run afterwards, which a unit of systemd (NoNewPrivileges=) or a mount with nosuid prevents.
 */

import { codeOf, messageOf } from '../errors.ts'
import { type Credentials, readCredentials } from '../proc/credentials.ts'
import type { Account } from './accounts.ts'
import { posixProcess } from './posix.ts'

/** Whether this process may become somebody else. */
export function isRoot(): boolean {
  return process.geteuid?.() === 0
}

/**
 * Acts with the rights of an account: files that are made are its own, and no link leads to what it may not have. Only
 * what runs at once: nothing may be started meanwhile, for a program would inherit the way back.
 */
export function actAs<T>(account: Account, act: () => T): T {
  const posix = posixProcess()
  const before = { groups: posix.getgroups(), gid: posix.getegid() }
  setGroups(account)
  posix.setegid(account.gid)
  posix.seteuid(account.uid)
  try {
    return act()
  } finally {
    posix.seteuid(0)
    posix.setegid(before.gid)
    posix.setgroups(before.groups)
  }
}

/** Becomes the account, in all threads, and makes sure that there is no way back. Throws when root is not given up entirely. */
export function becomeForGood(account: Account): void {
  try {
    setGroups(account)
    posixProcess().setgid(account.gid)
    // Last, for it takes the right to do the others.
    posixProcess().setuid(account.uid)
  } catch (error) {
    throw new Error(`cannot become ${nameOf(account)}: ${messageOf(error)}`, { cause: error })
  }
  const left = whatIsLeft(account, readCredentials(process.pid)) ?? wayBack()
  if (left !== undefined) throw new Error(`cannot become ${nameOf(account)}: ${left}`)
}

/** `sipd (uid 994)`, for messages. */
export function nameOf({ name, uid }: Account): string {
  return name === undefined ? `uid ${uid}` : `${name} (uid ${uid})`
}

/** What a process still has that is not the account's; undefined when there is nothing. */
export function whatIsLeft({ uid, gid }: Account, credentials: Credentials | undefined): string | undefined {
  if (!credentials) return '/proc does not show whom the process runs as'
  const { uids, gids, groups, permittedCapabilities, effectiveCapabilities } = credentials
  if (uids.some((one) => one !== uid)) return `the process still has the uids ${uids.join(' ')}`
  if (gids.some((one) => one !== gid)) return `the process still has the gids ${gids.join(' ')}`
  if (gid !== 0 && groups.includes(0)) return 'the process is still in the group of root'
  if ((permittedCapabilities | effectiveCapabilities) !== 0n) return 'the process still has capabilities'
  return undefined
}

function setGroups({ name, gid }: Account): void {
  if (name === undefined) posixProcess().setgroups([gid])
  else posixProcess().initgroups(name, gid)
}

function wayBack(): string | undefined {
  for (const become of [() => posixProcess().setuid(0), () => posixProcess().seteuid(0)]) {
    try {
      become()
      return 'the process can become root again'
    } catch (error) {
      if (codeOf(error) !== 'EPERM') throw error
    }
  }
  return undefined
}
