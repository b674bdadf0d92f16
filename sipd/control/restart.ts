/** `sip restart`: stops sipd and starts it; between the two nobody answers. */
import { type Command, type CommandFailure, exitCodes } from './command.ts'
import { report } from './report.ts'
import { startSipd } from './start.ts'
import { stopSipd } from './stop.ts'
import { supervisorDid } from './supervisor.ts'

export const restartCommand: Command = {
  name: 'restart',
  synopsis: '',
  help: 'stops and starts it',
  operandCount: 0,
  options: [],
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
}
