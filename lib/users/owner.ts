/** Users and groups by name, as chown has them: read from /etc/passwd and /etc/group. */
import { readFileSync } from 'node:fs'
import { entryIn, numberIn } from './accounts.ts'

export interface Owner {
  readonly uid: number
  readonly gid: number
}

/**
 * `user`, `user:group`, `:group`, or numbers for either; the user's own group where none is named, and the user of this
 * process where only a group is. Undefined when there is no such user or group.
 */
export function ownerNamed(text: string): Owner | undefined {
  const [user = '', group] = text.split(':')
  const account = find('/etc/passwd', user)
  const uid = isNumber(user) ? Number(user) : user === '' ? process.geteuid?.() : numberIn(account, 2)
  const gid =
    group === undefined
      ? numberIn(account, 3)
      : isNumber(group)
        ? Number(group)
        : numberIn(find('/etc/group', group), 2)
  return uid === undefined || gid === undefined ? undefined : { uid, gid }
}

/** The name of a user as commands take it; the number where there is no name. */
export function nameOfUser(uid: number): string {
  return find('/etc/passwd', String(uid))?.[0] ?? String(uid)
}

/** The same of a group. */
export function nameOfGroup(gid: number): string {
  return find('/etc/group', String(gid))?.[0] ?? String(gid)
}

function find(path: string, wanted: string): string[] | undefined {
  return entryIn(readFileSync(path, 'utf8'), isNumber(wanted) ? `#${wanted}` : wanted)
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text)
}
