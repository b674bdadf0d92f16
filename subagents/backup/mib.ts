/** The tables of CASTELLAN-BACKUP-MIB: devices, features, schedules, jobs, their history, the archives of each device. */
import { column, defineScalars, defineTable, foreignIndex } from '../../lib/mib/declare.ts'
import {
  bits,
  counter32,
  counter64,
  dateAndTimeOrNever,
  enumeration,
  gauge32,
  octetString,
  rowStatus,
  storageType,
  textOctets,
  truthValue,
  unsigned32,
} from '../../lib/mib/syntax.ts'
import {
  castellanText,
  drs,
  harmless,
  jobType,
  live,
  never,
  noResult,
  percent,
  reference,
  result,
  row,
  trigger,
} from './mib-syntax.ts'

export const drsGlobals = defineScalars({
  name: 'drsGlobals',
  oid: `${drs}.1`,
  objects: {
    drsMasterAgentStatus: column(1, enumeration({ up: 1, down: 2, starting: 3 }), 'read-only', live),
    drsMasterAgentNode: column(2, castellanText(0, 255), 'read-only', { ...live, ...harmless }),
    drsSoftwareVersion: column(3, castellanText(0, 255), 'read-only', { ...live, ...harmless }),
    drsCurrentJob: column(4, reference(), 'read-only', live),
    drsLastBackupTime: column(5, dateAndTimeOrNever(), 'read-only', live),
    drsLastBackupResult: column(6, result(), 'read-only', live),
    drsLastRestoreResult: column(7, result(), 'read-only', live),
    drsMaxDevices: column(8, unsigned32(), 'read-only', live),
    drsMaxSchedules: column(9, unsigned32(), 'read-only', live),
    drsHistoryLimit: column(10, unsigned32(1, 1000), 'read-write', { defaultValue: 20 }),
    drsNotificationsEnabled: column(11, truthValue(), 'read-write', { defaultValue: true }),
    drsDeviceNextIndex: column(12, reference(), 'read-only', live),
    drsScheduleNextIndex: column(13, reference(), 'read-only', live),
    drsJobNextIndex: column(14, reference(), 'read-only', live),
    drsLastDrillTime: column(15, dateAndTimeOrNever(), 'read-only', live),
    drsLastDrillResult: column(16, result(), 'read-only', live),
    drsMaxBackupAgeDays: column(17, unsigned32(0, 3650), 'read-write', { defaultValue: 0 }),
    drsMaxDrillAgeDays: column(18, unsigned32(0, 3650), 'read-write', { defaultValue: 0 }),
    drsReadBack: column(19, truthValue(), 'read-write', { defaultValue: true }),
    drsNodeNextIndex: column(20, reference(), 'read-only', live),
  },
  cnf: ['drsHistoryLimit', 'drsNotificationsEnabled', 'drsMaxBackupAgeDays', 'drsMaxDrillAgeDays', 'drsReadBack'],
})

