/** A verification as a job. */
import type { JobResult, VerifyRequest } from '../../lib/backup/job.ts'
import { openMachineKeys } from '../archive/keys.ts'
import { verifySet } from '../verify/verify.ts'
import type { JobContext } from './context.ts'

export async function runVerify(context: JobContext, request: VerifyRequest): Promise<JobResult> {
  const { home, status, log, signal } = context
  const keys = await openMachineKeys(home)
  status.patch({ set: request.set })
  const device = context.openDevice(request.device)
  try {
    const trust = { signer: keys.signer, fingerprint: request.fingerprint }
    const identities = [keys.identity]
    await verifySet({ device, set: request.set, trust, identities, progress: status, log, signal })
    return 'succeeded'
  } finally {
    await device.close()
  }
}
