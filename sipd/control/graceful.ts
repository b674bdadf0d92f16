/** `sip graceful`: new workers with the configuration as it is now, while the old ones finish what they began. */
import { exitCodes } from '../../lib/cli/exit-codes.ts'
import { sipCommand, timeoutOption } from './command.ts'
import { report } from './report.ts'
import { askSipd, needSipd, readGeneration, waitForGeneration } from './sipd.ts'

const defaultTimeoutSeconds = 30

export const gracefulCommand = sipCommand({
  name: 'graceful',
  summary: 'read sipd.conf again and start new workers; the old ones finish their transactions',
  example: 'sip graceful',
  exitCodes: { 0: 'the new workers serve', 3: 'they do not serve in time, or sipd does not answer' },
  options: { withinMs: timeoutOption(defaultTimeoutSeconds) },
  actsOnProcesses: true,
  run: async ({ home, options: { withinMs } }) => {
    const parent = needSipd(home)
    await report('Gracefully restarting', async () => {
      const before = await readGeneration(home, withinMs)
      // By the control socket and not by SIGHUP, so that complaints about the file come back to who wrote it.
      await askSipd(home, 'graceful', withinMs)
      await waitForGeneration(home, { before, withinMs, parent })
    })
    return exitCodes.ok
  },
})
