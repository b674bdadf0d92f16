/** CASTELLAN-CRITAPP-MIB: critical applications, supervised. mibs/CASTELLAN-CRITAPP-MIB.txt says what each object means. */

import { column, defineNotification, defineScalars, defineTable } from '../../lib/mib/declare.ts'
import {
  counter32,
  dateAndTime,
  enumeration,
  gauge32,
  integer32,
  rowStatus,
  storageType,
  text,
  timeInterval,
  timeStamp,
  timeTicks,
  truthValue,
  unsigned32,
} from '../../lib/mib/syntax.ts'
import { castellanArc } from '../../lib/smi/enterprise.ts'

const critApp = `${castellanArc}.12.29`
const castellanText = (min = 0, max = 1024) => text(min, max, 'CastellanText')
const upDown = () => enumeration({ up: 1, down: 2 })

export const critAppProcTable = defineTable({
  name: 'critAppProcTable',
  oid: `${critApp}.1.1`,
  index: { critAppProcIndex: column(1, integer32(1, 0x7fff_ffff), 'not-accessible') },
  columns: {
    critAppProcName: column(2, castellanText(1, 255), 'read-create'),
    critAppStartCommand: column(3, castellanText(), 'read-create', { command: true }),
    critAppTerminateCommand: column(4, castellanText(), 'read-create', { command: true }),
    critAppAdminStatus: column(5, upDown(), 'read-create', { defaultValue: 'down' }),
    critAppRestartOnExit: column(6, truthValue(), 'read-create', { defaultValue: false }),
    critAppRestartInterval: column(7, timeInterval(), 'read-create', { defaultValue: 3000 }),
    critAppTrapOnExit: column(8, truthValue(), 'read-create', { defaultValue: true }),
    critAppTrapOnStart: column(9, truthValue(), 'read-create', { defaultValue: true }),
    critAppFindOnStartup: column(10, truthValue(), 'read-create', { defaultValue: true }),
    critAppOperStatus: column(11, upDown(), 'read-only', { defaultValue: 'down' }),
    critAppProcState: column(
      12,
      enumeration({
        running: 1,
        stopped: 2,
        starting: 3,
        stopping: 4,
        restartWait: 5,
        failed: 6,
        adopted: 7,
        unknown: 8,
      }),
      'read-only',
      { defaultValue: 'unknown' },
    ),
    critAppProcPid: column(13, unsigned32(), 'read-only', { defaultValue: 0 }),
    critAppProcCount: column(14, gauge32(), 'read-only', { defaultValue: 0 }),
    critAppProcUpTime: column(15, timeTicks(), 'read-only', { presence: 'live' }),
    critAppLastStartTime: column(16, dateAndTime(), 'read-only', { presence: 'maybe' }),
    critAppLastExitTime: column(17, dateAndTime(), 'read-only', { presence: 'maybe' }),
    critAppLastExitCode: column(18, integer32(-1, 255), 'read-only', { defaultValue: -1 }),
    critAppLastExitSignal: column(19, integer32(0, 255), 'read-only', { defaultValue: 0 }),
    critAppRestarts: column(20, counter32(), 'read-only', { defaultValue: 0 }),
    critAppExits: column(21, counter32(), 'read-only', { defaultValue: 0 }),
    critAppLastError: column(22, castellanText(0, 255), 'read-only', { contents: false, defaultValue: '' }),
    critAppGracefulCommand: column(23, castellanText(), 'read-create', { command: true, defaultValue: '' }),
    critAppGracefulRestart: column(24, enumeration({ idle: 1, restart: 2 }), 'read-create', {
      readsAs: 'idle',
      defaultValue: 'idle',
    }),
    critAppMaxRestarts: column(25, unsigned32(), 'read-create', { defaultValue: 0 }),
    critAppRestartWindow: column(26, unsigned32(), 'read-create', { defaultValue: 600 }),
    critAppStopTimeout: column(27, unsigned32(1, 3600), 'read-create', { defaultValue: 30 }),
    critAppStartOrder: column(28, unsigned32(0, 65_535), 'read-create', { defaultValue: 0 }),
    critAppProcStorageType: column(29, storageType(), 'read-create', { defaultValue: 'nonVolatile' }),
    critAppProcRowStatus: column(30, rowStatus(), 'read-create'),
    critAppUnit: column(31, castellanText(0, 255), 'read-create', { command: true, defaultValue: '' }),
    critAppHealthKind: column(32, enumeration({ none: 1, command: 2, tcp: 3, sip: 4 }), 'read-create', {
      defaultValue: 'none',
    }),
    critAppHealthTarget: column(33, castellanText(), 'read-create', { command: true, defaultValue: '' }),
    critAppHealthInterval: column(34, unsigned32(1, 3600), 'read-create', { defaultValue: 30 }),
    critAppHealthTimeout: column(35, unsigned32(1, 300), 'read-create', { defaultValue: 5 }),
    critAppHealthFailures: column(36, unsigned32(1, 100), 'read-create', { defaultValue: 3 }),
    critAppHealthStatus: column(37, enumeration({ unknown: 1, healthy: 2, failing: 3 }), 'read-only', {
      defaultValue: 'unknown',
    }),
  },
  cnf: [
    'critAppProcIndex',
    'critAppProcName',
    'critAppStartCommand',
    'critAppTerminateCommand',
    'critAppAdminStatus',
    'critAppRestartOnExit',
    'critAppRestartInterval',
    'critAppTrapOnExit',
    'critAppTrapOnStart',
    'critAppFindOnStartup',
    // Beyond the ancestor's fields; a line may end before these.
    'critAppStopTimeout',
    'critAppProcStorageType',
    'critAppGracefulCommand',
    'critAppMaxRestarts',
    'critAppRestartWindow',
    'critAppStartOrder',
    'critAppUnit',
    'critAppHealthKind',
    'critAppHealthTarget',
    'critAppHealthInterval',
    'critAppHealthTimeout',
    'critAppHealthFailures',
  ],
})

