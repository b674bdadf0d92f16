/**
 * The device of its settings, as a job uses it. A local folder and a tape need the rights of whoever may write there, and are
 * opened by the job itself, by descriptors (lib/trust); what speaks to the network is a child without root.
 */
import type { DeviceSettings } from '../lib/backup/settings.ts'
import type { Clock } from '../lib/time/clock.ts'
import { SlowedDevice } from './device/bandwidth.ts'
import { ChildDevice } from './device/child/child-device.ts'
import { type DeadlineLimits, DeviceWithDeadlines } from './device/deadlines.ts'
import type { Device, DeviceError } from './device/device.ts'
import { LocalDirectoryDevice } from './device/local.ts'
import { RetryingDevice } from './device/retries.ts'
import { TapeDevice } from './device/tape/device.ts'
import { TapeDriveDevice } from './device/tape/drive-device.ts'
import { isTapeDrive } from './device/tape/drives.ts'
import { MtDrive } from './device/tape/mt-drive.ts'

export interface OpenOptions {
  readonly clock: Clock
  /** Told before a request is repeated. */
  readonly onRetry?: (error: DeviceError, pauseMs: number) => void
}

/** From one end of a tape to the other takes minutes. */
const minuteMs = 60_000
const driveDeadlines: DeadlineLimits = { answerMs: 25 * minuteMs, commitMs: 25 * minuteMs, validateMs: 60 * minuteMs }

/** Whoever opens a device closes it. */
export function openDevice(settings: DeviceSettings, options: OpenOptions): Device {
  const { clock } = options
  switch (settings.type) {
    case 'local':
      return new DeviceWithDeadlines(new LocalDirectoryDevice(settings), clock)
    case 'network': {
      const device = new RetryingDevice(new DeviceWithDeadlines(new ChildDevice(settings, clock), clock), options)
      const { maxKBytesPerSecond } = settings
      return maxKBytesPerSecond === undefined ? device : new SlowedDevice(device, clock, maxKBytesPerSecond)
    }
    case 'tape':
      return isTapeDrive(settings.tapeId)
        ? new DeviceWithDeadlines(
            new TapeDriveDevice(settings.name, new MtDrive(settings.tapeId)),
            clock,
            driveDeadlines,
          )
        : new DeviceWithDeadlines(new TapeDevice(settings), clock)
  }
}
