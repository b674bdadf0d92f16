/** PID files: three lines of which other tools read the first, believed only where the file and the process vouch for each other. */
import { closeSync, fstatSync, readFileSync } from 'node:fs'
import { codeOf, isMissing } from '../errors.ts'
import { isPid } from '../proc/pid.ts'
import { type ProcessIdentity, readProcess, userOf } from '../proc/process.ts'
import { openToReadSync } from '../trust/open.ts'
import { RefusedPathError } from '../trust/refused-path.ts'
import { isDiskFull, removeFile, writeFileAtomic } from './files.ts'
import { type Marked, placeMarker, readMarkers, removeMarkers } from './pid-marker.ts'

/** PID, start time in ticks, command line as JSON. On a full disk a marker takes its place, which only `readPidFile` knows. */
export async function writePidFile(path: string, identity: ProcessIdentity): Promise<'file' | 'marker'> {
  const content = `${identity.pid}\n${identity.startTicks}\n${JSON.stringify(identity.command)}\n`
  try {
    await writeFileAtomic(path, content, 0o644)
    removeMarkers(path)
    return 'file'
  } catch (error) {
    if (!isDiskFull(error)) throw error
    placeMarker(path, identity)
    // Of a process that was killed; it would be read first.
    await removeFile(path)
    return 'marker'
  }
}

/** What the process that wrote it leaves behind is nothing. */
export async function removePidFile(path: string): Promise<void> {
  await removeFile(path)
  removeMarkers(path)
}

/**
 * The process that a PID file names, if that very process still runs. The file must be root's or of the user that the process
 * runs as: whoever may write the folder can name processes of their own, and those they could signal anyway. Throws where
 * nobody can tell, which is not the same as undefined: no right to read the file or to look at the process, no descriptor left.
 */
export function readPidFile(path: string): ProcessIdentity | undefined {
  const file = readOwnedFile(path)
  if (!file)
    return readMarkers(path)
      .map(runningOf)
      .find((running) => running !== undefined)
  const [pid = 0, startTicks = 0] = file.text.split('\n', 2).map(Number)
  return runningOf({ pid, startTicks, uid: file.uid })
}

/** `uid`: who says so. */
function runningOf({ pid, startTicks, uid }: Marked): ProcessIdentity | undefined {
  if (!isPid(pid)) return undefined
  const running = readProcess(pid)
  if (!running || running.startTicks !== startTicks) return undefined
  return uid === 0 || uid === userOf(pid) ? running : undefined
}

/** A command line may be long. */
const maxOctets = 1 << 20

/** A small file, and whose it is; undefined where there is none, or something else has its name. Throws where it cannot be read. */
export function readOwnedFile(path: string): { readonly text: string; readonly uid: number } | undefined {
  let descriptor: number
  try {
    descriptor = openToReadSync(path)
  } catch (error) {
    if (error instanceof RefusedPathError || isMissing(error) || codeOf(error) === 'ENOTDIR') return undefined
    throw error
  }
  try {
    const { size, uid } = fstatSync(descriptor)
    return size > maxOctets ? undefined : { text: readFileSync(descriptor, 'utf8'), uid }
  } finally {
    closeSync(descriptor)
  }
}
