/** The request of a job, as it lies in the job's folder. */
import { join } from 'node:path'
import type { JobRequest } from '../../lib/backup/job.ts'
import { readJsonFile } from '../../lib/files/json-file.ts'

export const requestPathOf = (folder: string): string => join(folder, 'request.json')

/** Throws where there is none, or it is not whole. */
export async function readRequest(folder: string): Promise<JobRequest> {
  const path = requestPathOf(folder)
  const request = await readJsonFile(path, {
    parse: (content) => (isRequest(content) ? content : undefined),
    holds: 'the request of a backup job',
    remedy: 'start the job again',
  })
  if (request === undefined) throw new Error(`${path} is not there; start the job again`)
  return request
}

const types = ['backup', 'restore', 'verify', 'drill', 'rollback']

/** This program wrote it, in a folder of root's: only that it is whole is looked at. */
function isRequest(content: unknown): content is JobRequest {
  return (
    typeof content === 'object' &&
    content !== null &&
    'type' in content &&
    types.some((type) => type === content.type) &&
    'job' in content &&
    typeof content.job === 'number' &&
    'home' in content &&
    typeof content.home === 'string' &&
    'node' in content &&
    typeof content.node === 'string'
  )
}
