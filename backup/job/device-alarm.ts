/** Which of DRS's alarms an error of a device is. */
import type { AlarmId } from '../../lib/backup/job.ts'
import type { DeviceFault, DeviceSettings } from '../../lib/backup/settings.ts'
import type { DeviceError } from '../device/device.ts'

/** The device was not even reached; what comes later is the transfer. */
const atTheDoor: readonly DeviceFault[] = ['unreachable', 'authFailed', 'pathMissing']

export function deviceAlarm({ fault }: DeviceError, { type }: DeviceSettings, isBackup: boolean): AlarmId {
  if (type === 'network' && !atTheDoor.includes(fault)) return 'sftpFailure'
  return isBackup ? 'backupDeviceError' : 'restoreDeviceError'
}
