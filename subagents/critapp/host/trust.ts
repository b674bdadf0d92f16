/**
 * Whose process a row may take for its own. A name, a command line and an environment are what any user can give to a process of
 * theirs; the user and the executed file are not.
 */

import { readFileSync, type Stats, statSync } from 'node:fs'
import { basename, dirname, isAbsolute } from 'node:path'
import { isDenied } from '../../../lib/errors.ts'
import { domains } from '../../../lib/home/home.ts'
import { isAbsence } from '../../../lib/proc/file.ts'
import { executableOf, executableStats, type ProcessIdentity, userOf } from '../../../lib/proc/process.ts'
import { scriptOf } from './control-script.ts'

export interface TrustOptions {
  /** critAppProcName. */
  readonly name: string
  /** Where the PID file of a name is: its folder belongs to whom a daemon of the appliance runs as. */
  readonly pidFileOf: (name: string) => string
  /** Who this process is; root when installed. */
  readonly ownUid?: number | undefined
}

/**
 * Root and the user of this process are trusted, unless what runs is a set-user-ID program, which anybody may have started under
 * any name. A daemon of the appliance may be its folder's owner besides; any other program may have gone over to a service
 * account, where its file is root's and is called as the row says. Throws where nobody can tell.
 */
export function mayBeOfRow(
  process: Pick<ProcessIdentity, 'pid' | 'command'>,
  { name, pidFileOf, ownUid = globalThis.process.geteuid?.() }: TrustOptions,
): boolean {
  const uid = userOf(process.pid)
  if (uid === undefined) return false
  // What may not be signalled cannot be supervised.
  if (ownUid !== 0) return uid === ownUid
  if (uid === 0) return !isSetUserId(process.pid)
  const owner = (domain: string): number | undefined => statOf(dirname(pidFileOf(domain)))?.uid
  if (domains.some((domain) => domain === name)) return uid === owner(name)
  // The users of the appliance's own daemons are those that strangers come to first.
  if (domains.some((domain) => uid === owner(domain))) return false
  return uid < firstPersonalUid() && isProgramOfRoot(process, name)
}

/** False where this process may not see the file: a root without CAP_SYS_PTRACE may not see that of another root. */
function isSetUserId(pid: number): boolean {
  try {
    return ((executableStats(pid)?.mode ?? 0) & 0o6000) !== 0
  } catch (error) {
    if (isDenied(error)) return false
    throw error
  }
}

/** The executed file says it, or, of an interpreter, the script. */
function isProgramOfRoot({ pid, command }: Pick<ProcessIdentity, 'pid' | 'command'>, name: string): boolean {
  try {
    if (!isOfRoot(executableStats(pid))) return false
    const script = scriptOf(command)
    if (script === undefined) return basename(executableOf(pid) ?? '') === name
    return isAbsolute(script) && isOfRoot(statOf(script))
  } catch (error) {
    if (isDenied(error)) return false
    throw error
  }
}

/** Nobody else can have written it. */
function isOfRoot(stats: Stats | undefined): boolean {
  return stats?.uid === 0 && (stats.mode & 0o022) === 0
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw error
  }
}

/** UID_MIN of login.defs(5): accounts below are those of the system and its services. */
function firstPersonalUid(): number {
  try {
    return Number(/^UID_MIN\s+(\d+)/m.exec(readFileSync('/etc/login.defs', 'latin1'))?.[1] ?? 1000)
  } catch (error) {
    if (isAbsence(error)) return 1000
    throw error
  }
}
