/** `sip restart`: stops sipd and starts it; between the two nobody answers. */
import { type CommandFailure, exitCodes } from '../../lib/cli/exit-codes.ts'
import { sipCommand } from './command.ts'
import { report } from './report.ts'
import { startSipd } from './start.ts'
import { stopSipd } from './stop.ts'
import { supervisorDid } from './supervisor.ts'

export const restartCommand = sipCommand({
  name: 'restart',
  summary: 'stop and start it',
  example: 'sip restart',
  exitCodes: { 0: 'it serves again', 1: 'it does not end, or does not serve' },
  options: {},
  actsOnProcesses: true,
  run: async ({ home }) => {
    const answer = await supervisorDid(home, 'restart').catch((error: CommandFailure) => error)
    if (answer === false) {
      await report('Stopping', () => stopSipd(home))
      await report('Starting', () => startSipd(home))
    } else
      await report('Restarting', async () => {
        if (answer !== true) throw answer
      })
    return exitCodes.ok
  },
})
