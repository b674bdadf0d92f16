/** Puts back what the last restore replaced, as a job. */
import { join } from 'node:path'
import type { JobResult } from '../../lib/backup/job.ts'
import { rollBack } from '../restore/rollback.ts'
import { type JobContext, JobFailure } from './context.ts'
import { backupFolderOf } from './folders.ts'

export async function runRollback({ home, log, status, signal, services: servicesOf }: JobContext): Promise<JobResult> {
  const services = servicesOf(home)
  const stopped = await services.stop(signal)
  try {
    const head = await rollBack(join(backupFolderOf(home), 'replaced'))
    if (head === undefined) throw new JobFailure('there is no restore to roll back')
    status.patch({ set: head.set, features: head.features })
    log.info(`put back what the restore of ${head.set} replaced at ${new Date(head.restoredMs).toISOString()}`)
    return 'succeeded'
  } finally {
    await services.start(stopped, signal)
  }
}
