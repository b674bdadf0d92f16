/** `sip restart`: stops sipd and starts it; between the two nobody answers. */
import { CommandFailure, exitCodes } from '../../lib/cli/exit-codes.ts'
import { ConfigurationError } from '../../lib/cnf/complaint.ts'
import { sipCommand } from './command.ts'
import { inspectStart } from './obstacles.ts'
import { report } from './report.ts'
import { startSipd } from './start.ts'
import { stopSipd } from './stop.ts'
import { supervisorDid } from './supervisor.ts'

export const restartCommand = sipCommand({
  name: 'restart',
  summary: 'stop and start it, unless a start would be refused',
  example: 'sip restart',
  exitCodes: {
    0: 'it serves again',
    1: 'a start would be refused, and it goes on; or it does not end, or does not serve',
  },
  options: {},
  actsOnProcesses: true,
  run: async ({ home }) => {
    // What the next start would refuse is said while sipd still serves.
    const { complaints } = await inspectStart(home)
    if (complaints.length > 0) throw new CommandFailure(new ConfigurationError(complaints).message)
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
