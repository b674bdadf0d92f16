/** NOTIFICATION-LOG-MIB (RFC 3014): the last notifications, for a manager that missed them. One log, the nameless one. */

import { OctetAccount } from '../../lib/bounds/octet-account.ts'
import { column, defineScalars, defineTable, foreignIndex, type RowOf } from '../../lib/mib/declare.ts'
import { anyServing, type MibModule, serve } from '../../lib/mib/module.ts'
import {
  counter32,
  counter64,
  dateAndTime,
  enumeration,
  integer32,
  ipAddress,
  objectIdentifier,
  octetString,
  opaque,
  rowStatus,
  storageType,
  timeStamp,
  timeTicks,
  unsigned32,
} from '../../lib/mib/syntax.ts'
import type { View } from '../../lib/mib/view.ts'
import { oid } from '../../lib/smi/oid.ts'
import type { SnmpValue } from '../../lib/smi/value.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { type NotificationMessage, octetsHeldBy } from '../../snmp/notification.ts'
import type { TrustDomainName } from '../agentx/trust.ts'
import { passesFilter } from '../notify/filter.ts'
import { adminString } from './conventions.ts'

const objects = '1.3.6.1.2.1.92.1'
/** Where both limits say that there is none, memory does. */
const mostEntries = 10_000
/** Of an agent that says nothing else. */
const logOctets = 32 * 1024 * 1024

export const nlmConfig = defineScalars({
  name: 'nlmConfig',
  oid: `${objects}.1`,
  objects: {
    nlmConfigGlobalEntryLimit: column(1, unsigned32(), 'read-write'),
    nlmConfigGlobalAgeOut: column(2, unsigned32(), 'read-write'),
  },
  cnf: ['nlmConfigGlobalEntryLimit', 'nlmConfigGlobalAgeOut'],
})

export const nlmConfigLogTable = defineTable({
  name: 'nlmConfigLogTable',
  oid: `${objects}.1.3`,
  index: { nlmLogName: column(1, adminString(0, 32), 'not-accessible') },
  columns: {
    nlmConfigLogFilterName: column(2, adminString(0, 32), 'read-create', { defaultValue: '' }),
    nlmConfigLogEntryLimit: column(3, unsigned32(), 'read-create', { defaultValue: 0 }),
    nlmConfigLogAdminStatus: column(4, enumeration({ enabled: 1, disabled: 2 }), 'read-create', {
      defaultValue: 'enabled',
    }),
    nlmConfigLogOperStatus: column(5, enumeration({ disabled: 1, operational: 2, noFilter: 3 }), 'read-only', {
      presence: 'live',
    }),
    nlmConfigLogStorageType: column(6, storageType(), 'read-create', { defaultValue: 'nonVolatile' }),
    nlmConfigLogEntryStatus: column(7, rowStatus(), 'read-create'),
  },
  cnf: [
    'nlmLogName',
    'nlmConfigLogFilterName',
    'nlmConfigLogEntryLimit',
    'nlmConfigLogAdminStatus',
    'nlmConfigLogStorageType',
  ],
})

export const nlmStats = defineScalars({
  name: 'nlmStats',
  oid: `${objects}.2`,
  objects: {
    nlmStatsGlobalNotificationsLogged: column(1, counter32(), 'read-only', { presence: 'live' }),
    nlmStatsGlobalNotificationsBumped: column(2, counter32(), 'read-only', { presence: 'live' }),
  },
})

export const nlmStatsLogTable = defineTable({
  name: 'nlmStatsLogTable',
  oid: `${objects}.2.3`,
  index: { nlmLogName: foreignIndex(nlmConfigLogTable.columns.nlmLogName) },
  columns: {
    nlmStatsLogNotificationsLogged: column(1, counter32(), 'read-only', { presence: 'live' }),
    nlmStatsLogNotificationsBumped: column(2, counter32(), 'read-only', { presence: 'live' }),
  },
})

export const nlmLogTable = defineTable({
  name: 'nlmLogTable',
  oid: `${objects}.3.1`,
  index: {
    nlmLogName: foreignIndex(nlmConfigLogTable.columns.nlmLogName),
    nlmLogIndex: column(1, unsigned32(1), 'not-accessible'),
  },
  columns: {
    nlmLogTime: column(2, timeStamp()),
    nlmLogDateAndTime: column(3, dateAndTime()),
    nlmLogEngineID: column(4, octetString(0, 32, 'SnmpEngineID')),
    nlmLogEngineTAddress: column(5, octetString(0, 255, 'TAddress')),
    nlmLogEngineTDomain: column(6, objectIdentifier('TDomain')),
    nlmLogContextEngineID: column(7, octetString(0, 32, 'SnmpEngineID')),
    nlmLogContextName: column(8, adminString(0, 255)),
    nlmLogNotificationID: column(9, objectIdentifier()),
  },
})

