/** utils disaster_recovery rollback: takes the last restore back, also where a restore was killed and the subagents are down. */
import { mkdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { RollbackRequest } from '../../../lib/backup/job.ts'
import { listJobs, readJobStatus, writeRequest } from '../../../lib/backup/job-folder.ts'
import { defineCommand } from '../../../lib/cli/command.ts'
import { CommandFailure } from '../../../lib/cli/exit-codes.ts'
import { foldersOf, type Home, requireHome } from '../../../lib/home/home.ts'
import { requireOwner } from '../../../lib/home/home-trust.ts'
import { daemonOf } from '../../../lib/process/daemon-identity.ts'
import { ownLauncher } from '../../../lib/program/launcher.ts'
import { commandClock } from '../../../lib/time/clock.ts'
import { pause } from '../../../lib/time/pause.ts'
import { jobProgram } from '../../../subagents/backup/job-program.ts'
import { afterStart, followOptions, startJob } from './job.ts'

export const rollbackCommand = defineCommand({
  name: 'rollback',
  summary: 'put back what the last restore replaced',
  details:
    'The daemons are stopped, and started again. After a restore that was killed this needs no subagents, and starts the daemons that the restore had stopped.',
  example: 'utils disaster_recovery rollback',
  exitCodes: { 1: 'the rollback failed, or there is nothing to put back', 4: 'refused: another job runs' },
  options: followOptions,
  async run({ home, options }) {
    requireHome(home)
    requireOwner(home, 'utils disaster_recovery')
    const job = daemonOf(home, 'subagents')
      ? await startJob(home, { drsJobType: 'rollback', drsJobDevice: '0' })
      : await startHere(home)
    return afterStart(home, { type: 'rollback', job }, options)
  },
})

const lookEveryMs = 50

/** As the subagents would. They find the job in its folder when they are started, and take it into the history. */
async function startHere(home: Home): Promise<number> {
  const jobs = join(foldersOf(home, 'subagents').data, 'backup', 'jobs')
  await mkdir(jobs, { recursive: true, mode: 0o700 })
  const job = ((await listJobs(jobs)).at(-1) ?? 0) + 1
  const request: RollbackRequest = {
    ...{ job, trigger: 'manual', home: home.root, node: hostname(), features: [], type: 'rollback' },
  }
  const folder = await writeRequest(jobs, request)
  let failure: string | undefined
  void jobProgram(ownLauncher)(folder).then((reason) => {
    failure = reason
  })
  while (failure === undefined && !(await readJobStatus(folder))) await pause(commandClock, lookEveryMs)
  if (failure !== undefined) throw new CommandFailure(failure)
  return job
}
