/**
 * Starts programs in transient units of systemd. A child would inherit what the unit of this process may not: its memory
 * limit, capabilities, system calls, and that none of it can be gained again (NoNewPrivileges).
 */

import { randomBytes } from 'node:crypto'
import { closeSync, constants, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { constants as systemConstants } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import type { Log } from '../log/log.ts'
import { isRunning } from '../proc/process.ts'
import type { Leader } from '../proc/session.ts'
import type { Clock } from '../time/clock.ts'
import { pause } from '../time/pause.ts'
import { cleanEnvironment, type Environment } from './environment.ts'
import { describeExit, isSuccess, type ProgramExit } from './exit.ts'
import type { Launcher } from './launcher.ts'
import type { Program } from './program.ts'
import { whyNoProgram } from './program-file.ts'
import { runProgram } from './run.ts'
import { type Argv, launchableArgv, type StartOptions, startProgram } from './start.ts'
import { exportsOf, transientUnitArgv } from './transient-unit.ts'

export interface UnitLauncherOptions {
  /** systemd-run, with arguments such as --user. */
  readonly systemdRun: Argv
  /** For FIFOs and files of a start; this user's alone. */
  readonly folder: string
  readonly clock: Clock
  readonly log: Log
}

const startedWithinMs = 10_000
const lookEveryMs = 500

export class UnitLauncher implements Launcher {
  readonly #options: UnitLauncherOptions

  /** Leftovers of an earlier process in the folder are removed. Throws when it cannot be made. */
  constructor(options: UnitLauncherOptions) {
    this.#options = options
    rmSync(options.folder, { recursive: true, force: true })
    mkdirSync(options.folder, { recursive: true, mode: 0o700 })
  }

  async start(options: StartOptions): Promise<Program> {
    const { environment = cleanEnvironment(options.variables) } = options
    const missing = whyNoProgram(options.argv[0], environment.PATH ?? '')
    // It tells better than a unit does what is wrong with it.
    if (missing || !existsSync(options.folder ?? '/')) return startProgram(options)
    try {
      return await this.#startUnit(options, environment)
    } catch (error) {
      // It must run, with whatever limits.
      const program = options.argv[0]
      this.#options.log.warn('systemd does not start a program; it is started with our limits', { program, error })
      return startProgram(options)
    }
  }

  /** Throws when it is certain that the program was not started. */
  async #startUnit(options: StartOptions, environment: Environment): Promise<Program> {
    const { systemdRun, folder, clock } = this.#options
    const name = `castellan-run-${randomBytes(8).toString('hex')}`
    const pathOf = (kind: string): string => join(folder, `${name}.${kind}`)
    const [fifo, ending, exports] = [pathOf('fifo'), pathOf('end'), pathOf('env')]
    const channel = await openFifo(fifo)
    writeFileSync(exports, exportsOf(environment), { mode: 0o600, flag: 'wx' })
    const argv = transientUnitArgv(systemdRun, {
      name,
      description: `${options.argv.join(' ').slice(0, 200)}, for Castellan`,
      folder: options.folder ?? '/',
      niceness: options.niceness ?? 0,
      exports,
      argv: launchableArgv(options.argv),
      fifo,
      hasReports: options.hasReports ?? false,
      ending,
    })
    const { input, output, errors } = options
    const client = startProgram({
      argv,
      variables: busVariables(),
      ...(input && { input }),
      ...(output !== undefined && { output }),
      ...(errors !== undefined && { errors }),
    })
    const first = await Promise.race([
      channel.leader,
      client.exited,
      pause(clock, startedWithinMs).then(() => 'late' as const),
    ])
    for (const path of [fifo, exports]) rmSync(path, { force: true })
    const { hasReports = false } = options
    if (first !== 'late' && 'pid' in first) {
      if (!hasReports) channel.close()
      const exited = client.exited.then(() => this.#ending(ending, first))
      const reports = hasReports ? channel.reports : undefined
      return client.inUnit({ leader: first, exited, closed: client.closed, reports })
    }
    channel.close()
    client.closeStreams()
    if (first !== 'late' && first.kind !== 'signalled') throw new Error(`systemd-run ${describeExit(first)}`)
    // It may come yet: a second one would be worse than none.
    const exit = { kind: 'notStarted', code: undefined, reason: 'systemd did not start it in time' } as const
    return client.inUnit({
      leader: undefined,
      exited: Promise.resolve(exit),
      closed: Promise.resolve(),
      reports: undefined,
    })
  }

  /** The client has ended: with the program, or before it, when somebody ended the client alone. */
  async #ending(path: string, leader: Leader): Promise<ProgramExit> {
    const { clock } = this.#options
    for (;;) {
      const exit = parseEnding(readAndRemove(path))
      if (exit) return exit
      if (!isRunning(leader)) return { kind: 'exited', code: -1 }
      await pause(clock, lookEveryMs)
    }
  }
}

