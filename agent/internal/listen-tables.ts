/** Where the agent listens: tables of snmpd.cnf alone, served to nobody. */
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import type { Home } from '../../lib/home/home.ts'
import { column, defineScalars, defineTable } from '../../lib/mib/declare.ts'
import { text, unsigned32 } from '../../lib/mib/syntax.ts'
import { ownerNamed } from '../../lib/users/owner.ts'
import { parseAddress } from '../../snmp/transport/udp.ts'

export const snmpListenTable = defineTable({
  name: 'snmpListenTable',
  oid: '0.0',
  index: { snmpListenAddress: column(1, text(1, 64), 'not-accessible') },
  columns: {},
  cnf: ['snmpListenAddress'],
})

/** Where subagents connect, as snmpListenTable: a path below the home, tcp:HOST:PORT, or none. */
export const agentxListenTable = defineTable({
  name: 'agentxListenTable',
  oid: '0.0',
  index: { agentxListenAddress: column(1, text(1, 255), 'not-accessible') },
  columns: {
    agentxListenMode: column(0, octalMode(), 'not-accessible', { defaultValue: '600' }),
    agentxListenOwner: column(0, knownOwner(), 'not-accessible', { defaultValue: '' }),
    agentxListenFolderMode: column(0, octalMode(), 'not-accessible', { defaultValue: '755' }),
    agentxListenFolderOwner: column(0, knownOwner(), 'not-accessible', { defaultValue: '' }),
  },
  cnf: [
    'agentxListenAddress',
    'agentxListenMode',
    'agentxListenOwner',
    'agentxListenFolderMode',
    'agentxListenFolderOwner',
  ],
})

export const defaultTimeoutLimitSeconds = 5

/** Seconds that a request waits for a subagent at most, whatever that one asks for; of the file alone. */
export const agentxLimits = defineScalars({
  name: 'agentxLimits',
  oid: '0.0',
  objects: {
    agentxTimeoutLimit: column(1, unsigned32(1, 255), 'not-accessible', { defaultValue: defaultTimeoutLimitSeconds }),
  },
  cnf: ['agentxTimeoutLimit'],
})

/** Of the Unix socket or its folder, `user` or `user:group` as chown has it; empty: the user that the agent runs as. */
function knownOwner() {
  const plain = text(0, 65)
  return { ...plain, parse: (typed: string) => (typed === '' || ownerNamed(typed) ? typed : undefined) }
}

/** Of the Unix socket or its folder, in octal as chmod has it. */
function octalMode() {
  const plain = text(3, 4)
  return { ...plain, parse: (typed: string) => (/^0?[0-7]{3}$/.test(typed) ? typed : undefined) }
}

export type AgentxPlace = { readonly path: string } | { readonly host: string; readonly port: number }

/** What an agentxListenAddress other than `none` names; undefined when it begins as tcp:HOST:PORT and is none. */
export function agentxPlaceOf(home: Home, address: string): AgentxPlace | undefined {
  if (!address.startsWith('tcp:')) return { path: resolve(home.root, address) }
  const place = parseAddress(address.slice('tcp:'.length))
  const isHost = place !== undefined && (isIP(place.host) !== 0 || /^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(place.host))
  return isHost ? place : undefined
}
