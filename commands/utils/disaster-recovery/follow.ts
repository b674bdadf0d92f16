/**
 * Follows a job to its end: by what the subagents show, and by the files in its folder while they do not run, as in the midst of a
 * restore.
 */
import { join } from 'node:path'
import type { JobStatus } from '../../../lib/backup/job.ts'
import { jobFolderOf, jobLogPathOf, readJobStatus, readRequest } from '../../../lib/backup/job-folder.ts'
import { overwriteLine } from '../../../lib/cli/command-output.ts'
import { CommandFailure, type ExitCode, exitCodes } from '../../../lib/cli/exit-codes.ts'
import { print, printJson } from '../../../lib/cli/print.ts'
import { foldersOf, type Home } from '../../../lib/home/home.ts'
import { isRunning } from '../../../lib/proc/process.ts'
import { commandClock } from '../../../lib/time/clock.ts'
import { pause } from '../../../lib/time/pause.ts'
import { type Row, rowsOf } from './ask.ts'
import { hasEnded, type JobView, jobLine, ProgressBar } from './progress.ts'

const lookEveryMs = 500
/** So long a job may be unknown to the subagents and to the disk. */
const unknownAtMostMs = 60_000

const folderOf = (home: Home, job: number): string =>
  jobFolderOf(join(foldersOf(home, 'subagents').data, 'backup', 'jobs'), job)

export const jobLogOf = (home: Home, job: number): string => jobLogPathOf(folderOf(home, job))

export interface FollowOptions {
  /** A line of JSON for each change. */
  readonly json: boolean
}

/** Shows each change until the job ends; its result is the exit code. */
export async function followJob(home: Home, job: number, { json }: FollowOptions): Promise<ExitCode> {
  const show = json ? jsonDisplay() : process.stdout.isTTY ? barDisplay() : lineDisplay()
  let knownMs = performance.now()
  for (;;) {
    const view = await readJob(home, job)
    if (view) {
      knownMs = performance.now()
      show(view)
      if (hasEnded(view)) return exitCodeOf(view)
    } else if (performance.now() - knownMs > unknownAtMostMs)
      throw new CommandFailure(`job ${job} is not there any more; see: utils disaster_recovery history`)
    await pause(commandClock, lookEveryMs)
  }
}

export function exitCodeOf({ result }: JobView): ExitCode {
  return /^succeeded/.test(result) ? exitCodes.ok : exitCodes.error
}

/** Undefined where neither the subagents nor the disk know it. */
async function readJob(home: Home, job: number): Promise<JobView | undefined> {
  // A restore stops the subagents, who cannot be asked then.
  const rows = await rowsOf(home, 'drsJobTable').catch((): Row[] => [])
  const row = rows.find(({ index }) => index[0] === job)
  return row ? viewOfRow(row) : viewOfFolder(home, job)
}

export function viewOfRow(row: Row): JobView {
  const started = Date.parse(row.get('drsJobStartTime'))
  return {
    job: row.index[0] ?? 0,
    type: row.get('drsJobType'),
    status: row.get('drsJobStatus'),
    result: row.get('drsJobResult'),
    percent: Number(row.get('drsJobPercent')),
    feature: row.get('drsJobFeature'),
    component: row.get('drsJobComponent'),
    octets: Number(row.get('drsJobKBytes')) * 1024,
    startedMs: Number.isNaN(started) ? undefined : started,
    file: row.get('drsJobFileName'),
    error: row.get('drsJobError'),
  }
}

async function viewOfFolder(home: Home, job: number): Promise<JobView | undefined> {
  const folder = folderOf(home, job)
  const [request, status] = await Promise.all([readRequest(folder), readJobStatus(folder)])
  if (!request || !status) return undefined
  if (status.state !== 'completed' && !isRunning({ pid: status.pid, startTicks: Number(status.startTicks) }))
    throw new CommandFailure(
      `the process of job ${job} was killed; ${jobLogOf(home, job)} says what it had done${
        request.type === 'restore' ? '; to put back what it replaced: utils disaster_recovery rollback' : ''
      }`,
    )
  return viewOfStatus(request.type, status)
}

function viewOfStatus(type: string, status: JobStatus): JobView {
  const { job, state, result, percent, feature, component, octets, startedMs, set, error } = status
  const plain = { job, type, result, feature, component, octets, startedMs, error }
  return { ...plain, status: state, percent: Math.floor(percent), file: set }
}

type Display = (view: JobView) => void

function lineDisplay(): Display {
  let shown = ''
  return (view) => {
    const line = jobLine(view)
    if (line !== shown) print(`${line}\n`)
    shown = line
  }
}

function jsonDisplay(): Display {
  let shown = ''
  return (view) => {
    const text = JSON.stringify(view)
    if (text !== shown) printJson(view)
    shown = text
  }
}

/** Over itself, and at the end as a line. */
function barDisplay(): Display {
  const bar = new ProgressBar()
  return (view) => {
    overwriteLine(hasEnded(view) ? jobLine(view) : bar.line(view, commandClock.now(), process.stdout.columns))
    if (hasEnded(view)) print('\n')
  }
}
