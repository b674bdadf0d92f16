/** castellan user test: asks the running agent as a user of SNMPv3. */
import { defineCommand } from '../../lib/cli/command.ts'
import { exitCodes } from '../../lib/cli/exit-codes.ts'
import { print } from '../../lib/cli/print.ts'
import type { Home } from '../../lib/home/home.ts'
import { verifyUser } from '../agent/agent-takes.ts'
import { openConfiguration } from '../agent/configuration.ts'
import { passphrases } from '../credentials/passphrases.ts'
import { actAsAgent, credentialsOf, localUser, type PassphraseOption, passphraseFile, passphraseHelp } from './file.ts'
import { protocolsOf } from './rows.ts'

export const userTest = defineCommand({
  name: 'test',
  operands: '<name>',
  summary: 'ask the running agent as this user',
  details: passphraseHelp,
  example: 'castellan user test nms',
  exitCodes: { 0: 'the agent answered', 1: 'there is no such user, or the agent does not take it for that user' },
  options: { passphraseFile },
  async run({ home, operands: [name = ''], options }) {
    print(await testUser(home, name, options))
    return exitCodes.ok
  },
})

/** Asks the running agent for its up time as this user; throws with the reason when it does not answer. */
async function testUser(home: Home, name: string, options: PassphraseOption): Promise<string> {
  const given = actAsAgent(home, `castellan user test ${name}`, options.passphraseFile)
  const configuration = await openConfiguration(home)
  const protocols = protocolsOf(localUser(configuration, name))
  const phrases = await passphrases(given, protocols.priv !== undefined)
  return `${await verifyUser(configuration.address, credentialsOf(name, protocols, phrases))}\n`
}
