/** Users and groups by name, as chown has them: read from /etc/passwd and /etc/group. */
import { readFileSync } from 'node:fs'

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
  const account = find(readFileSync('/etc/passwd', 'utf8'), user, 2)
  const uid = /^\d+$/.test(user) ? Number(user) : user === '' ? process.geteuid?.() : numberOf(account, 2)
  const gid =
    group === undefined
      ? numberOf(account, 3)
      : /^\d+$/.test(group)
        ? Number(group)
        : numberOf(find(readFileSync('/etc/group', 'utf8'), group, 2), 2)
  return uid === undefined || gid === undefined ? undefined : { uid, gid }
}

/** The name of a user as commands take it; the number where there is no name. */
export function nameOfUser(uid: number): string {
  return nameIn('/etc/passwd', uid)
}

/** The same of a group. */
export function nameOfGroup(gid: number): string {
  return nameIn('/etc/group', gid)
}

function nameIn(table: string, id: number): string {
  return find(readFileSync(table, 'utf8'), String(id), 2)?.[0] ?? String(id)
}

/** The line of a name, or of a number in the column that has it. */
function find(table: string, wanted: string, numberColumn: number): string[] | undefined {
  if (wanted === '') return undefined
  return table
    .split('\n')
    .map((line) => line.split(':'))
    .find((fields) => fields[0] === wanted || fields[numberColumn] === wanted)
}

function numberOf(fields: string[] | undefined, column: number): number | undefined {
  const text = fields?.[column]
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}
