/** A restore as a job: what goes wrong becomes the alarm that fits. */
import type { JobResult, RestoreRequest } from '../../lib/backup/job.ts'
import { errorOf, messageOf } from '../../lib/errors.ts'
import { writeFileAtomic } from '../../lib/files/files.ts'
import { openMachineKeys } from '../archive/keys.ts'
import { knownFeatures } from '../plan/features.ts'
import { preflightPathOf } from '../restore/preflight.ts'
import { applyRestore, RestoreStepError, stageRestore } from '../restore/restore.ts'
import { type JobContext, JobFailure, throwIfCanceled } from './context.ts'
import { emptyFolder, removeFolder, replacedFolderOf } from './folders.ts'
import { JobNodes } from './nodes.ts'

/** Of this node, and of others at the same time. What fails on one does not keep the others from being restored. */
export async function runRestore(context: JobContext, request: RestoreRequest): Promise<JobResult> {
  const { set, device, features, anyVersion, node, preflightOnly = false } = request
  if (request.nodes === undefined || preflightOnly) return restoreHere(context, request)
  context.status.patch({ set })
  const { fingerprint } = await openMachineKeys(context.home)
  const isHere = !request.onlyNodes
  const task = {
    ...{ type: 'restore' as const, set, master: node, device, features, anyVersion },
    fingerprint: request.fingerprint ?? fingerprint,
  }
  const nodes = new JobNodes(context, request, task, isHere ? node : undefined)
  const own = isHere ? await here(context, request) : 'succeeded'
  const failed = (await nodes.finish()).filter(({ state }) => state !== 'done')
  if (own instanceof Error) throw own
  if (failed.length === 0) return own
  throwIfCanceled(context)
  const others = failed.map((one) => `${one.node} was not restored, ${one.state}: ${one.error}`)
  throw new JobFailure([...(isHere ? [`${node} was restored`] : []), ...others].join('; '))
}

/** How it ended, or why it failed; the status of the node says so as well. */
async function here(context: JobContext, request: RestoreRequest): Promise<JobResult | Error> {
  const { status } = context
  const progress = { node: request.node, component: '', error: '' }
  try {
    const result = await restoreHere(context, request)
    status.node({ ...progress, state: 'done', percent: 100 })
    return result
  } catch (error) {
    status.node({ ...progress, state: 'failed', percent: 0, error: messageOf(error) })
    return errorOf(error)
  }
}

async function restoreHere(context: JobContext, request: RestoreRequest): Promise<JobResult> {
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