const valueTypes = {
  Counter32: 'counter32',
  Gauge32: 'unsigned32',
  TimeTicks: 'timeTicks',
  Integer32: 'integer32',
  IpAddress: 'ipAddress',
  OctetString: 'octetString',
  ObjectIdentifier: 'objectId',
  Counter64: 'counter64',
  Opaque: 'opaque',
} as const

const contents = { contents: true } as const
const value = { presence: 'maybe', ...contents } as const

/** Whatever notifications held, log lines and arguments among it. */
export const nlmLogVariableTable = defineTable({
  name: 'nlmLogVariableTable',
  oid: `${objects}.3.2`,
  index: {
    nlmLogName: foreignIndex(nlmConfigLogTable.columns.nlmLogName),
    nlmLogIndex: foreignIndex(nlmLogTable.columns.nlmLogIndex),
    nlmLogVariableIndex: column(1, unsigned32(1), 'not-accessible'),
  },
  columns: {
    nlmLogVariableID: column(2, objectIdentifier(), 'read-only', contents),
    nlmLogVariableValueType: column(
      3,
      enumeration({
        counter32: 1,
        unsigned32: 2,
        timeTicks: 3,
        integer32: 4,
        ipAddress: 5,
        octetString: 6,
        objectId: 7,
        counter64: 8,
        opaque: 9,
      }),
      'read-only',
      contents,
    ),
    nlmLogVariableCounter32Val: column(4, counter32(), 'read-only', value),
    nlmLogVariableUnsigned32Val: column(5, unsigned32(), 'read-only', value),
    nlmLogVariableTimeTicksVal: column(6, timeTicks(), 'read-only', value),
    nlmLogVariableInteger32Val: column(7, integer32(), 'read-only', value),
    nlmLogVariableOctetStringVal: column(8, octetString(), 'read-only', value),
    nlmLogVariableIpAddressVal: column(9, ipAddress(), 'read-only', value),
    nlmLogVariableOidVal: column(10, objectIdentifier(), 'read-only', value),
    nlmLogVariableCounter64Val: column(11, counter64(), 'read-only', value),
    nlmLogVariableOpaqueVal: column(12, opaque(), 'read-only', value),
  },
})

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
  readonly engineId: () => Uint8Array
  /** What the log may hold in octets. */
  readonly account?: OctetAccount
}

/** Who notified: the agent itself, or a process at one of its AgentX sockets. */
export type NotificationSource = 'agent' | TrustDomainName

interface HeldEntry {
  readonly index: number
  readonly loggedMonotonicMs: number
  readonly variables: number
  readonly octets: number
  readonly source: NotificationSource
}

/** What programs of others notify may take this part of the log, so that it does not push out what is ours. */
const partOfOthers = 1 / 4

