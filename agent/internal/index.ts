/** The modules that only the engine can answer for, and what their tables mean for the engine. */

import { statSync } from 'node:fs'
import type { OctetFigures } from '../../lib/bounds/octet-account.ts'
import { noFailures, type StorageFigures } from '../../lib/files/storage.ts'
import { foldersOf, type Home } from '../../lib/home/home.ts'
import type { Log } from '../../lib/log/log.ts'
import type { RowOf } from '../../lib/mib/declare.ts'
import { anyServing, type MibModule, serve } from '../../lib/mib/module.ts'
import type { RowChange } from '../../lib/mib/row-change.ts'
import { applyRules, type Rule } from '../../lib/mib/rules.ts'
import { reasonText } from '../../lib/mib/storage-group.ts'
import { castellanArc } from '../../lib/smi/enterprise.ts'
import type { ErrorStatus } from '../../lib/smi/error-status.ts'
import { oid } from '../../lib/smi/oid.ts'
import { ownerNamed } from '../../lib/users/owner.ts'
import type { Usm } from '../../snmp/security/usm/usm.ts'
import type { Statistics } from '../../snmp/statistics.ts'
import { type Accounts, makeAccounts } from '../accounts.ts'
import type { AgentxAddress } from '../agentx/listen.ts'
import { agentxSocket, type TrustDomainName } from '../agentx/trust.ts'
import type { ChannelCounts } from '../notify/channel.ts'
import { accessTables } from './access.ts'
import { accessRule, communityRule, groupRule, userRule } from './access-rules.ts'
import { agentxListenRule } from './agentx-listen-rules.ts'
import { agentxModule } from './agentx-mib.ts'
import { castellanAccountTable, castellanNotify, castellanStorage, castellanTargetTable } from './castellan-agent.ts'
import { engineModule } from './engine.ts'
import { exposedCommunityRule } from './exposed-communities.ts'
import { listenRule } from './listen-rules.ts'
import {
  agentxLimits,
  agentxListenTable,
  agentxPlaceOf,
  defaultTimeoutLimitSeconds,
  snmpListenTable,
} from './listen-tables.ts'
import { notificationLog } from './notification-log.ts'
import { rowsAfter } from './rows-after.ts'
import { filterRule, notifyRule, paramsRule, targetRule } from './target-rules.ts'
import { targetTables } from './targets.ts'
import { usmUsers } from './usm-users.ts'

export interface InternalOptions {
  readonly statistics: Statistics
  readonly log?: Log
  /** Whose files these are; rules about paths need it. */
  readonly home?: Home
  /** Security names of this agent's own modules: they act as users that nobody can log in as. */
  readonly localNames?: readonly string[]
  /** Nothing until the engine knows its boots; its objects are not there before. */
  readonly usm?: () => Usm | undefined
  /** Of this engine; known before the boots are. */
  readonly engineId?: () => Uint8Array
  /** Closes an AgentX session, as agentxSessionAdminStatus asks. */
  readonly closeSession?: (id: number) => void
  readonly accounts?: Accounts
  /** Whether what this process writes reaches its files. */
  readonly storage?: (() => StorageFigures) | undefined
  readonly countsOf?: (target: string) => ChannelCounts & { readonly waiting: number }
}

const nothing = new Uint8Array(0)
const noCounts = { sent: 0, acknowledged: 0, lost: 0, waiting: 0, lastError: '' }

