/** Users and groups as all name services of the system have them: from the files, and through getent(1) what is not in these. */
import { isSuccess } from '../../lib/program/exit.ts'
import { runProgram } from '../../lib/program/run.ts'
import { type Account, accountOf, entryIn, idOf, numberIn, readTable, type Table } from '../../lib/users/accounts.ts'

/** getent waits for LDAP and the like, which may be down. */
const answerWithinMs = 10_000
/** What useradd(8) takes and a little more; no option of getent begins so. */
const nameForm = /^[\w.][\w.@+$-]*$/

/** `name` or `#number`; a number without a name is in the group of the same number. Undefined when there is none. */
export async function findAccount(text: string): Promise<Account | undefined> {
  return accountOf(await findEntry('passwd', text), text)
}

/** The number of the group `name` or `#number`. */
export async function findGroup(text: string): Promise<number | undefined> {
  return idOf(text) ?? numberIn(await findEntry('group', text), 2)
}

async function findEntry(table: Table, wanted: string): Promise<string[] | undefined> {
  return entryIn(readTable(table), wanted) ?? entryIn(await askNameServices(table, wanted), wanted)
}

async function askNameServices(table: Table, wanted: string): Promise<string> {
  const key = String(idOf(wanted) ?? wanted)
  if (!nameForm.test(key)) return ''
  const { exit, output } = await runProgram({ argv: ['getent', table, key], limitMs: answerWithinMs })
  return isSuccess(exit) ? output : ''
}
