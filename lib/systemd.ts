/** What systemd is told by a unit of Type=notify with a watchdog (sd_notify(3)); nothing where it does not ask. */
import { execFile } from 'node:child_process'
import type { Clock, Timer } from './clock.ts'
import type { Log } from './log.ts'

/**
 * Says that the daemon serves, and goes on saying that it is alive as often as the unit wants. Node has no datagram
 * sockets of the Unix domain, so systemd's own program says it for us.
 */
export function tellSystemd(clock: Clock, log: Log, environment: NodeJS.ProcessEnv = process.env): Timer {
  const nothing = { cancel: () => {} }
  if (environment.NOTIFY_SOCKET === undefined) return nothing
  const tell = (...states: string[]): void => {
    execFile('systemd-notify', [`--pid=${process.pid}`, ...states], { env: environment }, (error) => {
      if (error) log.warn('systemd could not be told', { error: error.message })
    })
  }
  tell('--ready')
  const watchdogMs = Number(environment.WATCHDOG_USEC ?? 0) / 1000
  // Half of the time, as sd_watchdog_enabled(3) advises.
  return watchdogMs > 0 ? clock.every(watchdogMs / 2, () => tell('WATCHDOG=1')) : nothing
}
