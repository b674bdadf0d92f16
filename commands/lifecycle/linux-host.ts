/** The machine itself: /proc, signals, PID files, and the lock of the home. */

import { join } from 'node:path'
import { isDenied, isMissing, messageOf } from '../../lib/errors.ts'
import { readOwnedFile, readPidFile } from '../../lib/files/pid-file.ts'
import { type Home, HomeError } from '../../lib/home/home.ts'
import { HomeLock } from '../../lib/home/lock.ts'
import { isPid } from '../../lib/proc/pid.ts'
import { isRunning, thisProcess, userOf } from '../../lib/proc/process.ts'
import { daemonOf, isRunBy, signalDaemon } from '../../lib/process/daemon-identity.ts'
import { processesOf } from '../../lib/process/home-processes.ts'
import { SpareDescriptors } from '../../lib/process/spare-descriptors.ts'
import { commandClock } from '../../lib/time/clock.ts'
import { pause } from '../../lib/time/pause.ts'
import { atPlaceSync, ensureFolderSync } from '../../lib/trust/folder.ts'
import { replaceInSync } from '../../lib/trust/open.ts'
import type { Holder, HomeHost, Identity, Lock, Phase } from './host.ts'
import { spawnDaemon } from './spawn-daemon.ts'

/** To start a daemon with, its pipes and its output among them. */
const spareDescriptors = 8

export function linuxHost(home: Home): HomeHost {
  const { pid, startTicks } = thisProcess()
  const self = { pid, startTicks }
  // Of who keeps daemons, from the first that it starts; other commands have ended in a moment.
  let spare: SpareDescriptors | undefined
  const retry = <T>(act: () => T): T => (spare ? spare.retry(act) : act())
  return {
    self,
    processes: () => retry(() => processesOf(home)),
    serving: (name) => retry(() => daemonOf(home, name)?.pid),
    spawn: (name) => {
      spare ??= new SpareDescriptors(spareDescriptors)
      return spare.lend(() => spawnDaemon(home, name))
    },
    signal: (identity, signal) => retry(() => signalDaemon(identity, signal)),
    tryLock: (phase) => tryLock(home, self, phase),
    holder: () => readHolder(home),
    pause: (ms) => pause(commandClock, ms),
    nowMs: () => performance.now(),
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
    throw new HomeError(`lock ${path}: ${messageOf(error)}`, isDenied(error) ? 4 : 1)
  }
}

function writeHolder(home: Home, holder: Holder): void {
  try {
    atPlaceSync(holderPath(home), (folder, name) => replaceInSync(folder, name, JSON.stringify(holder)))
  } catch {
    // A full disk: the lock itself needs no room, and commands that wait for it cannot name its holder.
  }
}

/** Undefined, too, when what the file says is not believed: it is signalled, SIGKILL at last. */
function readHolder(home: Home): Holder | undefined {
  try {
    const file = readOwnedFile(holderPath(home))
    if (!file) return servingStarter(home)
    const said: unknown = JSON.parse(file.text)
    if (!isHolder(said)) return undefined
    const { pid, startTicks, phase } = said
    if (!isPid(pid) || !isRunning({ pid, startTicks })) return undefined
    const isBelieved = file.uid === 0 || file.uid === userOf(pid)
    return isBelieved && isRunBy(home, 'sip', pid) ? { pid, startTicks, phase } : undefined
  } catch (error) {
    if (error instanceof SyntaxError || isMissing(error)) return undefined
    throw error
  }
}

/** Where a full disk has no room for who holds the lock: a starter that serves has a PID file, or its marker, which takes none. */
function servingStarter(home: Home): Holder | undefined {
  const starter = readPidFile(join(home.run, 'castellan.pid'))
  if (!starter || !isRunBy(home, 'sip', starter.pid)) return undefined
  return { pid: starter.pid, startTicks: starter.startTicks, phase: 'serving' }
}

const phases: readonly Phase[] = ['starting', 'serving', 'stopping', 'stop']

function isHolder(said: unknown): said is Holder {
  if (typeof said !== 'object' || said === null || !('pid' in said) || !('phase' in said)) return false
  return 'startTicks' in said && typeof said.startTicks === 'number' && phases.some((phase) => phase === said.phase)
}
