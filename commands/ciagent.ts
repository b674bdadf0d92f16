/** ciagent and csps_ciagent_ctl: CIAgent's names for starting and stopping the agents. sipd goes on meanwhile. */

import { exitCodeOf } from '../lib/cli/exit-codes.ts'
import { messageWithCausesOf } from '../lib/errors.ts'
import { requireHome, resolveHome } from '../lib/home/home.ts'
import { programVersion } from '../lib/version.ts'
import { castellan } from './castellan.ts'
import { formatDaemons, statusOf } from './status.ts'
import { stopAll } from './stop.ts'

const ciagentUsage = `usage: ciagent -fullstart|-fullstop [--home DIR]

  -fullstart   starts the master agent and the subagents in the background
  -fullstop    stops them; sipd goes on
`
const ctlUsage = `usage: csps_ciagent_ctl start|stop|restart|status [--home DIR]

  Starts and stops the master agent and the subagents; sipd goes on.
`

/** Exit code: 0 ok, 1 it did not work or does not run, 2 wrong usage, 4 refused. */
export async function ciagent(args: readonly string[]): Promise<number> {
  const command = { '-fullstart': 'start', '-fullstop': 'stop' }[args[0] ?? '']
  return perform('ciagent', command, args.slice(1), args, ciagentUsage)
}

export async function cspsCiagentCtl(args: readonly string[]): Promise<number> {
  const known = ['start', 'stop', 'restart', 'status']
  const command = known.includes(args[0] ?? '') ? args[0] : undefined
  return perform('csps_ciagent_ctl', command, args.slice(1), args, ctlUsage)
}

async function perform(
  program: string,
  command: string | undefined,
  rest: readonly string[],
  all: readonly string[],
  usage: string,
): Promise<number> {
  if (all.includes('--help') || all.includes('-h')) {
    process.stdout.write(usage)
    return 0
  }
  if (all.includes('--version')) {
    process.stdout.write(`${program} ${programVersion()}\n`)
    return 0
  }
  const isHome = rest.length === 2 && rest[0] === '--home'
  if (command === undefined || !(rest.length === 0 || isHome)) {
    process.stderr.write(usage)
    return 2
  }
  try {
    return await act(command, isHome ? rest[1] : undefined)
  } catch (error) {
    process.stderr.write(`${program}: ${messageWithCausesOf(error)}\n`)
    return exitCodeOf(error)
  }
}

async function act(command: string, folder: string | undefined): Promise<number> {
  const home = resolveHome(folder)
  requireHome(home)
  const start = (): Promise<number> => castellan(['start', '--detach', '--home', home.root])
  switch (command) {
    case 'start':
      return start()
    case 'status': {
      const agents = statusOf(home).filter(({ name }) => name !== 'sipd')
      process.stdout.write(formatDaemons(agents))
      return agents.every(({ running }) => running) ? 0 : 1
    }
    default:
      await stopAll(home, 'keep sipd')
      return command === 'restart' ? start() : 0
  }
}
