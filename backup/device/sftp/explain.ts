/** Errors of SFTP as failures of a device. The protocol has few codes, so that the file system is asked for what FAILURE means. */
import { messageOf } from '../../../lib/errors.ts'
import type { Failure } from '../failure.ts'
import { type FileSystem, LostConnection, sftpStatus, statusOf } from './session.ts'

/** With less than this a file system is full, whatever its blocks. */
const nothingFreeBytes = 256 * 1024

/** `isWriting`: it was about something that is made, changed or removed. */
export function explain(error: unknown, fileSystem: FileSystem | undefined, isWriting: boolean): Failure {
  if (error instanceof LostConnection)
    return { fault: 'unreachable', reason: error.message, advice: 'check the network and the log of the server (sshd)' }
  switch (statusOf(error)) {
    case sftpStatus.noSuchFile:
      return {
        fault: 'pathMissing',
        reason: 'there is no such file or folder on the server',
        advice: "create it there, or correct the device's path",
      }
    case sftpStatus.permissionDenied:
    case sftpStatus.writeProtected:
      return {
        fault: 'notWritable',
        reason: 'the server denies permission',
        advice: 'give the account permission to read and write this folder on the server',
      }
    case sftpStatus.noSpace:
    case sftpStatus.quotaExceeded:
      return full
    default:
      return isWriting ? explainWrite(error, fileSystem) : { fault: 'unreachable', ...unknown(error) }
  }
}

function explainWrite(error: unknown, fileSystem: FileSystem | undefined): Failure {
  if (fileSystem?.isReadOnly)
    return {
      fault: 'notWritable',
      reason: 'the file system is read-only on the server',
      advice: 'mount it writable there, or choose another path',
    }
  if (fileSystem && fileSystem.freeBytes < nothingFreeBytes) return full
  return { fault: 'notWritable', ...unknown(error) }
}

const full: Failure = {
  fault: 'full',
  reason: 'no space is left on the server',
  advice: 'remove files there, or keep fewer backups on this device',
}

function unknown(error: unknown): Pick<Failure, 'reason' | 'advice'> {
  const message = messageOf(error)
  return {
    reason: statusOf(error) === undefined ? message : `the server gives no reason but ${JSON.stringify(message)}`,
    advice: 'check the quota of the account and the log of the server (sshd)',
  }
}
