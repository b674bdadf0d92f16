/** CASTELLAN-LOG-MIB: log files, watched and rotated. mibs/CASTELLAN-LOG-MIB.txt says what each object means. */

import { column, defineNotification, defineScalars, defineTable } from '../../lib/mib/declare.ts'
import { storageFailures, storageReason, storageUnkept } from '../../lib/mib/storage-group.ts'
import {
  counter32,
  dateAndTime,
  enumeration,
  gauge32,
  integer32,
  rowStatus,
  storageType,
  text,
  textOctets,
  timeStamp,
  truthValue,
  unsigned32,
} from '../../lib/mib/syntax.ts'
import { castellanArc } from '../../lib/smi/enterprise.ts'

const siLog = `${castellanArc}.12.40`
const castellanText = (min = 0, max = 1024) => text(min, max, 'CastellanText')
const yesNo = () => truthValue('YesNo', { yes: 1, no: 2 })
const live = { presence: 'live' } as const
/** Live, and yet a field of the ancestor's lines: a line has it so that those after it have their places. */
const seed = { presence: 'live', defaultValue: 0 } as const
const action = { readsAs: false, defaultValue: false } as const
const noLimit = { defaultValue: 0 } as const

export const siLogTable = defineTable({
  name: 'siLogTable',
  oid: `${siLog}.2`,
  index: { siLogIndex: column(1, integer32(1, 0x7fff_ffff), 'not-accessible') },
  columns: {
    siLogDescr: column(2, castellanText(0, 255), 'read-create', { defaultValue: '' }),
    siLogFileName: column(3, castellanText(1, 1024), 'read-create'),
    siLogRegExp: column(4, castellanText(), 'read-create', { contents: true, defaultValue: '' }),
    siLogResetMatches: column(5, yesNo(), 'read-create', action),
    siLogMatchStart: column(6, unsigned32(), 'read-create', { defaultValue: 0 }),
    siLogMatchStop: column(7, unsigned32(), 'read-create', { defaultValue: 0 }),
    siLogMatches: column(8, counter32(), 'read-only', seed),
    siLogMatchCommand: column(9, castellanText(), 'read-create', { command: true, defaultValue: '' }),
    siLogMatchTrap: column(10, yesNo(), 'read-create', { defaultValue: false }),
    siLogSize: column(11, gauge32(), 'read-only', seed),
    siLogMaxSize: column(12, unsigned32(), 'read-create', { defaultValue: 5_000_000 }),
    siLogMaxSizeCommand: column(13, castellanText(), 'read-create', { command: true, defaultValue: '' }),
    siLogMaxSizeTrap: column(14, yesNo(), 'read-create', { defaultValue: true }),
    siLogPollInterval: column(15, unsigned32(0, 86_400), 'read-create', { defaultValue: 10 }),
    siLogPollNow: column(16, yesNo(), 'read-create', action),
    siLogOwner: column(17, castellanText(0, 255), 'read-create', { defaultValue: '' }),
    siLogRowStatus: column(18, rowStatus(), 'read-create'),
    siLogOffset: column(19, gauge32(), 'read-only', seed),
    siLogTail: column(20, textOctets(0, 64), 'read-only', {
      presence: 'live',
      contents: true,
      defaultValue: new Uint8Array(0),
    }),
    siLogStorageType: column(21, storageType(), 'read-create', { defaultValue: 'nonVolatile' }),
    siLogSizeHigh: column(22, gauge32(), 'read-only', live),
    siLogSizeLow: column(23, unsigned32(), 'read-only', live),
    siLogSizeState: column(24, enumeration({ below: 1, above: 2, unknown: 3 }), 'read-only', live),
    siLogOperState: column(
      25,
      enumeration({
        ok: 1,
        noFile: 2,
        noPermission: 3,
        notRegular: 4,
        badRegExp: 5,
        disabled: 6,
        badEncoding: 7,
        refused: 8,
      }),
      'read-only',
      live,
    ),
    siLogLastMatch: column(26, castellanText(), 'read-only', { presence: 'live', contents: true }),
    siLogLastMatchTime: column(27, dateAndTime(), 'read-only', live),
    siLogLastPoll: column(28, dateAndTime(), 'read-only', live),
    siLogRotations: column(29, counter32(), 'read-only', live),
    siLogCommandResult: column(30, integer32(-1, 255), 'read-only', live),
    // More people read it than the pattern and the commands: it quotes neither.
    siLogLastError: column(31, castellanText(0, 255), 'read-only', { ...live, contents: false }),
    siLogMatchesSummarized: column(32, gauge32(), 'read-only', live),
    siLogRotateSize: column(33, unsigned32(), 'read-create', noLimit),
    siLogRotateSeconds: column(34, unsigned32(), 'read-create', noLimit),
    siLogRotateKeepFiles: column(35, unsigned32(), 'read-create', noLimit),
    siLogRotateKeepOctets: column(36, unsigned32(), 'read-create', noLimit),
    siLogRotateKeepSeconds: column(37, unsigned32(), 'read-create', noLimit),
    siLogRotateNow: column(38, yesNo(), 'read-create', action),
    siLogRotateLastError: column(39, castellanText(0, 255), 'read-only', { ...live, contents: false }),
    siLogFilesLost: column(40, counter32(), 'read-only', live),
  },
  cnf: [
    'siLogIndex',
    'siLogDescr',
    'siLogFileName',
    'siLogRegExp',
    'siLogResetMatches',
    'siLogMatchStart',
    'siLogMatchStop',
    'siLogMatches',
    'siLogMatchCommand',
    'siLogMatchTrap',
    'siLogSize',
    'siLogMaxSize',
    'siLogMaxSizeCommand',
    'siLogMaxSizeTrap',
    'siLogPollInterval',
    'siLogPollNow',
    'siLogOwner',
    'siLogRowStatus',
    // A line may end before these.
    'siLogOffset',
    'siLogTail',
    // Beyond the ancestor's fields.
    'siLogStorageType',
    'siLogRotateSize',
    'siLogRotateSeconds',
    'siLogRotateKeepFiles',
    'siLogRotateKeepOctets',
    'siLogRotateKeepSeconds',
  ],
})

