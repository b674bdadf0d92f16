/** Makes what the console asks the agent with: passphrases that only the console can read, and its users in snmpd.cnf. */

import { usmUserTable } from '../../agent/internal/usm-users.ts'
import { readConsoleConfig } from '../../console/config.ts'
import {
  type ConsoleCredentials,
  consoleCredentialsPath,
  consoleEnginePath,
  consoleProtocols,
  consoleUsers,
  makeConsoleCredentials,
  readConsoleCredentials,
} from '../../console/credentials.ts'
import { isNothingAt } from '../../lib/files/files.ts'
import { becomeUserOf } from '../../lib/home/act-as.ts'
import type { Home } from '../../lib/home/home.ts'
import { anyDefinition } from '../../lib/mib/declare.ts'
import { instanceOf } from '../../lib/mib/instance.ts'
import type { RowChange } from '../../lib/mib/row-change.ts'
import { anyRow } from '../../lib/mib/served.ts'
import { addressOctets } from '../../lib/net/address.ts'
import { keepEngineId } from '../../snmp/engine/engine-identity.ts'
import type { Address } from '../../snmp/transport/udp.ts'
import { letAgentTake } from '../agent/agent-takes.ts'
import { type Configuration, openConfiguration } from '../agent/configuration.ts'
import { thisEngine, userOf } from '../user/file.ts'
import { userRow } from '../user/rows.ts'
import { consoleRows, type WantedRow } from './rows.ts'

/** Whether `provisionConsole` was never done in this home. */
export function isUnprovisioned(home: Home): boolean {
  return isNothingAt(consoleCredentialsPath(home))
}

/**
 * Gives sentences that say what was made; none where all of it was there. Rows that are there stay as somebody made them, but for the
 * keys of new passphrases. Root becomes the agent's user for it, and stays that: what is left to do must need no more.
 */
export async function provisionConsole(home: Home): Promise<string[]> {
  const { listenAddress } = await readConsoleConfig(home)
  const known = await readConsoleCredentials(home)
  const credentials = known ?? (await makeConsoleCredentials(home))
  const engineId = await keepEngineId(consoleEnginePath(home))
  becomeUserOf(home, 'agent')
  const file = await openConfiguration(home)
  const changes = [
    ...(await userChanges(file, credentials, engineId, known !== undefined)),
    ...consoleRows(targetAddress(listenAddress)).flatMap((wanted) => missing(file, wanted)),
  ]
  if (changes.length === 0) return []
  await file.config.persist(changes)
  const isTaken = await letAgentTake(home)
  const done = `gave the console the SNMP users ${Object.values(consoleUsers).join(' and ')}, and the agent a target to inform it`
  return [isTaken ? `${done}; the running agent has taken it` : done]
}

async function userChanges(
  file: Configuration,
  credentials: ConsoleCredentials,
  consoleEngine: Uint8Array,
  areKept: boolean,
): Promise<RowChange[]> {
  const ownEngine = await file.keepEngineId()
  const { read, operate } = credentials
  // Of informs the receiver's engine is the authoritative one.
  const wanted = [
    { user: read, row: thisEngine, keysOf: ownEngine },
    { user: operate, row: thisEngine, keysOf: ownEngine },
    { user: read, row: consoleEngine, keysOf: consoleEngine },
  ]
  return wanted.flatMap(({ user, row, keysOf }) => {
    const before = userOf(file, user.userName, row)
    if (before && areKept) return []
    const phrases = { auth: user.auth?.passphrase ?? '', priv: user.priv?.passphrase ?? '' }
    const after = userRow(user.userName, row, consoleProtocols, phrases, keysOf, before)
    return [{ definition: anyDefinition(usmUserTable), before, after }]
  })
}

function missing(file: Configuration, { definition, row }: WantedRow): RowChange[] {
  const instance = instanceOf(definition, row).join('.')
  const isThere = file.rowsOf(definition).some((one) => instanceOf(definition, anyRow(one)).join('.') === instance)
  return isThere ? [] : [{ definition, before: undefined, after: row }]
}

/** As snmpTargetAddrTAddress has it (RFC 3417 §2, RFC 3419). */
function targetAddress({ host, port }: Address): Uint8Array {
  return Uint8Array.of(...(addressOctets(host) ?? []), port >> 8, port & 0xff)
}