export const drsDeviceTable = defineTable({
  name: 'drsDeviceTable',
  oid: `${drs}.2`,
  index: { drsDeviceIndex: column(1, row(), 'not-accessible') },
  columns: {
    drsDeviceName: column(2, castellanText(1, 64), 'read-create', harmless),
    drsDeviceType: column(3, enumeration({ tape: 1, network: 2, local: 3 }), 'read-create', {
      defaultValue: 'network',
    }),
    drsDeviceServer: column(4, castellanText(0, 255), 'read-create', { ...harmless, defaultValue: '' }),
    drsDevicePort: column(5, unsigned32(1, 65_535), 'read-create', { defaultValue: 22 }),
    drsDevicePath: column(6, castellanText(0, 1024), 'read-create', { ...harmless, defaultValue: '' }),
    drsDeviceUserName: column(7, castellanText(0, 255), 'read-create', { ...harmless, defaultValue: '' }),
    drsDevicePassword: column(8, textOctets(0, 255), 'read-create', { secret: true, defaultValue: new Uint8Array() }),
    drsDeviceHostKey: column(9, castellanText(0, 1024), 'read-create', { ...harmless, defaultValue: '' }),
    drsDeviceTapeId: column(10, castellanText(0, 255), 'read-create', { ...harmless, defaultValue: '' }),
    drsDeviceRetention: column(11, unsigned32(1, 1000), 'read-create', { defaultValue: 2 }),
    drsDeviceOperStatus: column(
      12,
      enumeration({
        unknown: 1,
        ready: 2,
        unreachable: 3,
        authFailed: 4,
        pathMissing: 5,
        notWritable: 6,
        full: 7,
        busy: 8,
      }),
      'read-only',
      { defaultValue: 'unknown' },
    ),
    drsDeviceValidate: column(13, enumeration({ idle: 1, validate: 2 }), 'read-create', {
      readsAs: 'idle',
      defaultValue: 'idle',
    }),
    drsDeviceLastCheck: column(14, dateAndTimeOrNever(), 'read-only', never),
    drsDeviceFreeKBytes: column(15, gauge32(), 'read-only', { defaultValue: 0 }),
    drsDeviceStorageType: column(16, storageType(), 'read-create', { defaultValue: 'nonVolatile' }),
    drsDeviceRowStatus: column(17, rowStatus(), 'read-create'),
    drsDevicePrivateKey: column(18, textOctets(0, 8192), 'read-create', {
      secret: true,
      defaultValue: new Uint8Array(),
    }),
    drsDeviceMaxKBytesPerSecond: column(19, unsigned32(), 'read-create', { defaultValue: 0 }),
    drsDeviceShownHostKey: column(20, castellanText(0, 1024), 'read-only', { ...harmless, defaultValue: '' }),
    drsDeviceError: column(21, castellanText(0, 1024), 'read-only', { ...harmless, defaultValue: '' }),
    drsDeviceAllowOldAlgorithms: column(22, truthValue(), 'read-create', { defaultValue: false }),
  },
  cnf: [
    'drsDeviceIndex',
    'drsDeviceName',
    'drsDeviceType',
    'drsDeviceServer',
    'drsDevicePort',
    'drsDevicePath',
    'drsDeviceUserName',
    'drsDevicePassword',
    'drsDeviceHostKey',
    'drsDeviceTapeId',
    'drsDeviceRetention',
    'drsDeviceStorageType',
    'drsDevicePrivateKey',
    'drsDeviceMaxKBytesPerSecond',
    'drsDeviceAllowOldAlgorithms',
  ],
})

export const drsFeatureTable = defineTable({
  name: 'drsFeatureTable',
  oid: `${drs}.3`,
  index: { drsFeatureIndex: column(1, row(), 'not-accessible') },
  columns: {
    drsFeatureName: column(2, castellanText(1, 64), 'read-only', harmless),
    drsFeatureDescr: column(3, castellanText(0, 255), 'read-only', { ...harmless, defaultValue: '' }),
    drsFeatureRequired: column(4, truthValue(), 'read-only', { defaultValue: false }),
    drsFeatureComponents: column(5, gauge32()),
    drsFeatureLastBackup: column(6, dateAndTimeOrNever(), 'read-only', never),
  },
})

export const drsComponentTable = defineTable({
  name: 'drsComponentTable',
  oid: `${drs}.4`,
  index: {
    drsFeatureIndex: foreignIndex(drsFeatureTable.columns.drsFeatureIndex),
    drsComponentIndex: column(1, row(), 'not-accessible'),
  },
  columns: {
    drsComponentName: column(2, castellanText(1, 64), 'read-only', harmless),
    drsComponentNode: column(3, castellanText(0, 255), 'read-only', harmless),
    drsComponentRegState: column(4, enumeration({ registered: 1, lost: 2, neverSeen: 3 }), 'read-only', {
      defaultValue: 'registered',
    }),
    drsComponentOrder: column(5, unsigned32(), 'read-only', { defaultValue: 0 }),
    drsComponentLastResult: column(6, result(), 'read-only', noResult),
    drsComponentLastTime: column(7, dateAndTimeOrNever(), 'read-only', never),
  },
})

/** What backup.cnf adds to the features that every appliance has. */
export const drsSourceTable = defineTable({
  name: 'drsSourceTable',
  oid: `${drs}.13`,
  index: { drsSourceIndex: column(1, row(), 'not-accessible') },
  columns: {
    drsSourceFeature: column(2, castellanText(1, 64), 'read-only', harmless),
    drsSourceName: column(3, castellanText(1, 64), 'read-only', harmless),
    drsSourceKind: column(4, enumeration({ files: 1, database: 2, command: 3 })),
    drsSource: column(5, castellanText(1, 1024), 'read-only', { command: true }),
    drsSourceRestoreCommand: column(6, castellanText(0, 1024), 'read-only', { command: true, defaultValue: '' }),
    drsSourceLimitSeconds: column(7, unsigned32(1, 86_400), 'read-only', { defaultValue: 3600 }),
  },
  cnf: [
    'drsSourceIndex',
    'drsSourceFeature',
    'drsSourceName',
    'drsSourceKind',
    'drsSource',
    'drsSourceRestoreCommand',
    'drsSourceLimitSeconds',
  ],
})

export const weekDays = {
  sunday: 0,
  monday: 1,
  tuesday: 2,
  wednesday: 3,
  thursday: 4,
  friday: 5,
  saturday: 6,
} as const

