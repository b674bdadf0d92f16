/** castellan user remove: removes a user of SNMPv3. */
import { vacmSecurityToGroupTable } from '../../agent/internal/access-tables.ts'
import { usmUserTable } from '../../agent/internal/usm-users.ts'
import { defineCommand } from '../../lib/cli/command.ts'
import { exitCodes } from '../../lib/cli/exit-codes.ts'
import { print } from '../../lib/cli/print.ts'
import type { Home } from '../../lib/home/home.ts'
import { anyDefinition } from '../../lib/mib/declare.ts'
import { letAgentTake, verifyUserIsUnknown } from '../agent/agent-takes.ts'
import { openConfiguration } from '../agent/configuration.ts'
import { actAsAgent, memberOf, takenSentence, usersNamed } from './file.ts'

export const userRemove = defineCommand({
  name: 'remove',
  operands: '<name>',
  summary: 'remove a user',
  example: 'castellan user remove nms',
  exitCodes: { 0: 'it is removed, and the running agent does not know it any more' },
  options: {},
  async run({ home, operands: [name = ''] }) {
    print(await removeUser(home, name))
    return exitCodes.ok
  },
})

/** With its keys for all engines, and its group. */
export async function removeUser(home: Home, name: string): Promise<string> {
  actAsAgent(home, `castellan user remove ${name}`)
  const file = await openConfiguration(home)
  const users = usersNamed(file, name)
  if (users.length === 0) throw new Error(`there is no user ${name}`)
  const member = memberOf(file, name)
  await file.config.persist([
    ...users.map((before) => ({ definition: anyDefinition(usmUserTable), before, after: undefined })),
    { definition: anyDefinition(vacmSecurityToGroupTable), before: member, after: undefined },
  ])
  const isTaken = await letAgentTake(home)
  const wasLocal = users.some(({ usmUserEngineID }) => usmUserEngineID.length === 0)
  const proof = isTaken && wasLocal ? await verifyUserIsUnknown(file.address, name) : takenSentence(isTaken)
  return `removed user ${name}\n${proof}\n`
}