export function internalModules(options: InternalOptions) {
  const { statistics, usm = () => undefined, engineId = () => nothing, countsOf = () => noCounts } = options
  const { closeSession = () => {}, accounts = makeAccounts() } = options
  const engine = engineModule(statistics, usm)
  const users = usmUsers(engineId)
  const targets = targetTables()
  const access = accessTables(engineId, targets.sourcesOf)
  const log = notificationLog({ filterNamed: targets.filterNamed, engineId, account: accounts['notification-log'] })
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
  const accountOf = (name: string): OctetFigures => accounts[name as keyof Accounts]
  const shown = serve(castellanAccountTable, {
    live: {
      castellanAccountHeld: ({ castellanAccountName }) => accountOf(castellanAccountName).held,
      castellanAccountMost: ({ castellanAccountName }) => accountOf(castellanAccountName).most,
      castellanAccountRefused: ({ castellanAccountName }) => accountOf(castellanAccountName).refused >>> 0,
    },
  })
  for (const castellanAccountName of Object.keys(accounts)) shown.table.put({ castellanAccountName })
  const storage = options.storage ?? noFailures
  const kept = serve(castellanStorage, {
    live: {
      castellanStorageFailures: () => storage().failures >>> 0,
      castellanStorageUnkept: () => storage().unkept,
      castellanStorageReason: () => reasonText(storage()),
    },
  })
  kept.table.put({})
  const usmModule: MibModule = {
    name: 'snmp-users',
    description: 'SNMP-USER-BASED-SM-MIB: the users of SNMPv3 (RFC 3414)',
    oid: oid('1.3.6.1.6.3.15'),
    tables: users.servings,
  }
  const castellanModule: MibModule = {
    name: 'castellan-agent',
    description: 'CASTELLAN-AGENT-MIB: what became of notifications, and what others make the agent hold',
    oid: oid(`${castellanArc}.12.1`),
    tables: [channels, text, shown, kept].map(anyServing),
  }

  const inForce = [...access.configured, ...targets.configured, anyServing(listen)]
  /** Whatever a SET accepts must start again, so it is held to the rule that a start is held to. */
  const test = (changes: readonly RowChange[]): ErrorStatus | undefined => {
    const [exposed] = applyRules([exposedCommunityRule], rowsAfter(inForce, changes))
    if (!exposed) return undefined
    options.log?.warn('a SET was refused', { reason: exposed.message })
    return 'inconsistentValue'
  }
  const accessModule: MibModule = { ...access.module, test }
  const targetModule: MibModule = { ...targets.module, test }

  const checks: readonly Rule[] = [
    listenRule,
    exposedCommunityRule,
    ...(options.home ? [agentxListenRule(options.home)] : []),
    communityRule,
    groupRule(options.localNames ?? []),
    accessRule,
    userRule,
    targetRule,
    notifyRule,
    paramsRule,
    filterRule,
  ]
  return {
    /** Each with the tables of it that snmpd.cnf holds. */
    modules: [
      { module: engine.module, configured: engine.configured },
      { module: usmModule, configured: users.servings },
      { module: accessModule, configured: access.configured },
      { module: targetModule, configured: targets.configured },
      { module: log.module, configured: log.configured },
      { module: subagents.module, configured: [] },
      {
        module: castellanModule,
        configured: [listen, agentx, limits].map(anyServing),
        checks, // of all tables in snmpd.cnf
      },
    ],
    /** Modules whose rows change what the engine does. */
    administration: new Set<MibModule>([usmModule, accessModule, targetModule]),
    isAuthenTrapsEnabled: engine.isAuthenTrapsEnabled,
    describeModules: engine.describeModules,
    /** Where AgentX is spoken: the sockets of our own processes, and for others what the file says. */
    agentxAddresses: (home: Home): { readonly domain: TrustDomainName; readonly address: AgentxAddress }[] => [
      { domain: 'subagents', address: { path: agentxSocket(home, 'subagents') } },
      { domain: 'sipd', address: { path: agentxSocket(home, 'sipd'), ...groupOfSipd(home) } },
      ...addressesOfOthers(home, [...agentx.table.rows()]).map((address) => ({ domain: 'others' as const, address })),
    ],
    agentxTimeoutLimitMs: () => (limits.table.get({})?.agentxTimeoutLimit ?? defaultTimeoutLimitSeconds) * 1000,
    showSubagents: subagents.show,
    listenAddresses: () => [...listen.table.rows()].map(({ snmpListenAddress }) => snmpListenAddress),
    users: users.read,
    communities: access.communities,
    vacm: access.vacm,
    guard: access.guard,
    log,
    /** The targets as they are now; castellanTargetTable has a row for each from here on. */
    targets() {
      const found = targets.targets()
      channels.table.replaceAll(found.map(({ name }) => ({ snmpTargetAddrName: name })))
      return found
    },
  }
}

/** The socket in run/agent unless the file names others, or `none`. */
function addressesOfOthers(home: Home, rows: readonly RowOf<typeof agentxListenTable>[]): AgentxAddress[] {
  if (rows.length === 0) return [{ path: agentxSocket(home, 'others') }]
  const listening = rows.filter((row) => row.agentxListenAddress !== 'none')
  return listening.flatMap((row): AgentxAddress[] => {
    const place = agentxPlaceOf(home, row.agentxListenAddress)
    if (!place || 'host' in place) return place ? [place] : []
    const owner = ownerNamed(row.agentxListenOwner)
    const folderOwner = ownerNamed(row.agentxListenFolderOwner)
    const socket = {
      path: place.path,
      mode: Number.parseInt(row.agentxListenMode, 8),
      folderMode: Number.parseInt(row.agentxListenFolderMode, 8),
      ...(owner ? { owner } : {}),
      ...(folderOwner ? { folderOwner } : {}),
    }
    return [socket]
  })
}

/** sipd may run as a user of its own, which its folder tells: then its group is let in at its socket. */
function groupOfSipd(home: Home): { readonly group?: number } {
  try {
    const { uid, gid } = statSync(foldersOf(home, 'sipd').run)
    return uid === process.geteuid?.() ? {} : { group: gid }
  } catch {
    return {} // there is no sipd yet
  }
}