export const drsScheduleTable = defineTable({
  name: 'drsScheduleTable',
  oid: `${drs}.5`,
  index: { drsScheduleIndex: column(1, row(), 'not-accessible') },
  columns: {
    drsScheduleName: column(2, castellanText(1, 64), 'read-create', harmless),
    drsScheduleDevice: column(3, reference(), 'read-create', { defaultValue: 0 }),
    drsScheduleStart: column(4, dateAndTimeOrNever(), 'read-create'),
    drsScheduleFrequency: column(5, enumeration({ once: 1, daily: 2, weekly: 3, monthly: 4 }), 'read-create', {
      defaultValue: 'weekly',
    }),
    drsScheduleWeekDays: column(6, bits(weekDays), 'read-create', {
      // What "Set Default" of DRS gives.
      defaultValue: new Set<keyof typeof weekDays>(['tuesday', 'wednesday', 'thursday', 'friday', 'saturday']),
    }),
    drsScheduleAdminStatus: column(7, enumeration({ enabled: 1, disabled: 2 }), 'read-create', {
      defaultValue: 'disabled',
    }),
    drsScheduleRunNow: column(8, enumeration({ idle: 1, run: 2 }), 'read-create', {
      readsAs: 'idle',
      defaultValue: 'idle',
    }),
    drsScheduleNextRun: column(9, dateAndTimeOrNever(), 'read-only', live),
    drsScheduleLastRun: column(10, dateAndTimeOrNever(), 'read-only', live),
    drsScheduleLastResult: column(11, result(), 'read-only', live),
    drsScheduleMissed: column(12, counter32(), 'read-only', live),
    drsScheduleStorageType: column(13, storageType(), 'read-create', { defaultValue: 'nonVolatile' }),
    drsScheduleRowStatus: column(14, rowStatus(), 'read-create'),
    drsScheduleTask: column(15, enumeration({ backup: 1, drill: 2 }), 'read-create', { defaultValue: 'backup' }),
    drsScheduleWhenMissed: column(16, enumeration({ skip: 1, runLate: 2 }), 'read-create', {
      defaultValue: 'runLate',
    }),
    drsScheduleError: column(17, castellanText(0, 255), 'read-only', { ...live, ...harmless }),
  },
  cnf: [
    'drsScheduleIndex',
    'drsScheduleName',
    'drsScheduleDevice',
    'drsScheduleStart',
    'drsScheduleFrequency',
    'drsScheduleWeekDays',
    'drsScheduleAdminStatus',
    'drsScheduleStorageType',
    'drsScheduleTask',
    'drsScheduleWhenMissed',
  ],
})

export const drsScheduleFeatureTable = defineTable({
  name: 'drsScheduleFeatureTable',
  oid: `${drs}.6`,
  index: {
    drsScheduleIndex: foreignIndex(drsScheduleTable.columns.drsScheduleIndex),
    drsFeatureIndex: foreignIndex(drsFeatureTable.columns.drsFeatureIndex),
  },
  columns: { drsScheduleFeatureRowStatus: column(1, rowStatus(), 'read-create') },
  cnf: ['drsScheduleIndex', 'drsFeatureIndex'],
})

