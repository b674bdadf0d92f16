/** Users and groups by name, as chown has them: read from /etc/passwd and /etc/group. */
import { readFileSync } from 'node:fs'

export interface Owner {
  readonly uid: number
  readonly gid: number
}

/** `user`, `user:group`, or numbers for either; the user's own group where none is named. Undefined for who is not there. */
export function ownerNamed(text: string): Owner | undefined {
  const [user = '', group] = text.split(':')
  const passwd = readFileSync('/etc/passwd', 'utf8')
  const account = find(passwd, user, 2)
  const uid = /^\d+$/.test(user) ? Number(user) : account && Number(account[2])
  const gid =
    group === undefined
      ? account && Number(account[3])
      : /^\d+$/.test(group)
        ? Number(group)
        : Number(find(readFileSync('/etc/group', 'utf8'), group, 2)?.[2] ?? Number.NaN)
  return uid === undefined || gid === undefined || Number.isNaN(gid) ? undefined : { uid, gid }
}

/** The line of a name, or of a number in the column that has it. */
function find(table: string, wanted: string, numberColumn: number): string[] | undefined {
  return table
    .split('\n')
    .map((line) => line.split(':'))
    .find((fields) => fields[0] === wanted || fields[numberColumn] === wanted)
}
