/** Runs one job by its folder, never two of a home at once, and gives the exit code. */
import { mkdirSync } from 'node:fs'
import type { JobRequest, JobResult } from '../../lib/backup/job.ts'
import { readRequest, requestPathOf } from '../../lib/backup/job-folder.ts'
import { messageWithCausesOf } from '../../lib/errors.ts'
import { type Home, resolveHome } from '../../lib/home/home.ts'
import { HomeLock } from '../../lib/home/lock.ts'
import { DeviceError } from '../device/device.ts'
import { runBackup } from './backup.ts'
import { CanceledError, type JobContext, type World } from './context.ts'
import { deviceAlarm } from './device-alarm.ts'
import { runDrill } from './drill.ts'
import { type JobExitCode, jobExitCodes } from './exit-codes.ts'
import { backupFolderOf, jobLockOf } from './folders.ts'
import { openJobLog } from './log.ts'
import { runRestore } from './restore.ts'
import { runRollback } from './rollback.ts'
import { StatusFile } from './status.ts'
import { runVerify } from './verify.ts'

/** `signal` is aborted when the process is to end. Throws where the folder has no request. */
export async function runJob(folder: string, version: string, world: World, signal: AbortSignal): Promise<JobExitCode> {
  const request = await readRequest(folder)
  if (!request) throw new Error(`${requestPathOf(folder)} is not there; start the job again`)
  const home = resolveHome(request.home)
  const log = openJobLog(folder, { ...request, home, clock: world.clock })
  const status = new StatusFile(folder, request.job, world.clock, log)
  await status.begin()
  const context: JobContext = { ...world, home, version, folder, status, log, signal }
  const lock = takeLock(home)
  if (lock === undefined) {
    const text = `cannot start a ${request.type}: another job of ${home.root} is running; wait for its end, or cancel it`
    status.alarm('backupInProgress', '', text)
    await status.end('failed', text)
    return jobExitCodes.refused
  }
  try {
    log.info(`${request.type} begins, as PID ${process.pid}`)
    const result = await dispatch(context, request)
    const reason =
      result === 'failed' ? 'a required component could not be stored; the alarm before this one says why' : ''
    if (result === 'failed') status.alarm('backupFailure', '', `the backup is partial: ${reason}`)
    await status.end(result, reason)
    log.info(`${request.type} ended: ${result}`)
    return result === 'failed' ? jobExitCodes.failed : jobExitCodes.succeeded
  } catch (error) {
    return await fail(context, request, error)
  } finally {
    lock.release()
  }
}

/** The kernel takes it back when its holder ends, however it ends. */
function takeLock(home: Home): HomeLock | undefined {
  const folder = backupFolderOf(home)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return HomeLock.tryTake(jobLockOf(home))
}

function dispatch(context: JobContext, request: JobRequest): Promise<JobResult> {
  switch (request.type) {
    case 'backup':
      return runBackup(context, request)
    case 'restore':
      return runRestore(context, request)
    case 'verify':
      return runVerify(context, request)
    case 'rollback':
      return runRollback(context)
    case 'drill':
      return runDrill(context, request)
  }
}

async function fail({ status, log, signal }: JobContext, request: JobRequest, error: unknown): Promise<JobExitCode> {
  if (error instanceof CanceledError) {
    log.info('canceled: nothing of it is left')
    await status.end('canceled', error.message)
    return jobExitCodes.canceled
  }
  if (signal.aborted) {
    log.warn('interrupted by a signal: nothing of it is left')
    await status.end('interrupted', 'a signal ended the job')
    return jobExitCodes.interrupted
  }
  const reason = messageWithCausesOf(error)
  if (error instanceof DeviceError && request.type !== 'rollback') {
    const id = deviceAlarm(error, request.device, request.type === 'backup')
    status.alarm(id, error.device, reason)
  }
  if (request.type === 'backup') status.alarm('backupFailure', request.device.name, `the backup failed: ${reason}`)
  else if (request.type !== 'verify')
    status.alarm('restoreFailure', status.current.set, `the ${request.type} failed: ${reason}`)
  else log.error(reason)
  await status.end('failed', reason)
  return jobExitCodes.failed
}
