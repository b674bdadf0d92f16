/** Lets the running agent take a file that a command has changed, and verifies that what may be done is so from then on. */
import { messageOf } from '../../lib/errors.ts'
import { controlSocketOf } from '../../lib/home/control-socket.ts'
import type { Home } from '../../lib/home/home.ts'
import { ControlError, control } from '../../lib/process/control.ts'
import { formatOid, oid } from '../../lib/smi/oid.ts'
import type { Credentials } from '../../snmp/manager/credentials.ts'
import { Manager, ReportError } from '../../snmp/manager/manager.ts'
import { addressToAsk, formatAddress } from '../../snmp/transport/udp.ts'
import { agentOf, letReload } from './daemons.ts'

const sysUpTime = oid('1.3.6.1.2.1.1.3.0')
const usmStatsUnknownUserNames = '1.3.6.1.6.3.15.1.1.3.0'

/**
 * Resolves when the running agent has taken its files; to false when none runs. Throws when one runs and goes on with what
 * it had, or does not say: what is in the files is not in force then, as far as is known.
 */
export async function letAgentTake(home: Home): Promise<boolean> {
  const agent = agentOf(home)
  if (!agent) return false
  try {
    await control(controlSocketOf(home, 'agent'), 'reload')
    return true
  } catch (cause) {
    if (cause instanceof ControlError)
      throw new Error(
        `the running agent goes on with what it had, for it cannot take its files: ${cause.message}; mend them and run: castellan reload`,
        { cause },
      )
    // An agent that was started by an older version has no such socket, and takes a signal all the same.
    letReload(agent, 'agent')
    throw new Error(
      `the running agent was signalled to take its files, but does not say whether it has (${messageOf(cause)}); logs/agent/agent.log does`,
      { cause },
    )
  }
}

/** Asks the agent for its up time as this user; throws with the reason when it does not answer. */
export async function verifyUser(address: string, credentials: Credentials): Promise<string> {
  const ticks = await withUser(address, credentials, async (manager) => {
    const [varbind] = await manager.get([sysUpTime])
    return varbind?.value.type === 'TimeTicks' ? varbind.value.value : 0
  })
  return `verified: ${credentials.userName} can query ${asked(address)}: sysUpTime.0 = ${(ticks / 100).toFixed(2)} s`
}

/** Asks the agent as a user that it must not know any more: it says so before it looks at any key (RFC 3414 §3.2 step 4). */
export async function verifyUserIsUnknown(address: string, userName: string): Promise<string> {
  const answer = await withUser(address, { userName, auth: undefined, priv: undefined }, (manager) =>
    manager.get([sysUpTime]).then(
      () => 'it answered',
      (error: unknown) => {
        if (error instanceof ReportError && formatOid(error.counter) === usmStatsUnknownUserNames) return undefined
        return messageOf(error)
      },
    ),
  )
  if (answer !== undefined)
    throw new Error(
      `${userName} is out of snmpd.cnf, but the agent at ${asked(address)} does not say that it is unknown: ${answer}`,
    )
  return `verified: the agent at ${asked(address)} does not know ${userName} any more`
}

/** As people write the address that is asked where the agent listens on all of them. */
function asked(address: string): string {
  return formatAddress(addressToAsk(address))
}

async function withUser<T>(
  address: string,
  credentials: Credentials,
  act: (manager: Manager) => Promise<T>,
): Promise<T> {
  const manager = new Manager({ ...addressToAsk(address), security: { version: 'v3', credentials }, retries: 1 })
  try {
    return await act(manager)
  } finally {
    manager.close()
  }
}
