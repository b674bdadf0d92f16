/** Stops whatever runs of a home, however it was started and whichever of its processes are left. */

import { HomeError } from '../../lib/home/home.ts'
import type { Part } from '../../lib/process/daemon-identity.ts'
import type { HomeProcess } from '../../lib/process/home-processes.ts'
import { type Holder, type HomeHost, type Lock, lookEveryMs, type SipdChoice } from './host.ts'

/** A daemon has so long after SIGTERM; then it is killed. */
export const stopWithinMs = 15_000
const killWithinMs = 5000
/** A starter stops its daemons one after the other, and sipd after them. */
const starterStopsWithinMs = 4 * stopWithinMs
const identifiesWithinMs = 30_000

/** Resolves when nothing of the home runs. Throws when something does not end, or may not be stopped by this user. */
export async function stopHome(host: HomeHost, sipd: SipdChoice): Promise<void> {
  const lock = await lockToStop(host, sipd)
  try {
    refuseUnits(host)
    await endProcesses(host, sipd)
  } finally {
    lock.release()
  }
}

/** systemd would start it again at once, and the stop would be none. */
function refuseUnits(host: HomeHost): void {
  const isRestarted = ({ part, unit }: HomeProcess): boolean =>
    unit !== undefined && (part === 'agent' || part === 'subagents' || part === 'console')
  const units = host.processes().flatMap((one) => (isRestarted(one) ? [one.unit] : []))
  if (units.length > 0) throw new HomeError(`systemd runs the appliance; run: systemctl stop ${units.join(' ')}`)
}

/** Ends what runs, in the order in which nothing starts anything again. Only for who has the lock. */
export async function endProcesses(host: HomeHost, sipd: SipdChoice): Promise<void> {
  await endParts(host, ['console'])
  await endParts(host, ['subagents'])
  await endParts(host, ['agent'])
  // A `sip start` that critapp began may outlive it, and would start sipd after all.
  if (sipd === 'stop sipd') await endParts(host, ['sip', 'sipd'])
}

/** A starter is asked to stop; another command that stops is waited for. */
async function lockToStop(host: HomeHost, sipd: SipdChoice): Promise<Lock> {
  let seen: { readonly holder: Holder | undefined; readonly sinceMs: number } | undefined
  for (;;) {
    const lock = host.tryLock('stop')
    if (lock) return lock
    const holder = host.holder()
    if (!seen || !isSame(seen.holder, holder)) {
      seen = { holder, sinceMs: host.nowMs() }
      if (holder && holder.phase !== 'stop') host.signal(holder, sipd === 'stop sipd' ? 'SIGTERM' : 'SIGUSR2')
    }
    const waitedMs = host.nowMs() - seen.sinceMs
    if (!holder && waitedMs > identifiesWithinMs) throw new Error(unknownHolder)
    if (holder && waitedMs > starterStopsWithinMs) {
      if (holder.phase === 'stop') throw new Error(`PID ${holder.pid} is stopping it, and does not come to an end`)
      host.signal(holder, 'SIGKILL')
    }
    await host.pause(lookEveryMs)
  }
}

/** The holder says who it is in a file, which a full disk has no room for. */
export const unknownHolder =
  'another castellan command holds run/castellan.lock and does not say who it is; /proc/locks names its PID'

function isSame(a: Holder | undefined, b: Holder | undefined): boolean {
  return a?.pid === b?.pid && a?.startTicks === b?.startTicks
}

/** SIGTERM, then SIGKILL, to each process of these parts; those that appear meanwhile are of them. */
async function endParts(host: HomeHost, parts: readonly Part[]): Promise<void> {
  const askedAtMs = new Map<number, number>()
  for (;;) {
    const left = host.processes().filter(({ part }) => parts.includes(part))
    if (left.length === 0) return
    for (const one of left) {
      const askedMs = askedAtMs.get(one.pid)
      if (askedMs === undefined) {
        askedAtMs.set(one.pid, host.nowMs())
        host.signal(one, 'SIGTERM')
      } else if (host.nowMs() - askedMs > stopWithinMs) kill(host, one, host.nowMs() - askedMs)
    }
    await host.pause(lookEveryMs)
  }
}

function kill(host: HomeHost, one: HomeProcess, waitedMs: number): void {
  if (waitedMs > stopWithinMs + killWithinMs)
    throw new Error(`the ${one.part}, PID ${one.pid}, does not end, not even by SIGKILL`)
  host.signal(one, 'SIGKILL')
}