export function notificationLog({
  filterNamed,
  engineId,
  account = new OctetAccount(logOctets),
}: NotificationLogOptions) {
  let logged = 0
  let bumped = 0
  let lastIndex = 0
  /** What the log holds, oldest first. */
  const held: HeldEntry[] = []

  const globals = serve(nlmConfig, { commit: () => ({ finish: () => trim() }) })
  globals.table.put({ nlmConfigGlobalEntryLimit: 1000, nlmConfigGlobalAgeOut: 1440 })
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
    commit: ({ after }) => ({ finish: () => (after ? trim() : logs.table.put(defaultLog)) }),
  })
  logs.table.put(defaultLog)
  const counts = serve(nlmStats, {
    live: {
      nlmStatsGlobalNotificationsLogged: () => logged >>> 0,
      nlmStatsGlobalNotificationsBumped: () => bumped >>> 0,
    },
  })
  counts.table.put({})
  const logCounts = serve(nlmStatsLogTable, {
    live: {
      nlmStatsLogNotificationsLogged: () => logged >>> 0,
      nlmStatsLogNotificationsBumped: () => bumped >>> 0,
    },
  })
  logCounts.table.put({ nlmLogName: '' })
  const entries = serve(nlmLogTable)
  const variables = serve(nlmLogVariableTable)

  const remove = (at: number): void => {
    const [entry] = held.splice(at, 1)
    if (!entry) return
    const { index, variables: count, octets, source } = entry
    entries.table.delete({ nlmLogName: '', nlmLogIndex: index })
    for (let i = 1; i <= count; i++)
      variables.table.delete({ nlmLogName: '', nlmLogIndex: index, nlmLogVariableIndex: i })
    account.give(octets, source)
  }
  const bump = (at: number): void => {
    remove(at)
    bumped++
  }
  const mostNow = (): number => {
    const limits = [
      globals.table.get({})?.nlmConfigGlobalEntryLimit,
      logs.table.get({ nlmLogName: '' })?.nlmConfigLogEntryLimit,
    ]
    return Math.min(mostEntries, ...limits.map((limit) => limit || mostEntries))
  }
  const trim = (): void => {
    const most = mostNow()
    while (held.length > most) bump(0)
  }
  /** Lets the oldest ones give way to a new one, of others to one of theirs; false when it is larger than the log. */
  const makeRoom = (octets: number, source: NotificationSource): boolean => {
    if (source === 'others') {
      const mostOctets = account.most * partOfOthers
      const entriesOfOthers = (): number => held.filter((entry) => entry.source === source).length
      if (octets > mostOctets) return false
      while (account.heldBy(source) + octets > mostOctets || entriesOfOthers() >= Math.ceil(mostNow() * partOfOthers))
        bump(held.findIndex((entry) => entry.source === source))
    }
    if (octets > account.most) return false
    while (account.held + octets > account.most) bump(0)
    return account.take(octets, source)
  }

  const module: MibModule = {
    name: 'notification-log',
    description: 'NOTIFICATION-LOG-MIB: the last notifications (RFC 3014)',
    oid: oid('1.3.6.1.2.1.92'),
    tables: [globals, logs, counts, logCounts, entries, variables].map(anyServing),
  }
  return {
    module,
    configured: [globals, logs].map(anyServing),
    /** Puts a notification into the log, when its filter lets it in. */
    add(message: NotificationMessage, clock: Clock, source: NotificationSource = 'agent'): void {
      const log = logs.table.get({ nlmLogName: '' })
      const filter = filterNamed(log?.nlmConfigLogFilterName ?? '')
      if (log?.nlmConfigLogAdminStatus !== 'enabled' || !filter || !passesFilter(filter, message)) return
      const octets = octetsInLog(message)
      if (!makeRoom(octets, source)) {
        account.refuse()
        return
      }
      lastIndex = lastIndex === 0xffff_ffff ? 1 : lastIndex + 1
      entries.table.put({
        nlmLogName: '',
        nlmLogIndex: lastIndex,
        nlmLogTime: message.upTimeTicks,
        nlmLogDateAndTime: new Date(clock.now()),
        nlmLogEngineID: new Uint8Array(0),
        nlmLogEngineTAddress: new Uint8Array(0),
        nlmLogEngineTDomain: [0, 0],
        nlmLogContextEngineID: engineId(),
        nlmLogContextName: '',
        nlmLogNotificationID: message.trapOid,
      })
      for (const [i, { name, value }] of message.varbinds.entries())
        variables.table.put({
          nlmLogName: '',
          nlmLogIndex: lastIndex,
          nlmLogVariableIndex: i + 1,
          nlmLogVariableID: name,
          ...typed(value),
        })
      held.push({
        index: lastIndex,
        loggedMonotonicMs: clock.monotonicMs(),
        variables: message.varbinds.length,
        octets,
        source,
      })
      logged++
      trim()
    },
    /** Takes out what is older than nlmConfigGlobalAgeOut, by the clock that nobody sets. */
    age(clock: Clock): void {
      const minutes = globals.table.get({})?.nlmConfigGlobalAgeOut ?? 0
      if (minutes === 0) return
      while (held[0] && clock.monotonicMs() - held[0].loggedMonotonicMs > minutes * 60_000) remove(0)
    },
  }
}

/** Rows cost far more than what is in them. */
function octetsInLog({ trapOid, varbinds }: NotificationMessage): number {
  return octetsHeldBy(varbinds, 1400) + 1400 + 8 * trapOid.length
}

function typed(value: SnmpValue) {
  switch (value.type) {
    case 'Counter32':
      return { nlmLogVariableValueType: valueTypes.Counter32, nlmLogVariableCounter32Val: value.value }
    case 'Gauge32':
      return { nlmLogVariableValueType: valueTypes.Gauge32, nlmLogVariableUnsigned32Val: value.value }
    case 'TimeTicks':
      return { nlmLogVariableValueType: valueTypes.TimeTicks, nlmLogVariableTimeTicksVal: value.value }
    case 'Integer32':
      return { nlmLogVariableValueType: valueTypes.Integer32, nlmLogVariableInteger32Val: value.value }
    case 'IpAddress':
      return { nlmLogVariableValueType: valueTypes.IpAddress, nlmLogVariableIpAddressVal: value.value.join('.') }
    case 'ObjectIdentifier':
      return { nlmLogVariableValueType: valueTypes.ObjectIdentifier, nlmLogVariableOidVal: value.value }
    case 'Counter64':
      return { nlmLogVariableValueType: valueTypes.Counter64, nlmLogVariableCounter64Val: value.value }
    case 'Opaque':
      return { nlmLogVariableValueType: valueTypes.Opaque, nlmLogVariableOpaqueVal: value.value }
    default:
      return {
        nlmLogVariableValueType: valueTypes.OctetString,
        nlmLogVariableOctetStringVal: value.type === 'OctetString' ? value.value : new Uint8Array(0),
      }
  }
}
