/** The daemons of a home that serve, and the signal that makes one read its files again. */

import type { Home } from '../../lib/home/home.ts'
import type { ProcessIdentity } from '../../lib/proc/process.ts'
import { takesSignal } from '../../lib/proc/signal.ts'
import type { DaemonName } from '../../lib/process/daemon.ts'
import { daemonOf, signalDaemon } from '../../lib/process/daemon-identity.ts'

export function agentOf(home: Home): ProcessIdentity | undefined {
  return daemonOf(home, 'agent')
}

/** Lets a daemon read its files again. Throws while it is starting or ending: SIGHUP would be its end then. */
export function letReload(daemon: ProcessIdentity, name: DaemonName): void {
  if (!takesSignal(daemon.pid, 'SIGHUP'))
    throw new Error(`the ${name}, PID ${daemon.pid}, is starting or ending; run the command again`)
  signalDaemon(daemon, 'SIGHUP')
}
