/** castellan user list: the users of SNMPv3, their protocols and groups, from snmpd.cnf. Writes nothing. */
import { vacmSecurityToGroupTable } from '../../agent/internal/access-tables.ts'
import { isLocalUser, usmUserTable } from '../../agent/internal/usm-users.ts'
import { defineCommand } from '../../lib/cli/command.ts'
import { exitCodes } from '../../lib/cli/exit-codes.ts'
import { json } from '../../lib/cli/options.ts'
import { show } from '../../lib/cli/print.ts'
import { formatTable } from '../../lib/cli/table.ts'
import type { Home } from '../../lib/home/home.ts'
import { openConfiguration } from '../agent/configuration.ts'

export const userList = defineCommand({
  name: 'list',
  summary: 'list users, their protocols and groups',
  example: 'castellan user list --json',
  options: { json },
  async run({ home, options }) {
    const users = await listUsers(home)
    show(users, options.json, () => formatUsers(users))
    return exitCodes.ok
  },
})

interface ListedUser {
  readonly name: string
  readonly auth: string
  readonly priv: string
  /** Undefined for one that is in none, and may do nothing. */
  readonly group: string | undefined
  /** In hexadecimal, of the receiver of informs that the user is for; undefined for users of this agent. */
  readonly engineId: string | undefined
}

export async function listUsers(home: Home): Promise<ListedUser[]> {
  const file = await openConfiguration(home)
  const members = file.rows(vacmSecurityToGroupTable).filter((one) => one.vacmSecurityModel === 'usm')
  const { usmUserAuthProtocol: auth, usmUserPrivProtocol: priv } = usmUserTable.columns
  return file.rows(usmUserTable).map((row) => ({
    name: row.usmUserName,
    auth: auth.syntax.format(row.usmUserAuthProtocol),
    priv: priv.syntax.format(row.usmUserPrivProtocol),
    group: members.find((one) => one.vacmSecurityName === row.usmUserName)?.vacmGroupName,
    engineId: isLocalUser(row) ? undefined : Buffer.from(row.usmUserEngineID).toString('hex'),
  }))
}

export function formatUsers(users: readonly ListedUser[]): string {
  if (users.length === 0) return 'there are no users\n'
  const rows = users.map(({ name, auth, priv, group = '-', engineId }) => [
    ...[name, auth, priv, group].map((text) => ({ text })),
    { text: engineId === undefined ? '' : `at engine ${engineId}` },
  ])
  return formatTable(rows, { isColoured: false })
}
