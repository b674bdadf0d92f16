/** castellan: makes, starts, stops and checks an appliance. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { writePainted } from '../lib/cli/command-output.ts'
import { exitCodeOf } from '../lib/cli/exit-codes.ts'
import { messageWithCausesOf } from '../lib/errors.ts'
import { resolveHome } from '../lib/home/home.ts'
import { jsonText, printable } from '../lib/text/escape.ts'
import { programVersion } from '../lib/version.ts'
import { explainAccess, formatDecision } from './access.ts'
import { formatApps, listApps, restartApps, setApps } from './apps.ts'
import { type CheckReport, checkHome, exitCodeOfReport, formatReport, reloadHome } from './check.ts'
import { addEventsCommands } from './events.ts'
import { init } from './init.ts'
import { followLogs, tryPattern } from './logs.ts'
import { restart } from './restart.ts'
import { rotate } from './rotate.ts'
import { start } from './start.ts'
import { status } from './status.ts'
import { stop } from './stop.ts'
import { type UnitsOptions, writeUnits } from './units.ts'
import { addUser, removeUser, rotateUser, testUser, type UserOptions } from './user.ts'
import { formatUsers, listUsers } from './user-list.ts'

const passphraseHelp = 'authentication passphrase in the first line, privacy passphrase in the second'

interface HomeOption {
  readonly home?: string
}

/** Exit code: 0 ok, 1 it did not work, 2 wrong usage, 3 no answer in time, 4 refused. */
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
    .option('--installed', 'without default communities, as below /etc and /var/lib')
    .option(
      '--user <name>',
      'give the folders of the agent to this user, for the systemd units; with --sipd-user, as root',
    )
    .option('--sipd-user <name>', 'give the folders of sipd to this user')
    .action(does(init))
  command('start', 'start the appliance: in front, or with --detach in the background')
    .option('--detach', 'return when all is up, or cannot be')
    .addOption(new Option('--background').hideHelp())
    .action(does(start))
  command('stop', 'stop the appliance: subagents, agent, sipd').action(does(stop))
  command(
    'restart <name>',
    'restart agent or subagents, or one module of the subagents such as critapp; sipd goes on',
  ).action(async (name: string, options: HomeOption) => {
    exitCode = await restart(name, options)
  })
  command('status', 'say what runs').option('--json', 'for programs').action(does(status))
  const report = (found: CheckReport, isJson: boolean | undefined): void => {
    process.stdout.write(isJson ? `${jsonText(found)}\n` : formatReport(found))
    exitCode = exitCodeOfReport(found)
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
      if (strict && found.findings.length > 0) exitCode ||= 1
    })
  command('rotate [name]', 'rotate all logs, or one such as access_log, now')
    .option('--dry-run', 'only say what would be done')
    .option('--json', 'for programs')
    .action(async (name: string | undefined, options: HomeOption & { dryRun?: boolean; json?: boolean }) => {
      const report = await rotate(resolveHome(options.home), { name, isDryRun: options.dryRun ?? false })
      if (options.json) process.stdout.write(`${jsonText(report)}\n`)
      else for (const sentence of report.sentences) process.stdout.write(`${printable(sentence)}\n`)
      exitCode = report.isGood ? 0 : 1
    })
  command('units', 'write the systemd units of this appliance')
    .option('--output <dir>', 'where to', '/etc/systemd/system')
    .option('--user <name>', 'whom the agent runs as (the owner of its folders, or castellan)')
    .option('--sipd-user <name>', 'whom sipd runs as (the owner of its folders, or sipd)')
    .action(async (options: HomeOption & UnitsOptions) => {
      for (const done of await writeUnits(resolveHome(options.home), options)) process.stdout.write(`${done}\n`)
    })
  command('access <who> <object>', 'say what a community or user may do with an object, and which lines decide it')
    .option('--context <name>', 'the context it is in', '')
    .option('--json', 'for programs')
    .action(async (who: string, object: string, options: HomeOption & { context: string; json?: boolean }) => {
      const decisions = await explainAccess(resolveHome(options.home), who, object, options.context)
      if (options.json) process.stdout.write(`${jsonText(decisions)}\n`)
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
      writePainted(json ? `${jsonText(found)}\n` : formatApps(found, isColoured))
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
    .option('--json', 'for programs: an object for each line, with the name of its log')
    .action(
      async (
        names: string[],
        options: HomeOption & { level?: string; component?: string; lines: number; follow: boolean; json?: boolean },
      ) => {
        const ending = new AbortController()
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort())
        const { level, component, lines, follow: isFollowing } = options
        const show = (log: string, line: string, isOne: boolean): void => {
          const text = options.json ? jsonText({ log, line }) : isOne ? printable(line) : `${log}: ${printable(line)}`
          process.stdout.write(`${text}\n`)
        }
        const wish = { names, level, component, lines, isFollowing, signal: ending.signal, print: show }
        await followLogs(resolveHome(options.home), wish)
      },
    )
  logs
    .command('test <pattern> <file>')
    .description('show the lines of a file that a pattern of logagt.cnf would match')
    .action(async (pattern: string, file: string) => {
      const trial = await tryPattern(pattern, file, (number, line) =>
        process.stdout.write(`${number}: ${printable(line)}\n`),
      )
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
  userCommand('list', 'list users, their protocols and groups')
    .option('--json', 'for programs')
    .action(async ({ home, json }: HomeOption & { json?: boolean }) => {
      const users = await listUsers(resolveHome(home))
      process.stdout.write(json ? `${jsonText(users)}\n` : formatUsers(users))
    })
  userCommand('remove <name>', 'remove a user').action((name: string, options: HomeOption) =>
    print(removeUser(resolveHome(options.home), name)),
  )
  try {
    await program.parseAsync(['node', 'castellan', ...args])
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    process.stderr.write(`castellan: ${messageWithCausesOf(error)}\n`)
    return exitCodeOf(error)
  }
  return exitCode
}

function wholeNumber(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError('expected a whole number')
  return Number(text)
}