/** What systemd says of an end: `exited 3`, `killed TERM`. Undefined for anything else. */
export function parseEnding(text: string): ProgramExit | undefined {
  const [, how, status = ''] = /^(exited|killed|dumped) (\w+)\s*$/.exec(text) ?? []
  if (how === 'exited') return /^\d+$/.test(status) ? { kind: 'exited', code: Number(status) } : undefined
  const signal = `SIG${status}`
  return how !== undefined && isSignal(signal) ? { kind: 'signalled', signal } : undefined
}

function isSignal(text: string): text is NodeJS.Signals {
  return text in systemConstants.signals
}

/** Whether systemd starts a program in a unit for us. Undefined when it does; otherwise why it does not. */
export async function whyNoUnits(systemdRun: Argv): Promise<string | undefined> {
  const argv: Argv = [...systemdRun, '--quiet', '--wait', '--pipe', '--collect', '--', '/bin/true']
  const { exit, printed } = await runProgram({ argv, variables: busVariables(), limitMs: startedWithinMs })
  return isSuccess(exit) ? undefined : `systemd-run ${describeExit(exit)}: ${printed.trim()}`
}

interface Channel {
  readonly leader: Promise<Leader>
  readonly reports: PassThrough
  close(): void
}

/** Open for both directions, so that it waits for nobody and never ends: the program's own end tells that there is no more. */
async function openFifo(path: string): Promise<Channel> {
  const { exit, printed } = await runProgram({ argv: ['mkfifo', '-m', '600', path], limitMs: startedWithinMs })
  if (!isSuccess(exit)) throw new Error(`mkfifo ${describeExit(exit)}: ${printed.trim()}`)
  const { O_RDWR, O_NONBLOCK, O_NOFOLLOW } = constants
  const descriptor = openSync(path, O_RDWR | O_NONBLOCK | O_NOFOLLOW)
  let socket: Socket
  try {
    socket = new Socket({ fd: descriptor, readable: true, writable: false })
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
  const reports = new PassThrough()
  let introduction = Buffer.alloc(0)
  const leader = new Promise<Leader>((resolve) => {
    const introduced = (chunk: Buffer): void => {
      introduction = Buffer.concat([introduction, chunk])
      const end = introduction.indexOf('\n')
      if (end < 0) return
      socket.off('data', introduced)
      const [, pid, startTicks] = /^pid (\d+) (\d+)$/.exec(introduction.toString('latin1', 0, end)) ?? []
      resolve({ pid: Number(pid), startTicks: Number(startTicks) })
      reports.write(introduction.subarray(end + 1))
      socket.on('data', (more: Buffer) => reports.write(more))
    }
    socket.on('data', introduced)
  })
  socket.on('error', () => {})
  // Whoever reads reports waits for nothing else of it.
  reports.once('close', () => socket.destroy())
  return { leader, reports, close: () => reports.destroy() }
}

/** systemctl and its like find the manager of a user by these. */
function busVariables(): Record<string, string> {
  const { XDG_RUNTIME_DIR, DBUS_SESSION_BUS_ADDRESS } = process.env
  return {
    ...(XDG_RUNTIME_DIR !== undefined && { XDG_RUNTIME_DIR }),
    ...(DBUS_SESSION_BUS_ADDRESS !== undefined && { DBUS_SESSION_BUS_ADDRESS }),
  }
}

function readAndRemove(path: string): string {
  try {
    const text = readFileSync(path, 'latin1')
    rmSync(path, { force: true })
    return text
  } catch {
    return '' // systemd could not write it
  }
}
