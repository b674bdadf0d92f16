/** A laid-out installation of a test's own: a home whose daemons have users, in a temporary folder. Only root can make one. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readPidFile } from '../../lib/files/pid-file.ts'
import { type Domain, type Home, pidFileOf, resolveHome } from '../../lib/home/home.ts'
import { nodeOptionsOf } from '../../lib/process/daemon.ts'
import { type Outcome, runProgram } from '../../lib/program/run.ts'
import { freeOffset, until } from './appliance.ts'
import { readableProgram } from './other-user.ts'

/** Why there can be none here; false when there can. */
export const noLayout: string | false = process.getuid?.() !== 0 && 'only root can give folders to other users'

/** Users without a name, whom nothing else on the machine belongs to: the agent's, sipd's, and one who is nobody here. */
export const agentUser = 61_001
export const sipdUser = 61_002
export const stranger = 61_003
export const consoleUser = 61_004

export class LaidOutHome {
  readonly home: Home
  readonly snmpPort: number
  readonly sipPort: number
  /** The folder of the program that its daemons run: a copy that every user can read. */
  readonly program: string
  readonly #daemons = new Map<Domain, ChildProcess>()
  /** What its daemons said. */
  output = ''

  private constructor(home: Home, offset: number, program: string) {
    this.home = home
    this.snmpPort = 1161 + offset
    this.sipPort = 5060 + offset
    this.program = program
  }

  /**
   * As `castellan init --user --sipd-user --console-user` makes it. Throws with what that said. systemd takes only users that have names, such
   * as Debian's daemon (1) and bin (2).
   */
  static async make(users = { agent: agentUser, sipd: sipdUser, console: consoleUser }): Promise<LaidOutHome> {
    const folder = mkdtempSync(join(tmpdir(), 'laid-out-'))
    chmodSync(folder, 0o755)
    const offset = await freeOffset()
    const made = new LaidOutHome(resolveHome(join(folder, 'home')), offset, readableProgram())
    const options = [
      ...['--user', userAndGroup(users.agent), '--sipd-user', userAndGroup(users.sipd)],
      ...['--console-user', userAndGroup(users.console)],
    ]
    const { exit, printed } = await made.runAs(0, ['castellan', 'init', '--port-offset', String(offset), ...options])
    if (exit.kind !== 'exited' || exit.code !== 0) throw new Error(printed)
    return made
  }

  /** Runs a launcher of bin/, or another program named by its path, for this home as a user. */
  runAs(uid: number, [program, ...args]: readonly [string, ...string[]]): Promise<Outcome> {
    const argv = program.startsWith('/')
      ? [program, ...args]
      : [process.execPath, join(this.program, 'bin', program), ...args, '--home', this.home.root]
    return runProgram({ argv: ['setpriv', ...identity(uid), ...argv], limitMs: 60_000 })
  }

  /** Starts a daemon as its user; resolves when it serves, to its exit code when it does not. */
  async start(domain: Domain): Promise<number | undefined> {
    const uid = { agent: agentUser, subagents: 0, sipd: sipdUser, console: consoleUser }[domain]
    const main = join(this.program, 'dist', domain, 'main.js')
    const argv = [...identity(uid), process.execPath, ...nodeOptionsOf(this.program), main, '--home', this.home.root]
    const child = spawn('setpriv', argv, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#daemons.set(domain, child)
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (this.output += chunk.toString()))
    // setpriv executes it in its own place, so the PID is the daemon's.
    const isServing = (): boolean => readPidFile(pidFileOf(this.home, domain))?.pid === child.pid
    await until(() => child.exitCode !== null || isServing(), 20_000, `the ${domain}`)
    return child.exitCode ?? undefined
  }

  pidOf(domain: Domain): number | undefined {
    return this.#daemons.get(domain)?.pid
  }

  async stop(domain: Domain, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#daemons.get(domain)
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    await once(child, 'exit')
  }

  /** All that was started here ends, and the folder goes. */
  async remove(): Promise<void> {
    for (const domain of ['console', 'subagents', 'sipd', 'agent'] as const) await this.stop(domain)
    // One that critapp started is no child of ours.
    const sipd = readPidFile(pidFileOf(this.home, 'sipd'))
    if (sipd) process.kill(sipd.pid, 'SIGKILL')
    await rm(join(this.home.root, '..'), { recursive: true, force: true })
  }
}

/** The options of setpriv(1) that make a program this user's; the agent's user is in the group of sipd, as its unit says. */
export function identity(uid: number): string[] {
  if (uid === 0) return ['--reuid=0', '--regid=0', '--clear-groups']
  const groups = uid === agentUser ? `--groups=${sipdUser}` : '--clear-groups'
  return [`--reuid=${uid}`, `--regid=${uid}`, groups]
}

function userAndGroup(uid: number): string {
  return `${uid}:${uid}`
}
