/** What systemd is told by a unit of Type=notify with a watchdog (sd_notify(3)); nothing where it does not ask. */

import type { Log } from '../log/log.ts'
import { programPath } from '../program/environment.ts'
import { describeExit, isSuccess } from '../program/exit.ts'
import { runProgram } from '../program/run.ts'
import type { Clock, Timer } from '../time/clock.ts'
import { SpareDescriptors } from './spare-descriptors.ts'

const notifyWithinMs = 10_000
/** To start systemd-notify with, and to read what it says. */
const spareDescriptors = 6
/** Of the half of its time that is left after a notification failed, several tries are made. */
const retriesPerWatchdog = 10
const retryWithoutWatchdogMs = 3000

/**
 * Says that the daemon serves, and goes on saying that it is alive as often as the unit wants. Node has no datagram
 * sockets of the Unix domain, so systemd's own program says it for us.
 */
export function tellSystemd(clock: Clock, log: Log, ours: NodeJS.ProcessEnv = process.env): Timer {
  const nothing = { cancel: () => {} }
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, PATH } = takeAgreement(ours)
  if (NOTIFY_SOCKET === undefined) return nothing
  const variables = { NOTIFY_SOCKET, PATH: programPath(PATH) }
  // sd_watchdog_enabled(3): the watchdog of another process is not for us to feed.
  const isOurs = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid
  const watchdogMs = isOurs ? Number(WATCHDOG_USEC ?? 0) / 1000 : 0
  const retryMs = watchdogMs > 0 ? watchdogMs / retriesPerWatchdog : retryWithoutWatchdogMs
  const spare = new SpareDescriptors(spareDescriptors)
  const waiting = new Set<string>()
  // A machine that has no process or descriptor to spare for a moment must not have a healthy daemon killed for it.
  const tell = async (state: string): Promise<void> => {
    const argv = ['systemd-notify', `--pid=${process.pid}`, state] as const
    waiting.delete(state)
    const { exit, printed } = await spare.lend(() => runProgram({ argv, variables, limitMs: notifyWithinMs }))
    // What is due again says the same as what is tried again.
    if (isSuccess(exit) || waiting.has(state)) return
    waiting.add(state)
    log.warn('cannot notify systemd; it is tried again', { error: `${describeExit(exit)}: ${printed.trim()}`, retryMs })
    clock.after(retryMs, () => void (waiting.has(state) && tell(state)))
  }
  void tell('--ready')
  // Half of the time, as sd_watchdog_enabled(3) advises.
  return watchdogMs > 0 ? clock.every(watchdogMs / 2, () => void tell('WATCHDOG=1')) : nothing
}

/** As sd_notify(3) and sd_watchdog_enabled(3) do with unset_environment: the agreement is with this process alone. */
function takeAgreement(ours: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const taken = { ...ours }
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete ours[name]
  return taken
}
