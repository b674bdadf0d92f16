/** What systemd is told by a unit of Type=notify with a watchdog (sd_notify(3)); nothing where it does not ask. */
import type { Clock, Timer } from './clock.ts'
import type { Log } from './log.ts'
import { programPath } from './program/environment.ts'
import { describeExit, isSuccess } from './program/exit.ts'
import { runProgram } from './program/run.ts'
import { SpareDescriptors } from './spare-descriptors.ts'

const notifyWithinMs = 10_000
/** A watchdog that hears nothing kills a healthy daemon, so what could not be said is said again soon. */
const retryMs = 1000
const attempts = 10
/** To start systemd-notify with, and to read what it says. */
const spareDescriptors = 6

/**
 * Says that the daemon serves, and goes on saying that it is alive as often as the unit wants. Node has no datagram
 * sockets of the Unix domain, so systemd's own program says it for us.
 */
export function tellSystemd(clock: Clock, log: Log, ours: NodeJS.ProcessEnv = process.env): Timer {
  const nothing = { cancel: () => {} }
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, PATH } = takeAgreement(ours)
  if (NOTIFY_SOCKET === undefined) return nothing
  const variables = { NOTIFY_SOCKET, PATH: programPath(PATH) }
  const spare = new SpareDescriptors(spareDescriptors)
  const tell = async (state: string, left = attempts): Promise<void> => {
    const argv = ['systemd-notify', `--pid=${process.pid}`, state] as const
    const { exit, printed } = await spare.lend(() => runProgram({ argv, variables, limitMs: notifyWithinMs }))
    if (isSuccess(exit)) return
    if (left === attempts)
      log.warn('cannot notify systemd; trying again', { error: `${describeExit(exit)}: ${printed.trim()}` })
    if (left > 1) clock.after(retryMs, () => void tell(state, left - 1))
  }
  void tell('--ready')
  // sd_watchdog_enabled(3): the watchdog of another process is not for us to feed.
  const isOurs = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid
  const watchdogMs = isOurs ? Number(WATCHDOG_USEC ?? 0) / 1000 : 0
  // Half of the time, as sd_watchdog_enabled(3) advises.
  return watchdogMs > 0 ? clock.every(watchdogMs / 2, () => void tell('WATCHDOG=1')) : nothing
}

/** As sd_notify(3) and sd_watchdog_enabled(3) do with unset_environment: the agreement is with this process alone. */
function takeAgreement(ours: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const taken = { ...ours }
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete ours[name]
  return taken
}
