/**
 * The environment of every program that we start. It is an allow-list: a variable that we do not know may be a private
 * agreement between us and the process that started us, such as NOTIFY_SOCKET, WATCHDOG_PID and LISTEN_FDS of systemd or
 * NODE_CHANNEL_FD and NODE_UNIQUE_ID of Node, and a list of what to leave out is never complete. A command that needs
 * more says so itself: `/usr/bin/env NAME=value program`.
 */
import { homedir } from 'node:os'
import { delimiter, dirname } from 'node:path'

/** CASTELLAN_HOME is how critapp recognises what was started for its appliance. */
const passedOn = ['HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LANGUAGE', 'TZ', 'CASTELLAN_HOME']

/** Where programs are looked for when nobody gave us a PATH. */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export type Environment = Readonly<Record<string, string>>

/** `more` are the variables that this program needs besides; they win over the others. */
export function cleanEnvironment(
  more: Environment = {},
  ours: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const environment: Record<string, string> = { PATH: programPath(ours.PATH), HOME: homedir() }
  for (const [name, value] of Object.entries(ours)) {
    if (value !== undefined && (passedOn.includes(name) || name.startsWith('LC_'))) environment[name] = value
  }
  return { ...environment, ...more }
}

/**
 * A PATH in which node is found, last of all: launchers such as bin/sip begin with `#!/usr/bin/env node`, and a unit of
 * systemd, or nvm, runs node from a folder that is in nobody's PATH.
 */
export function programPath(path: string | undefined): string {
  const folders = path ? path : defaultPath
  const own = dirname(process.execPath)
  return folders.split(delimiter).includes(own) ? folders : `${folders}${delimiter}${own}`
}
