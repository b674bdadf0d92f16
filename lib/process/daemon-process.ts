/** What every daemon's main.ts does around its work: home, log, PID file, signals, and an end that says why. */
import { join } from 'node:path'
import { ConfigurationError } from '../cnf/complaint.ts'
import { messageOf, messageWithCausesOf } from '../errors.ts'
import { removePidFile, writePidFile } from '../files/pid-file.ts'
import {
  checkHomePath,
  foldersOf,
  type Home,
  HomeError,
  makeFolders,
  pidFileOf,
  requireHome,
  resolveHome,
} from '../home/home.ts'
import { requireTrust } from '../home/home-trust.ts'
import { HomeLock } from '../home/lock.ts'
import { createLog, type Log } from '../log/log.ts'
import { LogFile } from '../log/log-file.ts'
import { migrateHome, migrationSentence } from '../migration/migrate.ts'
import { type ProcessIdentity, thisProcess } from '../proc/process.ts'
import { systemClock } from '../time/clock.ts'
import { removeAbandonedDrafts } from '../trust/drafts.ts'
import type { DaemonName } from './daemon.ts'
import { daemonOf } from './daemon-identity.ts'
import { guardProcess } from './guard.ts'
import { starterVariable } from './home-processes.ts'
import { outliveStandardStreams } from './standard-streams.ts'
import { tellSystemd } from './systemd.ts'

/** What a daemon does when it serves. */
export interface DaemonWork {
  stop(): Promise<void>
  /** On SIGHUP. */
  reload(): Promise<void>
}

export interface DaemonProcess {
  readonly home: Home
  readonly log: Log
  /**
   * Starts the work, and keeps to signals until it ends: SIGTERM and SIGINT stop it, SIGHUP reloads it; SIGUSR2 reopens its
   * log. `start` resolves when it serves; it throws ConfigurationError, or an Error that says what could not be had.
   */
  run(start: () => Promise<DaemonWork>): Promise<void>
  /** Says why on standard error and in the log, and ends the process with exit code 1, or 4 where files are refused. */
  fail(error: unknown): never
}

/** Ends the process with a sentence when the home cannot be used. */
export function openDaemon(name: DaemonName, homeOption: string | undefined): DaemonProcess {
  outliveStandardStreams()
  const home = openHome(name, homeOption)
  // What this daemon starts is of this appliance, and can be told from the same of another one.
  process.env.CASTELLAN_HOME = home.root
  try {
    makeFolders(home, name)
  } catch (error) {
    leave(name, error)
  }
  const file = openLogFile(name, home, (lines) =>
    log.error('lines of this log were lost, as it could not be written', { lines }),
  )
  const log = createLog({ component: name, write: (line) => file.write(line) })
  process.on('SIGUSR2', () => {
    try {
      file.reopen()
    } catch (error) {
      log.error('cannot reopen the log; the file that was open is used on', { error })
    }
  })
  guardProcess(() => log, systemClock)
  // It is printed too, but the next start begins its output again.
  process.on('uncaughtExceptionMonitor', (error) => log.error('bug: uncaught exception; the daemon ends', { error }))

  const fail = (error: unknown): never => {
    const said = error instanceof ConfigurationError ? error.message : error
    log.error('the daemon cannot go on', { daemon: name, error: said })
    process.stderr.write(`${messageWithCausesOf(error)}\n`)
    process.exit(error instanceof ConfigurationError ? error.exitCode : 1)
  }
  const run = async (start: () => Promise<DaemonWork>): Promise<void> => {
    beTheOnlyOne(name, home)
    try {
      const { stop, reload } = await start()
      await keepToSignals({
        pidFile: pidFileOf(home, name),
        log,
        reload: async () => {
          requireTrust(home, name)
          await reload()
        },
        stop: () =>
          stop()
            .then(() => file.close())
            .catch(fail),
      })
    } catch (error) {
      fail(error)
    }
  }
  return { home, log, run, fail }
}

