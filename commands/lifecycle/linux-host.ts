/** The machine itself: /proc, signals, PID files, and the lock of the home. */
import { join } from 'node:path'
import { type Home, HomeError, pidFileOf } from '../../lib/home.ts'
import { HomeLock } from '../../lib/home-lock.ts'
import { processesOf } from '../../lib/home-processes.ts'
import { isRunning, readPidFile, readProcess } from '../../lib/proc/process.ts'
import { readRegularFileSync } from '../../lib/regular-file.ts'
import { atPlaceSync, ensureFolderSync } from '../../lib/trust/folder.ts'
import { replaceInSync } from '../../lib/trust/open.ts'
import type { Holder, Identity, Lock, Phase, ProcessHost } from './host.ts'
import { spawnDaemon } from './spawn-daemon.ts'

export function linuxHost(home: Home): ProcessHost {
  const { pid, startTicks } = readProcess(process.pid)!
  const self = { pid, startTicks }
  return {
    self,
    processes: () => processesOf(home),
    serving: (name) => readPidFile(pidFileOf(home, name))?.pid,
    spawn: (name) => spawnDaemon(home, name),
    signal: sendSignal,
    tryLock: (phase) => tryLock(home, self, phase),
    holder: () => readHolder(home),
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    nowMs: () => performance.now(),
  }
}

/** Nothing happens when the process has ended. Throws HomeError, with exit code 4, when this user may not. */
export function sendSignal(identity: Identity, signal: NodeJS.Signals): void {
  if (!isRunning(identity)) return
  try {
    process.kill(identity.pid, signal)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ESRCH') return // it ended just now
    throw new HomeError(`PID ${identity.pid} cannot be sent ${signal}: ${message}`, code === 'EPERM' ? 4 : 1)
  }
}

function lockPath(home: Home): string {
  return join(home.run, 'castellan.lock')
}

/** Beside the lock, so that others can say who has it. Only what the lock says counts. */
function holderPath(home: Home): string {
  return join(home.run, 'castellan.holder')
}

function tryLock(home: Home, self: Identity, phase: Phase): Lock | undefined {
  ensureFolderSync(home.run)
  const lock = take(home)
  if (!lock) return undefined
  const setPhase = (phase: Phase): void => writeHolder(home, { ...self, phase })
  setPhase(phase)
  return {
    setPhase,
    release() {
      atPlaceSync(holderPath(home), (folder, name) => folder.removeSync(name))
      lock.release()
    },
  }
}

function take(home: Home): HomeLock | undefined {
  const path = lockPath(home)
  try {
    return HomeLock.tryTake(path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new HomeError(`lock ${path}: ${message}`, code === 'EACCES' || code === 'EPERM' ? 4 : 1)
  }
}

function writeHolder(home: Home, holder: Holder): void {
  try {
    atPlaceSync(holderPath(home), (folder, name) => replaceInSync(folder, name, JSON.stringify(holder)))
  } catch {
    // A full disk: the lock itself needs no room, and commands that wait for it cannot name its holder.
  }
}

function readHolder(home: Home): Holder | undefined {
  try {
    const { pid, startTicks, phase } = JSON.parse(
      readRegularFileSync(holderPath(home)).octets.toString('utf8'),
    ) as Holder
    return isRunning({ pid, startTicks }) ? { pid, startTicks, phase } : undefined
  } catch {
    return undefined
  }
}
