/** NOTIFICATION-LOG-MIB (RFC 3014): the last notifications, for a manager that missed them. One log, the nameless one. */

import { OctetAccount } from '../../lib/bounds/octet-account.ts'
import type { Log } from '../../lib/log/log.ts'
import type { RowOf } from '../../lib/mib/declare.ts'
import { anyServing, type MibModule, type Serving, serve } from '../../lib/mib/module.ts'
import type { View } from '../../lib/mib/view.ts'
import { oid } from '../../lib/smi/oid.ts'
import type { Clock } from '../../lib/time/clock.ts'
import type { NotificationMessage } from '../../snmp/notification.ts'
import { passesFilter } from '../notify/filter.ts'
import { LogEntries, type NotificationSource } from './notification-log-entries.ts'
import { NotificationJournal } from './notification-log-journal.ts'
import { LogRows, nameless } from './notification-log-rows.ts'
import { mostEntries, nlmConfig, nlmConfigLogTable, nlmStats, nlmStatsLogTable } from './notification-log-tables.ts'

/** Of an agent that says nothing else. */
const logOctets = 32 * 1024 * 1024

/** Not of the file, and so not gone when the file has no line of it. */
const defaultLog: RowOf<typeof nlmConfigLogTable> = {
  nlmLogName: '',
  nlmConfigLogFilterName: '',
  nlmConfigLogEntryLimit: 0,
  nlmConfigLogAdminStatus: 'enabled',
  nlmConfigLogStorageType: 'volatile',
  nlmConfigLogEntryStatus: 'active',
}

export interface NotificationLogOptions {
  /** A filter of snmpNotifyFilterTable by its profile's name. */
  readonly filterNamed: (name: string) => View | undefined
  readonly engineId: Uint8Array
  /** What the log may hold in octets. */
  readonly account?: OctetAccount
}

export type NotificationLog = ReturnType<typeof notificationLog>

export function notificationLog({
  filterNamed,
  engineId,
  account = new OctetAccount(logOctets),
}: NotificationLogOptions) {
  let journal: NotificationJournal | undefined
  const entries = new LogEntries({
    account,
    limits: () =>
      [globals.table.get({})?.nlmConfigGlobalEntryLimit, logs.table.get(nameless)?.nlmConfigLogEntryLimit].map(
        (limit) => limit || mostEntries,
      ),
    onChange: () => rows.changed(),
    onAdd: (entry) => journal?.add(entry),
  })
  const rows = new LogRows(() => entries.held, engineId)
  const globals = serve(nlmConfig, { commit: () => ({ finish: () => entries.trim() }) })
  globals.table.put({ nlmConfigGlobalEntryLimit: 20_000, nlmConfigGlobalAgeOut: 1440 })
  const logs = serve(nlmConfigLogTable, {
    live: {
      nlmConfigLogOperStatus: ({ nlmConfigLogAdminStatus, nlmConfigLogFilterName }) => {
        if (nlmConfigLogAdminStatus === 'disabled') return 'disabled'
        return filterNamed(nlmConfigLogFilterName) ? 'operational' : 'noFilter'
      },
    },
    test({ before, after }) {
      // The nameless log is ours to make, and the only one.
      if (!before) return { status: 'noCreation', column: 'nlmConfigLogEntryStatus' }
      if (after?.nlmConfigLogEntryStatus === 'active') return undefined
      return { status: 'inconsistentValue', column: 'nlmConfigLogEntryStatus' }
    },
    // RFC 3014: the nameless log is always there; a file that does not speak of it has the default one.
    commit: ({ after }) => ({ finish: () => (after ? entries.trim() : logs.table.put(defaultLog)) }),
  })
  logs.table.put(defaultLog)

  const module: MibModule = {
    name: 'notification-log',
    description: 'NOTIFICATION-LOG-MIB: the last notifications (RFC 3014)',
    oid: oid('1.3.6.1.2.1.92'),
    tables: [...[globals, logs].map(anyServing), ...serveCounts(entries), ...rows.tables],
  }
  /** Takes out what is older than nlmConfigGlobalAgeOut, by the clock that nobody sets. */
  const age = (clock: Clock): void => {
    const minutes = globals.table.get({})?.nlmConfigGlobalAgeOut ?? 0
    if (minutes > 0) entries.removeUntil(clock.monotonicMs() - minutes * 60_000)
  }
  return {
    module,
    configured: [globals, logs].map(anyServing),
    /** Takes what earlier starts logged, and keeps what comes from now on in the same file. */
    async keepIn(path: string, { log, clock }: { readonly log: Log; readonly clock: Clock }): Promise<void> {
      const kept = new NotificationJournal({ path, log, clock, held: () => entries.held })
      const { entries: before, lastIndex } = await kept.read()
      entries.restore(before, lastIndex)
      age(clock)
      journal = kept
    },
    /** Resolves when what was logged is in the file. */
    stop: async (): Promise<void> => journal?.stop(),
    /** Puts a notification into the log, when its filter lets it in. */
    add(message: NotificationMessage, clock: Clock, source: NotificationSource = 'agent'): void {
      const log = logs.table.get(nameless)
      const filter = filterNamed(log?.nlmConfigLogFilterName ?? '')
      if (log?.nlmConfigLogAdminStatus !== 'enabled' || !filter || !passesFilter(filter, message)) return
      entries.add(message, clock, source)
    },
    age,
  }
}

function serveCounts(entries: LogEntries): Serving[] {
  const counts = serve(nlmStats, {
    live: {
      nlmStatsGlobalNotificationsLogged: () => entries.logged >>> 0,
      nlmStatsGlobalNotificationsBumped: () => entries.bumped >>> 0,
    },
  })
  counts.table.put({})
  const logCounts = serve(nlmStatsLogTable, {
    live: {
      nlmStatsLogNotificationsLogged: () => entries.logged >>> 0,
      nlmStatsLogNotificationsBumped: () => entries.bumped >>> 0,
    },
  })
  logCounts.table.put(nameless)
  return [counts, logCounts].map(anyServing)
}
