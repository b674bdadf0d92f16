/** `sip txngraceful-restart`: lets transactions finish for some time, then stops the workers and starts new ones. */
import { longestWaitSeconds } from '../config/txngraceful.ts'
import { type Command, CommandFailure, exitCodes, timeoutMs } from './command.ts'
import { report } from './report.ts'
import { askSipd, needSipd, readGeneration, waitForGeneration } from './sipd.ts'

/** For the answer; and, after the wait for transactions, for the new workers. */
const defaultTimeoutSeconds = 30

export const txngracefulRestartCommand: Command = {
  name: 'txngraceful-restart',
  synopsis: 'SECONDS 1|2 [--wait] [--timeout SECONDS]',
  help: 'restarts after SECONDS for open transactions; new INVITE and REGISTER get 503 (1) or nothing (2)',
  operandCount: 2,
  options: ['wait', 'timeout'],
  run: async ({ home, operands, options }) => {
    const [secondsText = '', behaviour = ''] = operands
    const seconds = /^\d{1,6}$/.test(secondsText) ? Number(secondsText) : Number.NaN
    if (!(seconds <= longestWaitSeconds))
      throw new CommandFailure(`SECONDS must be within 0..${longestWaitSeconds}, got ${secondsText}`, exitCodes.usage)
    if (behaviour !== '1' && behaviour !== '2')
      throw new CommandFailure(`expected 1 (answer 503) or 2 (answer nothing), got ${behaviour}`, exitCodes.usage)
    const withinMs = timeoutMs(options, defaultTimeoutSeconds)
    const parent = needSipd(home)
    let before = 0
    await report('Transaction gracefully restarting', async () => {
      before = await readGeneration(home, withinMs)
      await askSipd(home, `txngraceful-restart ${seconds} ${behaviour}`, withinMs)
    })
    process.stdout.write(`sipd signalled to gracefully stop after ${seconds} seconds\n`)
    if (options.wait)
      await report('Waiting for', () =>
        waitForGeneration(home, { before, withinMs: seconds * 1000 + withinMs, parent }),
      )
    return exitCodes.ok
  },
}
