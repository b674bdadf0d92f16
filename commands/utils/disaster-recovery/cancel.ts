/** utils disaster_recovery cancel_backup: ends the job that runs, after the component it works on. */
import { defineCommand } from '../../../lib/cli/command.ts'
import { exitCodes } from '../../../lib/cli/exit-codes.ts'
import { print } from '../../../lib/cli/print.ts'
import { globalsOf, setRows } from './ask.ts'

export const cancelCommand = defineCommand({
  name: 'cancel_backup',
  summary: 'end the job that runs, after the component that it works on',
  details: 'Nothing of it is left on the device.',
  example: 'utils disaster_recovery cancel_backup',
  exitCodes: { 1: 'no job runs' },
  options: {},
  async run({ home }) {
    const job = (await globalsOf(home)).get('drsCurrentJob')
    if (job === '0') throw new Error('no job runs')
    await setRows(home, [[`drsJobControl.${job}`, 'cancel']])
    print(`job ${job} was told to end\n`)
    return exitCodes.ok
  },
})
