/** The modules that only the engine can answer for, and what their tables mean for the engine. */
import { join, resolve } from 'node:path'
import type { Home } from '../../lib/home.ts'
import { column, defineScalars, defineTable } from '../../lib/mib/declare.ts'
import { anyServing, type MibModule, serve } from '../../lib/mib/module.ts'
import { text, unsigned32 } from '../../lib/mib/syntax.ts'
import { ownerNamed } from '../../lib/owner.ts'
import { oid } from '../../lib/smi/oid.ts'
import type { AgentxAddress } from '../agentx/listen.ts'
import type { ChannelCounts } from '../notify/channel.ts'
import type { Usm } from '../security/usm/usm.ts'
import type { Statistics } from '../statistics.ts'
import { accessTables } from './access.ts'
import { agentxModule } from './agentx-mib.ts'
import { castellanNotify, castellanTargetTable } from './castellan-agent.ts'
import { engineModule } from './engine.ts'
import { notificationLog } from './notification-log.ts'
import { targetTables } from './targets.ts'
import { usmUsers } from './usm-users.ts'

/** Where the agent listens; a table of the file alone, served to nobody. */
const snmpListenTable = defineTable({
  name: 'snmpListenTable',
  oid: '0.0',
  index: { snmpListenAddress: column(1, text(1, 64), 'not-accessible') },
  columns: {},
  cnf: ['snmpListenAddress'],
})

/** Where subagents connect, as snmpListenTable: a path below the home, tcp:HOST:PORT, or none. */
const agentxListenTable = defineTable({
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

const defaultTimeoutLimitSeconds = 5

/** Seconds that a request waits for a subagent at most, whatever that one asks for; of the file alone. */
const agentxLimits = defineScalars({
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

export interface InternalOptions {
  readonly statistics: Statistics
  /** Nothing until the engine knows its boots; its objects are not there before. */
  readonly usm?: () => Usm | undefined
  /** Of this engine; known before the boots are. */
  readonly engineId?: () => Uint8Array
  /** Closes an AgentX session, as agentxSessionAdminStatus asks. */
  readonly closeSession?: (id: number) => void
  readonly countsOf?: (target: string) => ChannelCounts & { readonly waiting: number }
}

const nothing = new Uint8Array(0)
const noCounts = { sent: 0, acknowledged: 0, lost: 0, waiting: 0, lastError: '' }

export function internalModules(options: InternalOptions) {
  const { statistics, usm = () => undefined, engineId = () => nothing, countsOf = () => noCounts } = options
  const { closeSession = () => {} } = options
  const engine = engineModule(statistics, usm)
  const users = usmUsers(engineId)
  const targets = targetTables()
  const access = accessTables(engineId, targets.sourcesOf)
  const log = notificationLog({ filterNamed: targets.filterNamed, engineId })
  const subagents = agentxModule(closeSession)
  const listen = serve(snmpListenTable)
  const agentx = serve(agentxListenTable)
  const limits = serve(agentxLimits)
  limits.table.put({ agentxTimeoutLimit: defaultTimeoutLimitSeconds })
  const channels = serve(castellanTargetTable, {
    live: {
      castellanTargetSent: ({ snmpTargetAddrName }) => countsOf(snmpTargetAddrName).sent >>> 0,
      castellanTargetAcknowledged: ({ snmpTargetAddrName }) => countsOf(snmpTargetAddrName).acknowledged >>> 0,
      castellanTargetLost: ({ snmpTargetAddrName }) => countsOf(snmpTargetAddrName).lost >>> 0,
      castellanTargetWaiting: ({ snmpTargetAddrName }) => countsOf(snmpTargetAddrName).waiting,
      castellanTargetLastError: ({ snmpTargetAddrName }) => countsOf(snmpTargetAddrName).lastError,
    },
  })
  const text = serve(castellanNotify)
  const usmModule: MibModule = {
    name: 'snmp-users',
    description: 'SNMP-USER-BASED-SM-MIB: the users of SNMPv3 (RFC 3414)',
    oid: oid('1.3.6.1.6.3.15'),
    tables: users.servings,
  }
  const castellanModule: MibModule = {
    name: 'castellan-agent',
    description: 'CASTELLAN-AGENT-MIB: what became of notifications',
    oid: oid('1.3.6.1.4.1.32473.12.1'),
    tables: [channels, text].map(anyServing),
  }

  return {
    /** Each with the tables of it that snmpd.cnf holds. */
    modules: [
      { module: engine.module, configured: engine.configured },
      { module: usmModule, configured: users.servings },
      { module: access.module, configured: access.configured },
      { module: targets.module, configured: targets.configured },
      { module: log.module, configured: log.configured },
      { module: subagents.module, configured: [] },
      { module: castellanModule, configured: [listen, agentx, limits].map(anyServing) },
    ],
    /** Modules whose rows change what the engine does. */
    administration: new Set<MibModule>([usmModule, access.module, targets.module]),
    isAuthenTrapsEnabled: engine.isAuthenTrapsEnabled,
    describeModules: engine.describeModules,
    /** Where AgentX is spoken: the socket in run/ unless the file names others. */
    agentxAddresses: (home: Home): AgentxAddress[] => {
      const rows = [...agentx.table.rows()].filter((row) => row.agentxListenAddress !== 'none')
      if (agentx.table.size === 0) return [{ path: join(home.run, 'agentx.sock') }]
      return rows.map((row): AgentxAddress => {
        const tcp = /^tcp:(.+):(\d+)$/.exec(row.agentxListenAddress)
        if (tcp) return { host: tcp[1]!, port: Number(tcp[2]) }
        const owner = ownerNamed(row.agentxListenOwner)
        const folderOwner = ownerNamed(row.agentxListenFolderOwner)
        return {
          path: resolve(home.root, row.agentxListenAddress),
          mode: Number.parseInt(row.agentxListenMode, 8),
          folderMode: Number.parseInt(row.agentxListenFolderMode, 8),
          ...(owner ? { owner } : {}),
          ...(folderOwner ? { folderOwner } : {}),
        }
      })
    },
    agentxTimeoutLimitMs: () => (limits.table.get({})?.agentxTimeoutLimit ?? defaultTimeoutLimitSeconds) * 1000,
    showSubagents: subagents.show,
    listenAddresses: () => [...listen.table.rows()].map(({ snmpListenAddress }) => snmpListenAddress),
    users: users.read,
    communities: access.communities,
    vacm: access.vacm,
    log,
    /** The targets as they are now; castellanTargetTable has a row for each from here on. */
    targets() {
      const found = targets.targets()
      channels.table.replaceAll(found.map(({ name }) => ({ snmpTargetAddrName: name })))
      return found
    },
  }
}
