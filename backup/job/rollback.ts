/** Puts back what the last restore replaced, as a job. */
import type { JobResult } from '../../lib/backup/job.ts'
import { rollBack } from '../restore/rollback.ts'
import { type JobContext, JobFailure } from './context.ts'
import { replacedFolderOf } from './folders.ts'

export async function runRollback({ home, log, status, signal, services: servicesOf }: JobContext): Promise<JobResult> {
  const services = servicesOf(home)
  const running = await services.stop(signal)
  let stopped = running
  try {
    const journal = await rollBack(replacedFolderOf(home))
    if (journal === undefined) throw new JobFailure('there is no restore to take back')
    const { head, isWhole } = journal
    // A restore that was killed could not start again what it had stopped.
    if (!isWhole) stopped = [...new Set([...running, ...head.stopped])]
    status.patch({ set: head.set, features: head.features })
    log.info(`put back what the restore of ${head.set} replaced at ${new Date(head.restoredMs).toISOString()}`)
    return 'succeeded'
  } finally {
    await services.start(stopped, signal)
  }
}