export const drsJobTable = defineTable({
  name: 'drsJobTable',
  oid: `${drs}.7`,
  index: { drsJobIndex: column(1, row(), 'not-accessible') },
  columns: {
    drsJobType: column(2, jobType(), 'read-create', { defaultValue: 'backup' }),
    drsJobTrigger: column(3, trigger(), 'read-only', { defaultValue: 'snmp' }),
    drsJobSchedule: column(4, reference(), 'read-only', { defaultValue: 0 }),
    drsJobDevice: column(5, reference(), 'read-create', { defaultValue: 0 }),
    drsJobFileName: column(6, castellanText(0, 255), 'read-create', { ...harmless, defaultValue: '' }),
    drsJobFeatures: column(7, castellanText(0, 1024), 'read-create', { ...harmless, defaultValue: '' }),
    drsJobNodes: column(8, castellanText(0, 1024), 'read-create', { ...harmless, defaultValue: '' }),
    drsJobStatus: column(9, enumeration({ pending: 1, running: 2, canceling: 3, completed: 4 }), 'read-only', {
      defaultValue: 'pending',
    }),
    drsJobResult: column(10, result(), 'read-only', noResult),
    drsJobPercent: column(11, percent(), 'read-only', { defaultValue: 0 }),
    drsJobFeature: column(12, castellanText(0, 64), 'read-only', { ...harmless, defaultValue: '' }),
    drsJobComponent: column(13, castellanText(0, 64), 'read-only', { ...harmless, defaultValue: '' }),
    drsJobStartTime: column(14, dateAndTimeOrNever(), 'read-only', never),
    drsJobEndTime: column(15, dateAndTimeOrNever(), 'read-only', never),
    drsJobKBytes: column(16, gauge32(), 'read-only', { defaultValue: 0 }),
    drsJobLogFile: column(17, castellanText(0, 1024), 'read-only', { ...harmless, defaultValue: '' }),
    drsJobControl: column(18, enumeration({ none: 1, cancel: 2, keep: 3 }), 'read-create', {
      readsAs: 'none',
      defaultValue: 'none',
    }),
    drsJobRowStatus: column(19, rowStatus(), 'read-create'),
    drsJobAnyVersion: column(20, truthValue(), 'read-create', { defaultValue: false }),
    drsJobError: column(21, castellanText(0, 1024), 'read-only', { ...harmless, defaultValue: '' }),
    drsJobMaster: column(22, castellanText(0, 255), 'read-create', { ...harmless, defaultValue: '' }),
    drsJobRecipients: column(23, castellanText(0, 1024), 'read-create', { ...harmless, defaultValue: '' }),
    drsJobFingerprint: column(24, castellanText(0, 255), 'read-create', { ...harmless, defaultValue: '' }),
    drsJobPart: column(25, enumeration({ none: 1, complete: 2, partial: 3 }), 'read-only', noResult),
    drsJobPartOctets: column(26, counter64(), 'read-only', { defaultValue: 0n }),
    drsJobPartTarOctets: column(27, counter64(), 'read-only', { defaultValue: 0n }),
    drsJobPartHash: column(28, octetString(0, 32), 'read-only', { defaultValue: new Uint8Array() }),
    drsJobPartSigningKey: column(29, castellanText(0, 255), 'read-only', { ...harmless, defaultValue: '' }),
  },
})

export const drsJobComponentTable = defineTable({
  name: 'drsJobComponentTable',
  oid: `${drs}.8`,
  index: {
    drsJobIndex: foreignIndex(drsJobTable.columns.drsJobIndex),
    drsFeatureIndex: foreignIndex(drsFeatureTable.columns.drsFeatureIndex),
    drsComponentIndex: foreignIndex(drsComponentTable.columns.drsComponentIndex),
  },
  columns: {
    drsJobComponentStatus: column(
      1,
      enumeration({ waiting: 1, active: 2, done: 3, failed: 4, skipped: 5 }),
      'read-only',
    ),
    drsJobComponentPercent: column(2, percent()),
    drsJobComponentError: column(3, castellanText(0, 255), 'read-only', harmless),
  },
})

export const drsHistoryTable = defineTable({
  name: 'drsHistoryTable',
  oid: `${drs}.9`,
  index: {
    drsHistoryType: column(1, jobType(), 'not-accessible'),
    drsHistoryIndex: column(2, row(), 'not-accessible'),
  },
  columns: {
    drsHistoryFileName: column(3, castellanText(0, 255), 'read-only', harmless),
    drsHistoryDevice: column(4, castellanText(0, 64), 'read-only', harmless),
    drsHistoryCompleted: column(5, dateAndTimeOrNever()),
    drsHistoryResult: column(6, result()),
    drsHistoryFeatures: column(7, castellanText(0, 1024), 'read-only', harmless),
    drsHistoryTrigger: column(8, trigger()),
    drsHistoryDuration: column(9, unsigned32()),
    drsHistoryKBytes: column(10, gauge32()),
    drsHistoryVersion: column(11, castellanText(0, 255), 'read-only', harmless),
    drsHistoryError: column(12, castellanText(0, 255), 'read-only', harmless),
    drsHistoryNodes: column(13, castellanText(0, 1024), 'read-only', harmless),
  },
})

export const drsFileTable = defineTable({
  name: 'drsFileTable',
  oid: `${drs}.10`,
  index: {
    drsDeviceIndex: foreignIndex(drsDeviceTable.columns.drsDeviceIndex),
    drsFileIndex: column(1, row(), 'not-accessible'),
  },
  columns: {
    drsFileName: column(2, castellanText(0, 255), 'read-only', harmless),
    drsFileTime: column(3, dateAndTimeOrNever()),
    drsFileKBytes: column(4, gauge32()),
    drsFileVersion: column(5, castellanText(0, 255), 'read-only', harmless),
    drsFileFeatures: column(6, castellanText(0, 1024), 'read-only', harmless),
    drsFileRestorable: column(7, truthValue()),
    drsFileNodes: column(8, castellanText(0, 1024), 'read-only', harmless),
  },
})
