/** The modules that only the engine can answer for, and what their tables mean for the engine. */
import type { StorageFigures } from '../../lib/files/storage.ts'
import type { Home } from '../../lib/home/home.ts'
import type { Log } from '../../lib/log/log.ts'
import { anyServing, type MibModule, serve } from '../../lib/mib/module.ts'
import type { RowChange } from '../../lib/mib/row-change.ts'
import { applyRules, type Rule } from '../../lib/mib/rules.ts'
import { castellanArc } from '../../lib/smi/enterprise.ts'
import type { ErrorStatus } from '../../lib/smi/error-status.ts'
import { oid } from '../../lib/smi/oid.ts'
import type { Statistics } from '../../snmp/engine/statistics.ts'
import { LocalV3 } from '../../snmp/local-v3.ts'
import type { OpenSessions } from '../agentx/open-sessions.ts'
import type { TargetCounts } from '../notify/originator.ts'
import { type Accounts, makeAccounts } from '../trust/accounts.ts'
import { accessTables } from './access.ts'
import { accessRule, communityRule, groupRule, userRule } from './access-rules.ts'
import { agentxAddressesOf } from './agentx-addresses.ts'
import { agentxListenRule } from './agentx-listen-rules.ts'
import { agentxModule } from './agentx-mib.ts'
import { castellanTables } from './castellan-tables.ts'
import { engineModule } from './engine.ts'
import { exposedCommunityRule } from './exposed-communities.ts'
import { listenRule } from './listen-rules.ts'
import { agentxLimits, agentxListenTable, defaultTimeoutLimitSeconds, snmpListenTable } from './listen-tables.ts'
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
  readonly v3?: LocalV3
  /** Which agentxSessionAdminStatus closes one of. */
  readonly sessions?: OpenSessions
  readonly accounts?: Accounts
  /** Whether what this process writes reaches its files. */
  readonly storage?: (() => StorageFigures) | undefined
  readonly counts?: TargetCounts
}

const nothing = new Uint8Array(0)
const noCounts: TargetCounts = {
  countsOf: () => ({ sent: 0, acknowledged: 0, lost: 0, waiting: 0, lastError: '' }),
}

export function internalModules(options: InternalOptions) {
  const { statistics, v3 = new LocalV3(nothing), accounts = makeAccounts() } = options
  const { sessions = new Map(), counts = noCounts } = options
  const { engineId } = v3
  const engine = engineModule(statistics, v3)
  const users = usmUsers(engineId)
  const targets = targetTables()
  const access = accessTables(engineId, targets.sourcesOf)
  const log = notificationLog({ filterNamed: targets.filterNamed, engineId, account: accounts['notification-log'] })
  const subagents = agentxModule(sessions)
  const listen = serve(snmpListenTable)
  const agentx = serve(agentxListenTable)
  const limits = serve(agentxLimits)
  limits.table.put({ agentxTimeoutLimit: defaultTimeoutLimitSeconds })
  const shown = castellanTables({ accounts, storage: options.storage, counts })
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
    tables: shown.tables,
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
        checks: rulesFor(options),
      },
    ],
    /** Modules whose rows change what the engine does. */
    administration: new Set<MibModule>([usmModule, accessModule, targetModule]),
    isAuthenTrapsEnabled: engine.isAuthenTrapsEnabled,
    describeModules: engine.describeModules,
    agentxAddresses: (home: Home) => agentxAddressesOf(home, [...agentx.table.rows()]),
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
      shown.showTargets(found)
      return found
    },
  }
}

/** Of all tables in snmpd.cnf. */
function rulesFor({ home, localNames = [] }: InternalOptions): readonly Rule[] {
  return [
    listenRule,
    exposedCommunityRule,
    ...(home ? [agentxListenRule(home)] : []),
    communityRule,
    groupRule(localNames),
    accessRule,
    userRule,
    targetRule,
    notifyRule,
    paramsRule,
    filterRule,
  ]
}