export const siLogGlobals = defineScalars({
  name: 'siLogGlobals',
  oid: `${siLog}.1`,
  objects: {
    siLogGlobalPollInterval: column(1, unsigned32(0, 86_400), 'read-write'),
    siLogNextIndex: column(2, integer32(0, 0x7fff_ffff), 'read-only', live),
    siLogMonitored: column(3, gauge32(), 'read-only', live),
    siLogConfigLastChange: column(4, timeStamp()),
    siLogMaxNotifications: column(5, unsigned32(0, 100_000), 'read-write'),
    siLogDiskFloorOctets: column(6, unsigned32(), 'read-write'),
    siLogDiskFreeFolder: column(7, castellanText(), 'accessible-for-notify', { presence: 'maybe' }),
    siLogDiskFreeOctets: column(8, gauge32(), 'accessible-for-notify', { presence: 'maybe' }),
    siLogStorageFailures: storageFailures(9),
    siLogStorageUnkept: storageUnkept(9),
    siLogStorageReason: storageReason(9),
  },
  cnf: ['siLogGlobalPollInterval', 'siLogMaxNotifications', 'siLogDiskFloorOctets'],
})

const {
  siLogDescr,
  siLogFileName,
  siLogRegExp,
  siLogMatches,
  siLogLastMatch,
  siLogSize,
  siLogMaxSize,
  siLogOperState,
  siLogMatchesSummarized,
} = siLogTable.columns

export const siLogMatchFound = defineNotification({
  name: 'siLogMatchFound',
  oid: `${siLog}.3.0.1`,
  objects: { siLogDescr, siLogFileName, siLogRegExp, siLogMatches, siLogLastMatch },
})

export const siLogMaxSizeExceeded = defineNotification({
  name: 'siLogMaxSizeExceeded',
  oid: `${siLog}.3.0.2`,
  objects: { siLogDescr, siLogFileName, siLogSize, siLogMaxSize },
})

export const siLogMaxSizeCleared = defineNotification({
  name: 'siLogMaxSizeCleared',
  oid: `${siLog}.3.0.3`,
  objects: { siLogDescr, siLogFileName, siLogSize, siLogMaxSize },
})

export const siLogMonitorProblem = defineNotification({
  name: 'siLogMonitorProblem',
  oid: `${siLog}.3.0.4`,
  objects: { siLogDescr, siLogFileName, siLogOperState },
})

export const siLogMatchesSummary = defineNotification({
  name: 'siLogMatchesSummary',
  oid: `${siLog}.3.0.5`,
  objects: { siLogDescr, siLogFileName, siLogRegExp, siLogMatches, siLogMatchesSummarized, siLogLastMatch },
})

const { siLogDiskFloorOctets, siLogDiskFreeFolder, siLogDiskFreeOctets } = siLogGlobals.columns

export const siLogDiskFloorReached = defineNotification({
  name: 'siLogDiskFloorReached',
  oid: `${siLog}.3.0.6`,
  objects: { siLogDiskFloorOctets, siLogDiskFreeFolder, siLogDiskFreeOctets },
})

export const siLogDiskFloorCleared = defineNotification({
  name: 'siLogDiskFloorCleared',
  oid: `${siLog}.3.0.7`,
  objects: { siLogDiskFloorOctets, siLogDiskFreeFolder, siLogDiskFreeOctets },
})
