/** The daemons of a home, stopped and started by the commands that people use. */
import { join } from 'node:path'
import type { Home } from '../../lib/home/home.ts'
import { isLaidOut } from '../../lib/home/layout.ts'
import { processesOf } from '../../lib/process/home-processes.ts'
import { describeExit, isSuccess } from '../../lib/program/exit.ts'
import { runProgram } from '../../lib/program/run.ts'
import type { Argv } from '../../lib/program/start.ts'
import { programRoot } from '../../lib/program-root.ts'
import { escapeValue } from '../../lib/text/escape.ts'
import type { Services } from '../restore/services.ts'

/** sipd drains its calls. */
const limitMs = 180_000

export function daemonsOf(home: Home): Services {
  const castellan = join(programRoot, 'bin', 'castellan')
  const units = ['castellan-agent.service', 'castellan-subagents.service']
  return {
    async stop(signal) {
      const running = [...new Set(processesOf(home).map(({ part }) => part))]
      if (running.length === 0) return []
      // The daemons of an installed home are systemd's.
      if (isLaidOut(home)) await run(['systemctl', 'stop', ...units], signal)
      else await run([castellan, 'stop', '--home', home.root], signal)
      return running
    },
    async start(names, signal) {
      if (names.length === 0) return
      if (isLaidOut(home)) await run(['systemctl', 'start', ...units], signal)
      else await run([castellan, 'start', '--detach', '--home', home.root], signal)
    },
  }
}

async function run(argv: Argv, signal: AbortSignal): Promise<void> {
  const { exit, printed } = await runProgram({ argv, limitMs, signal })
  if (isSuccess(exit)) return
  throw new Error(`${argv.join(' ')} ${describeExit(exit)}: ${escapeValue(printed.trim())}`)
}
