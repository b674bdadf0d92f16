/** drsAlarmTable of CASTELLAN-BACKUP-MIB: the alarms of DRS. */
import { column, defineTable } from '../../lib/mib/declare.ts'
import { dateAndTimeOrNever, enumeration, truthValue } from '../../lib/mib/syntax.ts'
import { castellanText, drs, harmless, reference, row } from './mib-syntax.ts'

/** Of the 17 alarms of DRS, and the two of ours: no good backup, no good drill for too long. */
export const alarmIds = {
  backupDeviceError: 1,
  backupFailure: 2,
  backupInProgress: 3,
  internalProcessFailure: 4,
  la2maFailure: 5,
  localAgentStartFailure: 6,
  ma2laFailure: 7,
  maBackupComponentFailure: 8,
  maBackupNodeDisconnect: 9,
  maRestoreComponentFailure: 10,
  maRestoreNodeDisconnect: 11,
  masterAgentStartFailure: 12,
  noRegisteredComponent: 13,
  noRegisteredFeature: 14,
  restoreDeviceError: 15,
  restoreFailure: 16,
  sftpFailure: 17,
  backupTooOld: 18,
  drillTooOld: 19,
} as const

const severities = { cleared: 1, indeterminate: 2, critical: 3, major: 4, minor: 5, warning: 6 } as const

export const drsAlarmTable = defineTable({
  name: 'drsAlarmTable',
  oid: `${drs}.11`,
  index: { drsAlarmIndex: column(1, row(), 'not-accessible') },
  columns: {
    drsAlarmId: column(2, enumeration(alarmIds)),
    drsAlarmSeverity: column(3, enumeration(severities, 'AlarmSeverity')),
    drsAlarmTime: column(4, dateAndTimeOrNever()),
    drsAlarmCleared: column(5, truthValue()),
    drsAlarmText: column(6, castellanText(0, 255), 'read-only', harmless),
    drsAlarmJob: column(7, reference()),
    drsAlarmObject: column(8, castellanText(0, 255), 'read-only', harmless),
  },
})
