/** `sip txngraceful-restart`: lets transactions finish for some time, then stops the workers and starts new ones. */

import { exitCodes, UsageError } from '../../lib/cli/exit-codes.ts'
import { flag } from '../../lib/cli/options.ts'
import { print } from '../../lib/cli/print.ts'
import { longestWaitSeconds } from '../config/txngraceful.ts'
import { sipCommand, timeoutOption } from './command.ts'
import { report } from './report.ts'
import { askSipd, needSipd, readGeneration, waitForGeneration } from './sipd.ts'

/** For the answer; and, after the wait for transactions, for the new workers. */
const defaultTimeoutSeconds = 30

export const txngracefulRestartCommand = sipCommand({
  name: 'txngraceful-restart',
  operands: '<seconds> <behaviour>',
  summary: 'restart after so many seconds for open transactions',
  details: 'Until then new INVITE and REGISTER get 503 (behaviour 1) or nothing (2).',
  example: 'sip txngraceful-restart 45 1 --wait',
  exitCodes: { 0: 'sipd has taken the order; with --wait, it serves again' },
  options: {
    wait: flag('--wait', 'return when it serves again'),
    withinMs: timeoutOption(defaultTimeoutSeconds),
  },
  actsOnProcesses: true,
  run: async ({ home, operands, options }) => {
    const [secondsText = '', behaviour = ''] = operands
    const seconds = /^\d{1,6}$/.test(secondsText) ? Number(secondsText) : Number.NaN
    if (!(seconds <= longestWaitSeconds))
      throw new UsageError(`<seconds> must be within 0..${longestWaitSeconds}, got ${secondsText}`)
    if (behaviour !== '1' && behaviour !== '2')
      throw new UsageError(`expected 1 (answer 503) or 2 (answer nothing), got ${behaviour}`)
    const { withinMs } = options
    const parent = needSipd(home)
    let before = 0
    await report('Transaction gracefully restarting', async () => {
      before = await readGeneration(home, withinMs)
      await askSipd(home, `txngraceful-restart ${seconds} ${behaviour}`, withinMs)
    })
    print(`sipd signalled to gracefully stop after ${seconds} seconds\n`)
    if (options.wait)
      await report('Waiting for', () =>
        waitForGeneration(home, { before, withinMs: seconds * 1000 + withinMs, parent }),
      )
    return exitCodes.ok
  },
})
