/** castellan: makes, starts, stops and checks an appliance. */
import { closeSync, openSync, readFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { control } from '../lib/control.ts'
import { type Home, initializeHome, isInitialized, programRoot, resolveHome } from '../lib/home.ts'
import { completeHome, initSentence, portOffsetOf } from '../lib/home-completion.ts'
import { readProcess, writePidFile } from '../lib/proc/process.ts'
import { startProgram } from '../lib/program/start.ts'
import { explainAccess, formatDecision } from './access.ts'
import { formatApps, listApps, restartApps, setApps } from './apps.ts'
import { board } from './board.ts'
import { type CheckReport, checkHome, formatReport, reloadHome } from './check.ts'
import { addEventsCommands } from './events.ts'
import { followLogs, tryPattern } from './logs.ts'
import { rotate } from './rotate.ts'
import { agentOf, daemonOf, restartDaemon, Starter, statusOf, stopAll, until } from './starter.ts'
import { type UnitsOptions, writeUnits } from './units.ts'
import { addUser, listUsers, removeUser, rotateUser, testUser, type UserOptions } from './user.ts'
import { programVersion } from './version.ts'

const passphraseHelp = 'authentication passphrase in the first line, privacy passphrase in the second'

interface HomeOption {
  readonly home?: string
}

/** Exit code: 0 ok, 1 it did not work, 2 wrong usage. */
export async function castellan(args: readonly string[]): Promise<number> {
  let exitCode = 0
  const does =
    <O>(act: (options: O) => Promise<number>) =>
    async (options: O): Promise<void> => {
      exitCode = await act(options)
    }
  const program = new Command('castellan')
    .description('The keeper of a telephone appliance.')
    .version(programVersion())
    .exitOverride()
    .showHelpAfterError()
  const command = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .option('--home <dir>', 'the appliance (CASTELLAN_HOME, or var/ beside the program)')
      .exitOverride()
  command('init', 'make a home: configuration, data, logs')
    .option('--port-offset <n>', 'add this to every port, so that appliances run side by side (0)', wholeNumber)
    .action(does(init))
  command('start', 'start the appliance: in front, or with --detach in the background')
    .option('--detach', 'return when it serves')
    .action(does(start))
  command('stop', 'stop the appliance: subagents, agent, sipd').action(does(stop))
  command(
    'restart <name>',
    'restart agent or subagents, or one module of the subagents such as critapp; sipd goes on',
  ).action(async (name: string, { home: folder }: HomeOption) => {
    const home = resolveHome(folder)
    if (name === 'agent' || name === 'subagents') {
      await restartDaemon(home, name)
      process.stdout.write(`${name} was restarted\n`)
    } else process.stdout.write(`${await control(join(home.run, 'subagents.ctl'), `restart ${name}`)}\n`)
  })
  command('status', 'say what runs').option('--json', 'for programs').action(does(status))
  const report = (found: CheckReport, isJson: boolean | undefined): void => {
    process.stdout.write(isJson ? `${JSON.stringify(found)}\n` : formatReport(found))
    exitCode = found.isGood ? 0 : 1
  }
  command('reload', 'let the running daemons take changed configuration files, if they are good')
    .option('--json', 'for programs')
    .action(async ({ home, json }: HomeOption & { json?: boolean }) =>
      report(await reloadHome(resolveHome(home)), json),
    )
  command('check', 'read all configuration files and say what is wrong with them; writes nothing')
    .option('--json', 'for programs')
    .option('--strict', 'exit code 1 for warnings too')
    .action(async ({ home, json, strict }: HomeOption & { json?: boolean; strict?: boolean }) => {
      const found = await checkHome(resolveHome(home))
      report(found, json)
      if (strict && found.findings.length > 0) exitCode = 1
    })
  command('rotate [name]', 'rotate all logs, or one such as access_log, now')
    .option('--dry-run', 'only say what would be done')
    .option('--json', 'for programs')
    .action(async (name: string | undefined, options: HomeOption & { dryRun?: boolean; json?: boolean }) => {
      const report = await rotate(resolveHome(options.home), { name, isDryRun: options.dryRun ?? false })
      if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`)
      else for (const sentence of report.sentences) process.stdout.write(`${sentence}\n`)
      exitCode = report.isGood ? 0 : 1
    })
  command('units', 'write the systemd units of this appliance')
    .option('--output <dir>', 'where to', '/etc/systemd/system')
    .option('--user <name>', 'whom the agent runs as', 'castellan')
    .option('--sipd-user <name>', 'whom sipd runs as', 'sipd')
    .action(async (options: HomeOption & UnitsOptions) => {
      for (const path of await writeUnits(resolveHome(options.home), options)) process.stdout.write(`wrote ${path}\n`)
    })
  command('access <who> <object>', 'say what a community or user may do with an object, and which lines decide it')
    .option('--context <name>', 'the context it is in', '')
    .option('--json', 'for programs')
    .action(async (who: string, object: string, options: HomeOption & { context: string; json?: boolean }) => {
      const decisions = await explainAccess(resolveHome(options.home), who, object, options.context)
      if (options.json) process.stdout.write(`${JSON.stringify(decisions)}\n`)
      else for (const decision of decisions) process.stdout.write(formatDecision(decision))
    })
  const print = async (text: Promise<string>): Promise<void> => void process.stdout.write(await text)
  const apps = program
    .command('apps')
    .description('critical applications: list them, start, stop or restart one')
    .exitOverride()
  const homeOption = ['--home <dir>', 'the appliance (CASTELLAN_HOME, or var/ beside the program)'] as const
  apps
    .command('list', { isDefault: true })
    .description('what is wanted and what is so')
    .option(...homeOption)
    .option('--json', 'for programs')
    .action(async ({ home: folder, json }: HomeOption & { json?: boolean }) => {
      const found = await listApps(resolveHome(folder))
      const isColoured = process.stdout.isTTY && !process.env.NO_COLOR
      process.stdout.write(json ? `${JSON.stringify(found)}\n` : formatApps(found, isColoured))
    })
  addEventsCommands(program, (code) => {
    exitCode = code
  })
  const logs = program.command('logs').description('logs: follow them, or try a pattern on one').exitOverride()
  logs
    .command('follow [name...]', { isDefault: true })
    .description('show what is written to all logs, or to these, as it is written')
    .option(...homeOption)
    .option('--level <level>', 'this level and above: debug, info, notice, warn, error')
    .option('--component <name>', 'of this component, such as agent or subagents.log')
    .option('--lines <n>', 'begin with so many of the last lines', wholeNumber, 10)
    .option('--no-follow', 'end after these')
    .action(
      async (
        names: string[],
        options: HomeOption & { level?: string; component?: string; lines: number; follow: boolean },
      ) => {
        const ending = new AbortController()
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort())
        const { level, component, lines, follow: isFollowing } = options
        const show = (line: string): void => void process.stdout.write(`${line}\n`)
        const wish = { names, level, component, lines, isFollowing, signal: ending.signal, print: show }
        await followLogs(resolveHome(options.home), wish)
      },
    )
  logs
    .command('test <pattern> <file>')
    .description('show the lines of a file that a pattern of logagt.cnf would match')
    .action(async (pattern: string, file: string) => {
      const trial = await tryPattern(pattern, file, (number, line) => process.stdout.write(`${number}: ${line}\n`))
      process.stderr.write(`${trial.matches} of ${trial.lines} lines match\n`)
      if (trial.offending > 0)
        process.stderr.write(
          `on ${trial.offending} lines it took too long; a row with it would be disabled after three\n`,
        )
      exitCode = trial.matches > 0 && trial.offending === 0 ? 0 : 1
    })
  for (const wish of ['start', 'stop', 'graceful'] as const) {
    apps
      .command(`${wish} <name...>`)
      .description(`${wish === 'graceful' ? 'restart one without interrupting its work' : `${wish} one`}, over SNMP`)
      .option(...homeOption)
      .action((names: string[], options: HomeOption) => print(setApps(resolveHome(options.home), names, wish)))
  }
  apps
    .command('restart <name...>')
    .description('stop one and start it again, over SNMP')
    .option(...homeOption)
    .action((names: string[], options: HomeOption) => print(restartApps(resolveHome(options.home), names)))
  const user = program.command('user').description('users of SNMPv3').exitOverride()
  const userCommand = (name: string, description: string): Command =>
    user
      .command(name)
      .description(description)
      .option('--home <dir>', 'the appliance (CASTELLAN_HOME, or var/ beside the program)')
      .exitOverride()
  userCommand('add <name>', 'make a user, or change one; passphrases come from a file, the environment or the terminal')
    .option('--auth <protocol>', 'MD5, SHA, SHA-224, SHA-256, SHA-384, SHA-512 (what the user has, or SHA-256)')
    .option('--priv <protocol>', 'DES, AES, AES-192, AES-256, AES-192-C, AES-256-C, none (what the user has, or AES)')
    .option('--group <group>', 'what it may: read, operate or admin (what the user is in, or read)')
    .option('--engine <id>', 'make it for informs to another engine, whose engineID this is')
    .option('--passphrase-file <file>', passphraseHelp)
    .action((name: string, options: UserOptions & HomeOption) =>
      print(addUser(resolveHome(options.home), name, options)),
    )
  for (const [name, description, act] of [
    ['rotate <name>', 'give a user new passphrases, and verify them', rotateUser],
    ['test <name>', 'ask the running agent as this user', testUser],
  ] as const) {
    userCommand(name, description)
      .option('--passphrase-file <file>', passphraseHelp)
      .action((name: string, options: HomeOption & { passphraseFile?: string }) =>
        print(act(resolveHome(options.home), name, options)),
      )
  }
  userCommand('list', 'list users, their protocols and groups').action((options: HomeOption) =>
    print(listUsers(resolveHome(options.home))),
  )
  userCommand('remove <name>', 'remove a user').action((name: string, options: HomeOption) =>
    print(removeUser(resolveHome(options.home), name)),
  )
  try {
    await program.parseAsync(['node', 'castellan', ...args])
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    process.stderr.write(`castellan: ${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  }
  return exitCode
}

async function init({ home: folder, portOffset }: HomeOption & { portOffset?: number }): Promise<number> {
  const home = resolveHome(folder)
  const known = isInitialized(home) ? await portOffsetOf(home) : undefined
  if (known !== undefined && portOffset !== undefined && known !== portOffset)
    throw new Error(
      `the ports of ${home.root} are shifted by ${known}, not by ${portOffset}; leave --port-offset out, or name another home`,
    )
  const offset = portOffset ?? known ?? (isInitialized(home) ? undefined : 0)
  const { made, missing } =
    offset === undefined ? await completeHome(home) : { made: await initializeHome(home, offset), missing: [] }
  for (const path of made) process.stdout.write(`made ${path}\n`)
  tellMissing(home, missing)
  if (made.length + missing.length === 0) process.stdout.write(`${home.root} has everything already\n`)
  return missing.length === 0 ? 0 : 1
}

function tellMissing(home: Home, missing: readonly string[]): void {
  for (const path of missing) process.stderr.write(`castellan: ${path} is missing; ${initSentence(home)}\n`)
}

async function start({ home: folder, detach }: HomeOption & { detach?: boolean }): Promise<number> {
  const home = resolveHome(folder)
  if (!isInitialized(home)) await initializeHome(home, 0)
  const running = daemonOf(home, 'castellan') ?? agentOf(home)
  if (running) {
    process.stderr.write(`castellan: the appliance ${home.root} runs already, as PID ${running.pid}\n`)
    return 1
  }
  // Newer versions bring files that a home made before does not have, and without which its daemons refuse to start.
  const { made, missing } = await completeHome(home)
  for (const path of made) process.stdout.write(`made ${path}, which ${home.root} did not have yet\n`)
  tellMissing(home, missing)
  return detach ? startDetached(home) : startInFront(home)
}

async function startInFront(home: Home): Promise<number> {
  const starter = new Starter(home, (sentence) => process.stderr.write(`castellan: ${sentence}\n`))
  await starter.start()
  const pidFile = join(home.run, 'castellan.pid')
  await writePidFile(pidFile, readProcess(process.pid)!)
  process.stdout.write(`${board(home)}Ctrl-C stops it.\n`)
  return await new Promise<number>((resolve, reject) => {
    let isStopping = false
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const) {
      process.on(signal, () => {
        if (isStopping) return
        isStopping = true
        process.stdout.write('\n')
        starter
          .stop(signal === 'SIGUSR2' ? 'keep sipd' : 'stop sipd')
          .then(() => rm(pidFile, { force: true }))
          .then(() => resolve(0), reject)
      })
    }
  })
}

/** The starter itself goes into the background, and is waited for until all serve. */
async function startDetached(home: Home): Promise<number> {
  await mkdir(home.logs, { recursive: true, mode: 0o700 })
  const outputPath = join(home.logs, 'castellan.out')
  const output = openSync(outputPath, 'w', 0o600)
  const launcher = join(programRoot, 'bin', 'castellan')
  const child = startProgram({ argv: [launcher, 'start', '--home', home.root], output })
  closeSync(output)
  await until(() => !child.isRunning || daemonOf(home, 'castellan')?.pid === child.pid, 60_000)
  if (daemonOf(home, 'castellan')?.pid !== child.pid) {
    process.stderr.write(readFileSync(outputPath, 'utf8'))
    child.signal('SIGTERM')
    return 1
  }
  child.unref()
  process.stdout.write(board(home))
  return 0
}

async function stop({ home: folder }: HomeOption): Promise<number> {
  await stopAll(resolveHome(folder))
  return 0
}

async function status({ home: folder, json }: HomeOption & { json?: boolean }): Promise<number> {
  const daemons = statusOf(resolveHome(folder))
  if (json) process.stdout.write(`${JSON.stringify(daemons)}\n`)
  else
    for (const { name, pid } of daemons)
      process.stdout.write(`${name.padEnd(8)} ${pid === undefined ? 'does not run' : `runs as PID ${pid}`}\n`)
  return daemons.every(({ running }) => running) ? 0 : 1
}

function wholeNumber(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError('a whole number is due')
  return Number(text)
}
