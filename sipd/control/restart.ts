/** `sip restart`: stops sipd and starts it; between the two nobody answers. */
import { type Command, exitCodes } from './command.ts'
import { report } from './report.ts'
import { startSipd } from './start.ts'
import { stopSipd } from './stop.ts'

export const restartCommand: Command = {
  name: 'restart',
  synopsis: '',
  help: 'stops and starts it',
  operandCount: 0,
  options: [],
  run: async ({ home }) => {
    await report('Stopping', () => stopSipd(home))
    await report('Starting', () => startSipd(home))
    return exitCodes.ok
  },
}
