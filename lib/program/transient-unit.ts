/** A transient unit of systemd for one program, as arguments of systemd-run(1): with none of the limits of the unit that asks for it. */
import type { Environment } from './environment.ts'
import type { Argv } from './start.ts'

export interface TransientUnit {
  readonly name: string
  /** What people see in `systemctl status`. */
  readonly description: string
  readonly folder: string
  readonly niceness: number
  readonly argv: Argv
  /** A file with the text of `exportsOf`: arguments and units can be read by everybody, and the environment is not theirs. */
  readonly exports: string
  /** A FIFO, where it says which PID it has; then, with `hasReports`, what it writes to descriptor 3. */
  readonly fifo: string
  readonly hasReports: boolean
  /** A file, to which systemd writes how it ended. */
  readonly ending: string
}

/** `systemdRun` is the program, with arguments such as --user. */
export function transientUnitArgv(systemdRun: Argv, unit: TransientUnit): Argv {
  const { fifo, folder, exports, hasReports } = unit
  // The manager has an environment of its own, and so has each of its units: nothing of either is for the program.
  const shell = ['/usr/bin/env', '-i', '/bin/sh', '-c', hasReports ? withReports : withoutReports]
  const properties = {
    // What it leaves behind may be the daemon that it was to start.
    KillMode: 'process',
    // As the units of ours have it.
    UMask: '0077',
    Nice: String(unit.niceness),
    ExecStopPost: ['/bin/sh', '-c', noteEnding, unit.ending].map(quoted).join(' '),
  }
  return [
    ...systemdRun,
    ...['--quiet', '--wait', '--pipe', '--collect', `--unit=${unit.name}`, `--description=${unit.description}`],
    ...Object.entries(properties).map(([name, value]) => `--property=${name}=${value}`),
    '--',
    ...[...shell, fifo, folder, exports, ...unit.argv].map(withoutVariables),
  ]
}

/** Commands of a shell that make this environment. */
export function exportsOf(environment: Environment): string {
  return Object.entries(environment)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'\n`)
    .join('')
}

/**
 * The shell tells its PID and when it was born (field 22 of /proc/PID/stat, proc(5)), and becomes the program. Only what is
 * built in: a program of its own would be one more process for each start. A user's manager takes a WorkingDirectory of `/`
 * for none, so that the shell goes there.
 */
const fields = Array.from({ length: 21 }, (_, i) => `f${i + 1}`).join(' ')
const steps = [
  'exec 3>"$0"',
  'cd -- "$1" && . "$2" || exit 126',
  'shift 2',
  `read -r ${fields} born rest </proc/$$/stat`,
  'echo "pid $$ $born" >&3',
].join('; ')
/** Shells have variables of their own. */
const become = 'exec /usr/bin/env -u PWD -u OLDPWD -u SHLVL -- "$@"'
const withReports = `${steps}; ${become}`
const withoutReports = `${steps}; exec 3>&-; ${become}`
/** systemd.exec(5): EXIT_CODE is exited, killed or dumped, EXIT_STATUS a number or the name of a signal. */
const noteEnding = 'echo "$EXIT_CODE $EXIT_STATUS" >"$0"'

/** systemd puts variables of its own in place of `$NAME` and `${NAME}` (systemd.service(5)). */
function withoutVariables(word: string): string {
  return word.replaceAll('$', '$$$$')
}

/** A word of a command line in a property, which is taken apart again (systemd.syntax(7)). */
function quoted(word: string): string {
  return `"${withoutVariables(word).replace(/["\\]/g, '\\$&')}"`
}
