/** utils disaster_recovery status: the job that runs, or the last one. */
import { defineCommand } from '../../../lib/cli/command.ts'
import { exitCodes } from '../../../lib/cli/exit-codes.ts'
import { flag, json } from '../../../lib/cli/options.ts'
import { show } from '../../../lib/cli/print.ts'
import { rowsOf } from './ask.ts'
import { followJob, viewOfRow } from './follow.ts'
import { nodeLines, nodesOfJob } from './job-nodes.ts'
import { jobLine } from './progress.ts'

const types = ['backup', 'restore', 'verify', 'drill', 'rollback']

export const statusCommand = defineCommand({
  name: 'status',
  operands: '[type]',
  summary: 'how far the job is that runs, or how the last one ended',
  details: `A type is one of ${types.join(', ')}.`,
  example: 'utils disaster_recovery status backup --follow',
  options: { follow: flag('--follow', 'until it ends; the exit code is then that of the job'), json },
  async run({ home, operands: [type], options }) {
    const jobs = await rowsOf(home, 'drsJobTable')
    const job = jobs.findLast((row) => type === undefined || row.get('drsJobType') === type)
    if (job && options.follow) return followJob(home, job.index[0] ?? 0, options)
    const nodes = job ? await nodesOfJob(home, job.index[0] ?? 0) : []
    const shown = job && {
      job: job.index[0],
      type: job.get('drsJobType'),
      status: job.get('drsJobStatus'),
      result: job.get('drsJobResult'),
      percent: Number(job.get('drsJobPercent')),
      file: job.get('drsJobFileName'),
      error: job.get('drsJobError'),
      log: job.get('drsJobLogFile'),
      nodes,
    }
    const nothing = 'no job ran since the subagents were started; see: utils disaster_recovery history\n'
    show(shown ?? {}, options.json, () => (job ? `${jobLine(viewOfRow(job))}\n${nodeLines(nodes)}` : nothing))
    return exitCodes.ok
  },
})