export const critAppGlobals = defineScalars({
  name: 'critAppGlobals',
  oid: `${critApp}.2`,
  objects: {
    critAppTrapWhenNotAllRunning: column(1, truthValue(), 'read-write', { defaultValue: false }),
    critAppTrapWhenAllRunning: column(2, truthValue(), 'read-write', { defaultValue: false }),
    critAppAllRunningInterval: column(3, unsigned32(0, 86_400), 'read-write', { defaultValue: 0 }),
    critAppTotal: column(4, gauge32(), 'read-only', { presence: 'live' }),
    critAppRunning: column(5, gauge32(), 'read-only', { presence: 'live' }),
    critAppAllRunning: column(6, truthValue(), 'read-only', { presence: 'live' }),
    critAppNextIndex: column(7, integer32(0, 0x7fff_ffff), 'read-only', { presence: 'live' }),
    critAppConfigLastChange: column(8, timeStamp()),
    critAppCommandsWritable: column(9, truthValue(), 'read-only', { defaultValue: false }),
  },
  cnf: [
    'critAppTrapWhenNotAllRunning',
    'critAppTrapWhenAllRunning',
    'critAppAllRunningInterval',
    'critAppCommandsWritable',
  ],
})

const {
  critAppProcName,
  critAppOperStatus,
  critAppLastExitCode,
  critAppLastExitSignal,
  critAppRestarts,
  critAppProcPid,
  critAppProcState,
  critAppLastError,
} = critAppProcTable.columns

export const critAppProcExited = defineNotification({
  name: 'critAppProcExited',
  oid: `${critApp}.3.0.1`,
  objects: { critAppProcName, critAppOperStatus, critAppLastExitCode, critAppLastExitSignal, critAppRestarts },
})

export const critAppProcStarted = defineNotification({
  name: 'critAppProcStarted',
  oid: `${critApp}.3.0.2`,
  objects: { critAppProcName, critAppOperStatus, critAppProcPid, critAppProcState },
})

const { critAppTotal, critAppRunning } = critAppGlobals.columns

export const critAppNotAllRunning = defineNotification({
  name: 'critAppNotAllRunning',
  oid: `${critApp}.3.0.3`,
  objects: { critAppProcName, critAppOperStatus, critAppTotal, critAppRunning },
})

export const critAppAllNowRunning = defineNotification({
  name: 'critAppAllNowRunning',
  oid: `${critApp}.3.0.4`,
  objects: { critAppTotal, critAppRunning },
})

export const critAppRestartFailed = defineNotification({
  name: 'critAppRestartFailed',
  oid: `${critApp}.3.0.5`,
  objects: { critAppProcName, critAppRestarts, critAppLastExitCode, critAppLastError },
})
