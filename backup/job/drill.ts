/** A drill as a job; its outcome is kept, so that others can tell how old the last good one is. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DrillRequest, JobResult } from '../../lib/backup/job.ts'
import { formatSetName } from '../../lib/backup/set-name.ts'
import { writeFileAtomic } from '../../lib/files/files.ts'
import { openMachineKeys } from '../archive/keys.ts'
import type { Device } from '../device/device.ts'
import { drill } from '../drill/drill.ts'
import { completeSets } from '../restore/open-set.ts'
import { type JobContext, JobFailure, throwIfCanceled } from './context.ts'
import { backupFolderOf } from './folders.ts'

/** Where the last good drill of a home is recorded. */
export const drillRecordOf = (folder: string): string => join(folder, 'last-drill.json')

export async function runDrill(context: JobContext, request: DrillRequest): Promise<JobResult> {
  const { home, status, signal, clock, log, version } = context
  const keys = await openMachineKeys(home)
  const device = context.openDevice(request.device)
  // The sockets of a home need a short path.
  const sandbox = mkdtempSync(join(tmpdir(), 'castellan-drill-'))
  try {
    const set = request.set ?? (await newestSet(device, signal))
    status.patch({ set })
    const objects = await drill({
      ...{ device, set, signal, clock, log, version, progress: status, sandbox },
      ...{ node: request.node, features: request.features, anyVersion: false },
      trust: { signer: keys.signer, fingerprint: request.fingerprint },
      identities: [keys.identity],
      checkpoint: () => throwIfCanceled(context),
    })
    const record = { set, device: device.name, timeMs: clock.now(), objects }
    await writeFileAtomic(drillRecordOf(backupFolderOf(home)), `${JSON.stringify(record)}\n`)
    return 'succeeded'
  } finally {
    rmSync(sandbox, { recursive: true, force: true })
    await device.close()
  }
}

async function newestSet(device: Device, signal: AbortSignal): Promise<string> {
  const [newest] = await completeSets(device, signal)
  if (newest === undefined) throw new JobFailure(`${device.name} has no complete backup to try`)
  return formatSetName(newest)
}
