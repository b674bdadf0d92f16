/** Errors of a device as DeviceError: what was tried on which device, what happened, and what to do. */
import type { DeviceFault } from '../../lib/backup/settings.ts'
import { codeOf, messageOf } from '../../lib/errors.ts'
import { printable } from '../../lib/text/escape.ts'
import { RefusedPathError } from '../../lib/trust/refused-path.ts'
import { DeviceError, type DeviceStep } from './device.ts'

export interface Attempt {
  /** The device's name. */
  readonly device: string
  /** Follows "cannot", such as `write castellan_… in /backup`. */
  readonly what: string
  readonly step?: DeviceStep | undefined
}

export interface Failure {
  readonly fault: DeviceFault
  readonly reason: string
  readonly advice: string
}

/** `device NAME: cannot WHAT: REASON; ADVICE`. What a server says is made harmless for terminals and logs. */
export function deviceError(
  { device, what, step }: Attempt,
  { fault, reason, advice }: Failure,
  cause?: unknown,
): DeviceError {
  const message = printable(`device ${device}: cannot ${what}: ${reason}; ${advice}`)
  return new DeviceError(message, { device, fault, cause, ...(step && { step }) })
}

/** Of a file system's error; what is a DeviceError already stays as it is, and so does the reason of a signal. */
export function fileError(error: unknown, attempt: Attempt, signal?: AbortSignal): unknown {
  if (error instanceof DeviceError || (signal?.aborted && error === signal.reason)) return error
  return deviceError(attempt, fileFailure(error), error)
}

function fileFailure(error: unknown): Failure {
  if (error instanceof RefusedPathError)
    return {
      fault: 'notWritable',
      reason: error.message,
      advice: 'use a folder that root or this user alone can write',
    }
  return (
    byCode[codeOf(error) ?? ''] ?? {
      fault: 'unreachable',
      reason: messageOf(error),
      advice: 'check the disk or the file server, and the log of the kernel (dmesg)',
    }
  )
}

const full: Failure = {
  fault: 'full',
  reason: 'no space is left',
  advice: 'remove files there, or keep fewer backups on this device',
}
const denied: Failure = {
  fault: 'notWritable',
  reason: 'permission denied',
  advice: 'give the user of the backup permission to read and write there',
}
const missing: Failure = {
  fault: 'pathMissing',
  reason: 'there is no such file or folder',
  advice: "create it, or correct the device's path",
}

const byCode: Readonly<Record<string, Failure>> = {
  ENOENT: missing,
  ENOTDIR: { ...missing, reason: 'a part of its path is not a folder' },
  EACCES: denied,
  EPERM: denied,
  EROFS: { ...denied, reason: 'the file system is read-only', advice: 'mount it writable, or choose another path' },
  ENOSPC: full,
  EDQUOT: { ...full, reason: 'the quota of the user is used up' },
  EFBIG: { ...full, reason: 'the file is larger than the file system allows' },
  EBUSY: { fault: 'busy', reason: 'another program uses it', advice: 'end that program, or try again later' },
}
