/** Starts a job and, unless it is to go on by itself, shows how far it is until its end. */
import { type ExitCode, exitCodes, RefusedError } from '../../../lib/cli/exit-codes.ts'
import { flag, json } from '../../../lib/cli/options.ts'
import { show } from '../../../lib/cli/print.ts'
import type { Home } from '../../../lib/home/home.ts'
import type { Assignment } from '../../../subagents/backup/operator.ts'
import { globalsOf, setRows } from './ask.ts'
import { followJob, jobLogOf } from './follow.ts'

/** Of every command that starts a job. */
export const followOptions = {
  background: flag('--background', 'only start it'),
  follow: flag('--follow', 'show how far it is until it ends, which is the default'),
  json,
}

interface FollowValues {
  readonly background: boolean
  readonly json: boolean
}

/** What such a command does once its job was started. */
export async function afterStart(
  home: Home,
  { type, job }: { readonly type: string; readonly job: number },
  { background, json }: FollowValues,
): Promise<ExitCode> {
  const log = jobLogOf(home, job)
  show({ job, type, log }, json, () => `${type} ${job} was started; its log is ${log}\n`)
  return background ? exitCodes.ok : followJob(home, job, { json })
}

/** Gives its number. `columns` are those of drsJobTable, without the index. Throws RefusedError while another runs. */
export async function startJob(home: Home, columns: Readonly<Record<string, string>>): Promise<number> {
  const globals = await globalsOf(home)
  const current = globals.get('drsCurrentJob')
  if (current !== '0')
    throw new RefusedError(`job ${current} is running; wait for its end, or run: utils disaster_recovery cancel_backup`)
  const job = globals.get('drsJobNextIndex')
  const all = Object.entries({ ...columns, drsJobRowStatus: 'createAndGo' })
  await setRows(
    home,
    all.map(([column, value]): Assignment => [`${column}.${job}`, value]),
  )
  return Number(job)
}
