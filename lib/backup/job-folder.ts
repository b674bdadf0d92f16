/** The folder of a job (job.ts): made by whoever asks for it, read while it runs, kept for its log. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isMissing } from '../errors.ts'
import { writeFileAtomic } from '../files/files.ts'
import { readJsonFile } from '../files/json-file.ts'
import { readRegularFile } from '../files/regular-file.ts'
import type { JobRequest, JobStatus } from './job.ts'

export const requestPathOf = (folder: string): string => join(folder, 'request.json')
export const statusPathOf = (folder: string): string => join(folder, 'status.json')
export const jobLogPathOf = (folder: string): string => join(folder, 'job.log')
export const cancelPathOf = (folder: string): string => join(folder, 'cancel')

/** `jobs` is the folder of all of them. */
export const jobFolderOf = (jobs: string, job: number): string => join(jobs, String(job))

/** Durable when it resolves to the folder. */
export async function writeRequest(jobs: string, request: JobRequest): Promise<string> {
  const folder = jobFolderOf(jobs, request.job)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  // Its settings hold the secrets of the device.
  await writeFileAtomic(requestPathOf(folder), `${JSON.stringify(request)}\n`, 0o600)
  return folder
}

/** Undefined where there is none. Throws where it is not whole. */
export function readRequest(folder: string): Promise<JobRequest | undefined> {
  return readJsonFile(requestPathOf(folder), {
    parse: (content) => (isJobRequest(content) ? content : undefined),
    holds: 'the request of a backup job',
    remedy: `remove ${folder}`,
  })
}

/** Undefined where the job has not written any, or what is there is not whole. */
export async function readJobStatus(folder: string): Promise<JobStatus | undefined> {
  let text: string
  try {
    text = (await readRegularFile(statusPathOf(folder))).octets.toString('utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  try {
    const status: unknown = JSON.parse(text)
    return isJobStatus(status) ? status : undefined
  } catch {
    return undefined
  }
}

/** The job ends after the component that it works on. */
export async function askToCancel(folder: string): Promise<void> {
  await writeFile(cancelPathOf(folder), '', { mode: 0o600 })
}

/** Of all folders that are there, in ascending order. */
export async function listJobs(jobs: string): Promise<number[]> {
  try {
    return (await readdir(jobs))
      .filter((name) => /^[1-9]\d{0,9}$/.test(name))
      .map(Number)
      .sort((a, b) => a - b)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

export async function removeJob(jobs: string, job: number): Promise<void> {
  await rm(jobFolderOf(jobs, job), { recursive: true, force: true })
}

/** This program wrote it, in a folder of root's: only that it is whole is looked at. */
function isJobRequest(content: unknown): content is JobRequest {
  if (typeof content !== 'object' || content === null) return false
  const fields = new Map(Object.entries(content))
  const isKnown = ['backup', 'restore', 'verify', 'drill', 'rollback'].some((type) => type === fields.get('type'))
  return isKnown && typeof fields.get('job') === 'number' && typeof fields.get('home') === 'string'
}

/** A job of ours wrote it, in a folder of root's: only that it is whole is looked at. */
function isJobStatus(status: unknown): status is JobStatus {
  if (typeof status !== 'object' || status === null) return false
  const fields = new Map(Object.entries(status))
  const numbers = ['job', 'pid', 'percent', 'startedMs', 'writtenMs', 'octets']
  const lists = ['features', 'components', 'alarms']
  return (
    numbers.every((name) => typeof fields.get(name) === 'number') &&
    lists.every((name) => Array.isArray(fields.get(name))) &&
    typeof fields.get('state') === 'string' &&
    typeof fields.get('result') === 'string'
  )
}
