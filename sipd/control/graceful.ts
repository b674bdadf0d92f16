/** `sip graceful`: new workers with the configuration as it is now, while the old ones finish what they began. */
import { type Command, exitCodes, timeoutMs } from './command.ts'
import { report } from './report.ts'
import { askSipd, needSipd, readGeneration, waitForGeneration } from './sipd.ts'

const defaultTimeoutSeconds = 30

export const gracefulCommand: Command = {
  name: 'graceful',
  synopsis: '[--timeout SECONDS]',
  help: 'reads sipd.conf anew and starts new workers; the old ones finish their transactions',
  operandCount: 0,
  options: ['timeout'],
  run: async ({ home, options }) => {
    const withinMs = timeoutMs(options, defaultTimeoutSeconds)
    const parent = needSipd(home)
    await report('Gracefully restarting', async () => {
      const before = await readGeneration(home, withinMs)
      // By the control socket and not by SIGHUP, so that complaints about the file come back to who wrote it.
      await askSipd(home, 'graceful', withinMs)
      await waitForGeneration(home, { before, withinMs, parent })
    })
    return exitCodes.ok
  },
}
