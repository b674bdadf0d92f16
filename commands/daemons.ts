/** The daemons of a home that serve, by their PID files. */
import { join } from 'node:path'
import type { DaemonName } from '../lib/daemon.ts'
import { type Home, pidFileOf } from '../lib/home.ts'
import { type ProcessIdentity, readPidFile } from '../lib/proc/process.ts'

export function agentOf(home: Home): ProcessIdentity | undefined {
  return daemonOf(home, 'agent')
}

export function daemonOf(home: Home, name: DaemonName | 'castellan'): ProcessIdentity | undefined {
  return readPidFile(name === 'castellan' ? join(home.run, 'castellan.pid') : pidFileOf(home, name))
}
