/** Follows a job by the files in its folder: a restore stops the subagents, who could not be asked meanwhile. */
import { join } from 'node:path'
import { jobFolderOf, jobLogPathOf, readJobStatus } from '../../../lib/backup/job-folder.ts'
import { CommandFailure, type ExitCode, exitCodes } from '../../../lib/cli/exit-codes.ts'
import { print } from '../../../lib/cli/print.ts'
import { foldersOf, type Home } from '../../../lib/home/home.ts'
import { isRunning } from '../../../lib/proc/process.ts'
import { printable } from '../../../lib/text/escape.ts'
import { commandClock } from '../../../lib/time/clock.ts'
import { pause } from '../../../lib/time/pause.ts'

const lookEveryMs = 500
/** So long a job may say nothing after its start. */
const silentAtMostMs = 60_000

const folderOf = (home: Home, job: number): string =>
  jobFolderOf(join(foldersOf(home, 'subagents').data, 'backup', 'jobs'), job)

export const jobLogOf = (home: Home, job: number): string => jobLogPathOf(folderOf(home, job))

/** Prints each change until the job ends; its result is the exit code. */
export async function followFolder(home: Home, job: number): Promise<ExitCode> {
  const deadlineMs = performance.now() + silentAtMostMs
  let shown = ''
  for (;;) {
    const status = await readJobStatus(folderOf(home, job))
    if (status?.state === 'completed') {
      print(`${printable(`${status.result}${status.error === '' ? '' : `: ${status.error}`}`)}\n`)
      return /^succeeded/.test(status.result) ? exitCodes.ok : exitCodes.error
    }
    if (status && !isRunning({ pid: status.pid, startTicks: Number(status.startTicks) }))
      throw new CommandFailure(`the process of job ${job} was killed; its log is ${jobLogOf(home, job)}`)
    if (!status && performance.now() > deadlineMs)
      throw new CommandFailure(`job ${job} does not report its progress; see: utils disaster_recovery status`)
    const line = status
      ? printable(`${Math.floor(status.percent)} % ${status.feature} ${status.component}`.trimEnd())
      : ''
    if (line !== '' && line !== shown) print(`${line}\n`)
    shown = line
    await pause(commandClock, lookEveryMs)
  }
}
