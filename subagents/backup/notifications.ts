/** The notifications of CASTELLAN-BACKUP-MIB: one for each alarm of DRS, and what happens to jobs and schedules. */
import { defineNotification } from '../../lib/mib/declare.ts'
import { drsJobTable, drsScheduleTable } from './mib.ts'
import { alarmIds, drsAlarmTable } from './mib-alarms.ts'
import { drs } from './mib-syntax.ts'

export type AlarmName = keyof typeof alarmIds

const { drsAlarmId, drsAlarmSeverity, drsAlarmText, drsAlarmObject, drsAlarmJob } = drsAlarmTable.columns

/** Named and numbered as its alarm. */
const ofAlarm = (id: AlarmName) =>
  defineNotification({
    name: `drs${id.charAt(0).toUpperCase()}${id.slice(1)}`,
    oid: `${drs}.12.0.${alarmIds[id]}`,
    objects: { drsAlarmId, drsAlarmSeverity, drsAlarmText, drsAlarmObject, drsAlarmJob },
  })

export const alarmNotifications = {
  backupDeviceError: ofAlarm('backupDeviceError'),
  backupFailure: ofAlarm('backupFailure'),
  backupInProgress: ofAlarm('backupInProgress'),
  internalProcessFailure: ofAlarm('internalProcessFailure'),
  la2maFailure: ofAlarm('la2maFailure'),
  localAgentStartFailure: ofAlarm('localAgentStartFailure'),
  ma2laFailure: ofAlarm('ma2laFailure'),
  maBackupComponentFailure: ofAlarm('maBackupComponentFailure'),
  maBackupNodeDisconnect: ofAlarm('maBackupNodeDisconnect'),
  maRestoreComponentFailure: ofAlarm('maRestoreComponentFailure'),
  maRestoreNodeDisconnect: ofAlarm('maRestoreNodeDisconnect'),
  masterAgentStartFailure: ofAlarm('masterAgentStartFailure'),
  noRegisteredComponent: ofAlarm('noRegisteredComponent'),
  noRegisteredFeature: ofAlarm('noRegisteredFeature'),
  restoreDeviceError: ofAlarm('restoreDeviceError'),
  restoreFailure: ofAlarm('restoreFailure'),
  sftpFailure: ofAlarm('sftpFailure'),
  backupTooOld: ofAlarm('backupTooOld'),
  drillTooOld: ofAlarm('drillTooOld'),
} as const satisfies Record<AlarmName, unknown>

const { drsJobType, drsJobTrigger, drsJobDevice, drsJobResult, drsJobFileName, drsJobEndTime } = drsJobTable.columns
const { drsScheduleName, drsScheduleMissed, drsScheduleNextRun } = drsScheduleTable.columns

export const drsJobStarted = defineNotification({
  name: 'drsJobStarted',
  oid: `${drs}.12.0.101`,
  objects: { drsJobType, drsJobTrigger, drsJobDevice },
})

export const drsJobCompleted = defineNotification({
  name: 'drsJobCompleted',
  oid: `${drs}.12.0.102`,
  objects: { drsJobType, drsJobResult, drsJobFileName, drsJobDevice, drsJobEndTime },
})

export const drsScheduleMissedRun = defineNotification({
  name: 'drsScheduleMissedRun',
  oid: `${drs}.12.0.103`,
  objects: { drsScheduleName, drsScheduleMissed, drsScheduleNextRun },
})

export const drsNotifications = [
  ...Object.values(alarmNotifications),
  drsJobStarted,
  drsJobCompleted,
  drsScheduleMissedRun,
]
