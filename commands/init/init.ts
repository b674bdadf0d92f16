/** castellan init: makes a home, or what is missing of one, and gives its folders to the users of the daemons. */
import { join } from 'node:path'
import { defineCommand } from '../../lib/cli/command.ts'
import { type ExitCode, exitCodes } from '../../lib/cli/exit-codes.ts'
import { flag, parsed, text, wholeNumber } from '../../lib/cli/options.ts'
import { print } from '../../lib/cli/print.ts'
import { completeHome, highestPort, portOffsetOf } from '../../lib/home/completion.ts'
import { checkHomePath, type Home, HomeError, initializeHome, isInitialized } from '../../lib/home/home.ts'
import { requireOwner } from '../../lib/home/home-trust.ts'
import { type DaemonUsers, layOut } from '../../lib/home/layout.ts'
import { processesOf } from '../../lib/process/home-processes.ts'
import { programRoot } from '../../lib/program-root.ts'
import { shellWord } from '../../lib/text/shell-word.ts'
import { nameOfUser, type Owner, ownerNamed } from '../../lib/users/owner.ts'
import { provisionConsole } from '../console/provision.ts'
import { migrate, reportMissing } from './complete.ts'

/** Whom castellan-console.service names by default. */
export const usualConsoleUser = 'castellan-console'

/** Makes the users that the units name by default. */
export const sysusersPath = join(programRoot, 'conf', 'systemd', 'sysusers.conf')

export const initCommand = defineCommand({
  name: 'init',
  summary: 'make a home: configuration, data, logs',
  details: 'Of a home that is there, it makes what is missing, and moves files of an older version.',
  example: 'castellan init --home /etc/castellan --user castellan --sipd-user sipd',
  exitCodes: { 0: 'the home has everything', 1: 'files are missing that only a person can bring back' },
  options: {
    portOffset: parsed(
      '--port-offset <n>',
      'add this to every port, so that appliances run side by side (0)',
      wholeNumber,
    ),
    installed: flag('--installed', 'without default communities, as below /etc and /var/lib'),
    user: text(
      '--user <name>',
      'give the folders of the agent to this user, for the systemd units; with --sipd-user, as root',
    ),
    sipdUser: text('--sipd-user <name>', 'give the folders of sipd to this user'),
    consoleUser: text(
      '--console-user <name>',
      `give the folders of the console to this user (${usualConsoleUser}, where there is one)`,
    ),
  },
  run: ({ home, options }) => init(home, options),
})

interface InitOptions {
  readonly portOffset: number | undefined
  /** Whom the agent and sipd run as, as `ownerNamed` has it. Undefined: all daemons run as the owner of the home. */
  readonly user: string | undefined
  readonly sipdUser: string | undefined
  readonly consoleUser: string | undefined
  /** Without default communities, as a home below /etc or /var/lib, or one with users of its own, is made anyway. */
  readonly installed: boolean
}

async function init(
  home: Home,
  { portOffset, user, sipdUser, consoleUser, installed }: InitOptions,
): Promise<ExitCode> {
  checkHomePath(home)
  await checkOffset(portOffset)
  const users = usersNamed(user, sipdUser, consoleUser)
  const isKnown = isInitialized(home)
  if (isKnown && users) refuseWhileRunning(home)
  else if (isKnown) requireOwner(home, 'castellan init')
  const known = isKnown ? await portOffsetOf(home) : undefined
  if (known !== undefined && portOffset !== undefined && known !== portOffset)
    throw new Error(
      `the ports of ${home.root} are shifted by ${known}, not by ${portOffset}; leave --port-offset out, or name another home`,
    )
  // Who lays it out for users of their own installs it.
  const isInstalled = installed || users !== undefined ? true : undefined
  const offset = portOffset ?? known ?? (isKnown ? undefined : 0)
  // Before files are made: each then belongs to whom its folder belongs to.
  const bringUp = (): void => {
    if (isKnown) migrate(home)
  }
  if (users) layOut(home, users, bringUp)
  else bringUp()
  const { made, missing } =
    offset === undefined
      ? await completeHome(home)
      : { made: await initializeHome(home, offset, isInstalled), missing: [] }
  for (const path of made) print(`made ${path}\n`)
  reportMissing(home, missing)
  if (users)
    print(
      `the folders of the agent belong to ${user}, those of sipd to ${sipdUser}, those of the console to ${nameOfUser(users.console.uid)}, all others to root\n`,
    )
  const provisioned = missing.length === 0 ? await provisionConsole(home) : []
  for (const sentence of provisioned) print(`${sentence}\n`)
  if (made.length + missing.length + provisioned.length === 0) print(`${home.root} has everything already\n`)
  return missing.length === 0 ? exitCodes.ok : exitCodes.error
}

/** Throws HomeError for half of the two, for users that do not exist, and for one that is root or both. */
function usersNamed(
  agent: string | undefined,
  sipd: string | undefined,
  console: string | undefined,
): DaemonUsers | undefined {
  if (agent === undefined && sipd === undefined && console === undefined) return undefined
  if (agent === undefined || sipd === undefined)
    throw new HomeError('--user and --sipd-user belong together: the agent and sipd each have a user of their own', 2)
  const users = { agent: userNamed(agent), sipd: userNamed(sipd), console: consoleOwner(console) }
  if (users.agent.uid === users.sipd.uid)
    throw new HomeError(
      `the agent and sipd would both run as ${agent}; name two users, so that neither can change files of the other`,
      2,
    )
  if ([users.agent.uid, users.sipd.uid].includes(users.console.uid))
    throw new HomeError(
      `the console would run as ${nameOfUser(users.console.uid)}, as another daemon does; name a user of its own`,
      2,
    )
  return users
}

/** Root's, and so closed to the console, where nobody was named and the machine does not know the usual one. */
function consoleOwner(name: string | undefined): Owner {
  if (name !== undefined) return userNamed(name)
  return ownerNamed(usualConsoleUser) ?? { uid: 0, gid: 0 }
}

function userNamed(name: string): Owner {
  const owner = ownerNamed(name)
  if (!owner)
    throw new HomeError(
      `there is no user ${name}; run: systemd-sysusers ${shellWord(sysusersPath)}, or make it another way`,
    )
  if (owner.uid === 0) throw new HomeError(`${name} is root; name a user that may do less`, 2)
  return owner
}

/** Daemons would go on with open files in folders that are no longer theirs. */
function refuseWhileRunning(home: Home): void {
  const [running] = processesOf(home)
  if (running)
    throw new HomeError(
      `the ${running.part} of ${home.root} runs, as PID ${running.pid}; stop it before its folders change hands`,
    )
}

async function checkOffset(portOffset = 0): Promise<void> {
  const highest = await highestPort()
  if (highest + portOffset > 65_535)
    throw new HomeError(
      `--port-offset ${portOffset} would make port ${highest} port ${highest + portOffset}; the largest offset is ${65_535 - highest}`,
      2,
    )
}
