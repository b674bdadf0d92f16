/** castellan user rotate: gives a user of SNMPv3 new passphrases. */
import { usmUserTable } from '../../agent/internal/usm-users.ts'
import { defineCommand } from '../../lib/cli/command.ts'
import { exitCodes } from '../../lib/cli/exit-codes.ts'
import { print } from '../../lib/cli/print.ts'
import type { Home } from '../../lib/home/home.ts'
import { anyDefinition } from '../../lib/mib/declare.ts'
import { hexadecimal } from '../../lib/mib/syntax.ts'
import { openConfiguration } from '../agent/configuration.ts'
import { passphrases } from '../credentials/passphrases.ts'
import {
  actAsAgent,
  credentialsOf,
  localUser,
  type PassphraseOption,
  passphraseFile,
  passphraseHelp,
  thisEngine,
  usersNamed,
  verifyOnRunningAgent,
} from './file.ts'
import { protocolsOf, userRow } from './rows.ts'

export const userRotate = defineCommand({
  name: 'rotate',
  operands: '<name>',
  summary: 'give a user new passphrases, and verify them',
  details: passphraseHelp,
  example: 'castellan user rotate nms',
  options: { passphraseFile },
  async run({ home, operands: [name = ''], options }) {
    print(await rotateUser(home, name, options))
    return exitCodes.ok
  },
})

/** Gives a user new passphrases; protocols and group stay, and so do keys for other engines, where the receiver has its own. */
export async function rotateUser(home: Home, name: string, options: PassphraseOption): Promise<string> {
  const given = actAsAgent(home, `castellan user rotate ${name}`, options.passphraseFile)
  const configuration = await openConfiguration(home)
  const before = localUser(configuration, name)
  const protocols = protocolsOf(before)
  const phrases = await passphrases(given, protocols.priv !== undefined, { areNew: true })
  const after = userRow(name, thisEngine, protocols, phrases, await configuration.keepEngineId(), before)
  await configuration.config.persist([{ definition: anyDefinition(usmUserTable), before, after }])
  const unchanged = usersNamed(configuration, name)
    .filter(({ usmUserEngineID }) => usmUserEngineID.length > 0)
    .map(({ usmUserEngineID }) => hexadecimal(usmUserEngineID))
    .map((id) => `keys for informs to engine ${id} stay; to change them: castellan user add ${name} --engine ${id}`)
  return [
    `user ${name} has new keys`,
    ...unchanged,
    await verifyOnRunningAgent(home, configuration.address, credentialsOf(name, protocols, phrases)),
    '',
  ].join('\n')
}