/** The home of a daemon. Ends the process with a sentence when it cannot be used, or when the starter has ended already. */
export function openHome(name: DaemonName, homeOption: string | undefined): Home {
  try {
    const home = resolveHome(homeOption)
    requireHome(home)
    checkHomePath(home)
    requireTrust(home, name)
    const migration = migrateHome(home)
    if (migration) process.stderr.write(`${name}: ${migrationSentence(home, migration)}\n`)
    const starter = process.env[starterVariable]
    // What it starts is not of the starter. /proc shows the first environment all the same.
    delete process.env[starterVariable]
    if (starter !== undefined && starter !== String(process.ppid))
      throw new HomeError(`the castellan start that started it, PID ${starter}, has ended`)
    return home
  } catch (error) {
    return leave(name, error)
  }
}

/** Holds the daemon's lock in its home until the process ends; ends it with a sentence when another has it. */
export function beTheOnlyOne(name: DaemonName, home: Home): void {
  try {
    const lock = HomeLock.tryTake(join(foldersOf(home, name).run, `${name}.lock`))
    if (!lock) throw new HomeError(`the ${name} of ${home.root} runs already${runningPid(name, home)}`)
    process.once('exit', () => lock.release())
    // Nobody else writes in these folders by now, but commands that live.
    removeAbandonedDrafts(Object.values(foldersOf(home, name)))
  } catch (error) {
    leave(name, error)
  }
}

/** For a sentence that is worth saying without it. */
function runningPid(name: DaemonName, home: Home): string {
  try {
    const running = daemonOf(home, name)
    return running ? `, as PID ${running.pid}` : ''
  } catch {
    return ''
  }
}

function leave(name: DaemonName, error: unknown): never {
  process.stderr.write(`${name}: ${messageWithCausesOf(error)}\n`)
  process.exit(error instanceof HomeError ? error.exitCode : 1)
}

/** What a process that serves does at signals. */
export interface ServingProcess {
  readonly pidFile: string
  readonly log: Log
  /** On SIGTERM and SIGINT, once; then the process ends. */
  readonly stop: () => Promise<unknown>
  /** On SIGHUP. */
  readonly reload: () => Promise<void>
}

/** Writes the PID file, tells systemd, and keeps to signals until the process ends. Throws when the file cannot be written. */
export async function keepToSignals({ pidFile, log, stop, reload }: ServingProcess): Promise<void> {
  // Its work may go on without a socket and without events, so something must keep the process.
  const keepAlive = setInterval(() => {}, 1 << 30)
  let isStopping = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (isStopping) return
      isStopping = true
      log.notice('stopping', { signal })
      clearInterval(keepAlive)
      void stop()
        .then(() => removePidFile(pidFile))
        .finally(() => process.exit(0))
    })
  }
  process.on('SIGHUP', () => {
    reload().catch((error: unknown) => log.error('cannot read the configuration again', { error }))
  })
  // After the handlers: who finds the file sends signals, and one without a handler is the end of the process.
  const self = thisProcess()
  if ((await writePidFile(pidFile, self)) === 'marker') writeLater(pidFile, self, log)
  tellSystemd(systemClock, log)
}

/** Our own commands know the process by its marker; others want the file, which is written when there is room. */
function writeLater(pidFile: string, self: ProcessIdentity, log: Log): void {
  log.error('the disk has no room for the PID file; it is written when there is some', { pidFile })
  const timer = systemClock.every(writeAgainEveryMs, () => {
    writePidFile(pidFile, self).then(
      (written) => {
        if (written === 'marker') return
        timer.cancel()
        log.notice('the PID file is written', { pidFile })
      },
      () => {}, // that it cannot be written is in the log already
    )
  })
}

const writeAgainEveryMs = 5000

function openLogFile(name: DaemonName, home: Home, onRecovery: (lostLines: number) => void): LogFile {
  const path = join(foldersOf(home, name).logs, `${name}.log`)
  try {
    return new LogFile({ path, onRecovery })
  } catch (error) {
    process.stderr.write(`${name}: cannot open the log ${path}, which must be a file: ${messageOf(error)}\n`)
    process.exit(1)
  }
}
