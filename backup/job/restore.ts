/** A restore as a job: what goes wrong becomes the alarm that fits. */
import type { JobResult, RestoreRequest } from '../../lib/backup/job.ts'
import { writeFileAtomic } from '../../lib/files/files.ts'
import { openMachineKeys } from '../archive/keys.ts'
import { knownFeatures } from '../plan/features.ts'
import { preflightPathOf } from '../restore/preflight.ts'
import { applyRestore, RestoreStepError, stageRestore } from '../restore/restore.ts'
import { type JobContext, throwIfCanceled } from './context.ts'
import { emptyFolder, removeFolder, replacedFolderOf } from './folders.ts'

export async function runRestore(context: JobContext, request: RestoreRequest): Promise<JobResult> {
  const { home, status, signal, clock, log, version, folder } = context
  const keys = await openMachineKeys(home)
  status.patch({ set: request.set })
  const device = context.openDevice(request.device)
  try {
    const options = {
      ...{ home, version, device, signal, clock, log, progress: status },
      ...{ anyVersion: request.anyVersion, set: request.set, features: request.features },
      node: request.fromNode ?? request.node,
      known: knownFeatures(home, request.declared),
      trust: { signer: keys.signer, fingerprint: request.fingerprint },
      identities: [keys.identity],
      stagingFolder: emptyFolder(home, 'staging'),
      replaced: replacedFolderOf(home),
      services: context.services(home),
      checkpoint: () => throwIfCanceled(context),
    }
    const staged = await stageRestore(options)
    status.patch({ features: [...new Set(staged.components.map(({ feature }) => feature))] })
    status.expect(staged.components, 0)
    await writeFileAtomic(preflightPathOf(folder), `${JSON.stringify(staged.differences, undefined, 1)}\n`)
    if (request.preflightOnly) return 'succeeded'
    throwIfCanceled(context)
    await applyRestore(options, staged)
    return staged.components.some(({ warnings }) => warnings.length > 0) ? 'succeededWithWarnings' : 'succeeded'
  } catch (error) {
    if (error instanceof RestoreStepError) status.alarm('maRestoreComponentFailure', error.component, error.message)
    throw error
  } finally {
    removeFolder(home, 'staging')
    await device.close()
  }
}
