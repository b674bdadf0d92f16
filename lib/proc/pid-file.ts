/** PID files: three lines of which other tools read the first, believed only where the file and the process vouch for each other. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { codeOf } from '../errors.ts'
import { writeFileAtomic } from '../files.ts'
import { isPid } from './pid.ts'
import { type ProcessIdentity, readProcess, userOf } from './process.ts'

/** PID, start time in ticks, command line as JSON. */
export async function writePidFile(path: string, identity: ProcessIdentity): Promise<void> {
  await writeFileAtomic(path, `${identity.pid}\n${identity.startTicks}\n${JSON.stringify(identity.command)}\n`, 0o644)
}

/**
 * The process that a PID file names, if that very process still runs. The file must be root's or of the user that the process
 * runs as: whoever may write the folder can name processes of their own, and those they could signal anyway. Throws where
 * nobody can tell, which is not the same as undefined: no right to read the file or to look at the process, no descriptor left.
 */
export function readPidFile(path: string): ProcessIdentity | undefined {
  const file = readOwnedFile(path)
  if (!file) return undefined
  const [pid, startTicks] = file.text.split('\n', 2).map(Number)
  if (pid === undefined || !isPid(pid)) return undefined
  const running = readProcess(pid)
  if (!running || running.startTicks !== startTicks) return undefined
  return file.uid === 0 || file.uid === userOf(pid) ? running : undefined
}

/** A command line may be long. */
const maxOctets = 1 << 20
// No link of somebody else is followed, and no FIFO waited for.
const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW

/** A small file, and whose it is; undefined where there is no regular file. Throws where it cannot be read. */
export function readOwnedFile(path: string): { readonly text: string; readonly uid: number } | undefined {
  let descriptor: number
  try {
    descriptor = openSync(path, flags)
  } catch (error) {
    // ELOOP: a link; ENXIO: a socket.
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'].includes(codeOf(error) ?? '')) return undefined
    throw error
  }
  try {
    const stats = fstatSync(descriptor)
    if (!stats.isFile() || stats.size > maxOctets) return undefined
    return { text: readFileSync(descriptor, 'utf8'), uid: stats.uid }
  } finally {
    closeSync(descriptor)
  }
}
