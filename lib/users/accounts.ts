/** Users and groups of the system, as /etc/passwd and /etc/group have them. */
import { readFileSync } from 'node:fs'

export interface Account {
  /** Undefined for a number that no user bears. */
  readonly name: string | undefined
  readonly uid: number
  readonly gid: number
}

export type Table = 'passwd' | 'group'

/** `name` or `#number` in /etc/passwd; a number without a name is in the group of the same number. Undefined when there is none. */
export function knownAccount(text: string): Account | undefined {
  return accountOf(entryIn(readTable('passwd'), text), text)
}

/** Whether /etc/group has it. */
export function isKnownGroup(text: string): boolean {
  return idOf(text) !== undefined || entryIn(readTable('group'), text) !== undefined
}

/** The number in `#number`, as Apache writes users that have no name. */
export function idOf(text: string): number | undefined {
  const id = /^#\d{1,10}$/.test(text) ? Number(text.slice(1)) : Number.NaN
  // 4294967295 is (uid_t) -1: "leave it as it is" to setresuid(2).
  return id < 0xffff_ffff ? id : undefined
}

/** The fields of a name, or of a number in the third column, which passwd(5) and group(5) both have it in. */
export function entryIn(table: string, wanted: string): string[] | undefined {
  if (wanted === '') return undefined
  const id = idOf(wanted)
  return table
    .split('\n')
    .map((line) => line.split(':'))
    .find((fields) => (id === undefined ? fields[0] === wanted : fields[2] === String(id)))
}

export function numberIn(fields: readonly string[] | undefined, column: number): number | undefined {
  const text = fields?.[column]
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}

/** The account in a line of passwd(5), or of a number that has no line. */
export function accountOf(fields: readonly string[] | undefined, text: string): Account | undefined {
  const uid = numberIn(fields, 2) ?? idOf(text)
  const gid = numberIn(fields, 3) ?? idOf(text)
  return uid === undefined || gid === undefined ? undefined : { name: fields?.[0], uid, gid }
}

/** The text of a table; empty where the system has none, and other name services. */
export function readTable(table: Table): string {
  try {
    return readFileSync(`/etc/${table}`, 'utf8')
  } catch {
    return ''
  }
}
