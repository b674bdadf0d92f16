/** `sip start`: starts sipd in the background and waits until it serves. */

import { CommandFailure, exitCodes } from '../../lib/cli/exit-codes.ts'
import type { Home } from '../../lib/home/home.ts'
import { processesOf } from '../../lib/process/home-processes.ts'
import { launchDaemon } from '../../lib/process/launch-daemon.ts'
import { describeExit } from '../../lib/program/exit.ts'
import { lastWords } from '../../lib/program/last-words.ts'
import { commandClock, systemClock } from '../../lib/time/clock.ts'
import { pause } from '../../lib/time/pause.ts'
import { settlePrivileges } from '../privileges/privileges.ts'
import { sipCommand } from './command.ts'
import { report } from './report.ts'
import { runningSipd } from './sipd.ts'
import { supervisorDid } from './supervisor.ts'

const startWithinMs = 10_000
/** With its workers, in order; then they are killed. */
const endWithinMs = 2000

export const startCommand = sipCommand({
  name: 'start',
  summary: 'start sipd in the background, through its supervisor where there is one; fine when it runs already',
  example: 'sip start',
  exitCodes: { 0: 'it serves', 1: 'it does not serve; what it said is shown' },
  options: {},
  actsOnProcesses: true,
  run: async ({ home }) => {
    await report('Starting', async () => {
      if (!(await supervisorDid(home, 'start'))) await startSipd(home)
    })
    return exitCodes.ok
  },
})

/** Throws a CommandFailure with what sipd said when it does not serve. */
export async function startSipd(home: Home): Promise<void> {
  if (runningSipd(home)) return
  // Before anything is made in its folders: they may be another user's.
  await settlePrivileges(home)
  const { program: started, outputPath } = launchDaemon(home, 'sipd')
  const deadlineMs = performance.now() + startWithinMs
  while (performance.now() < deadlineMs) {
    const running = runningSipd(home)
    // Ours leaves it to one that somebody else has just started, and has ended before this start says that it is done.
    if (running && (running.pid === started.pid || !started.isRunning)) {
      started.unref()
      return
    }
    if (!started.isRunning && !processesOf(home).some(({ part }) => part === 'sipd')) {
      const said = lastWords(outputPath)
      throw new CommandFailure(said || `sipd ${describeExit(await started.exited)} and printed nothing`)
    }
    await pause(commandClock, 25)
  }
  await started.end(systemClock, endWithinMs)
  throw new CommandFailure(`sipd did not serve within ${startWithinMs / 1000} s and was ended`)
}
