/** Runs that outlived a keeper that was killed: their sessions are written down while they run, and ended at the next start. */
import { closeSync, readFileSync } from 'node:fs'
import { isMissing } from '../../lib/errors.ts'
import { type Leader, signalSession } from '../../lib/proc/session.ts'
import { ensureFolderSync, type Folder, inFolderSync } from '../../lib/trust/folder.ts'
import { openInSync, replaceInSync } from '../../lib/trust/open.ts'

interface Remembered extends Leader {
  /** Numbers of processes mean something until the machine boots again. */
  readonly bootId: string
}

export class Leftovers {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Written before anything is answered, and not synced: what it is about does not outlive the machine either. */
  remember(leader: Leader): void {
    ensureFolderSync(this.#folder)
    const record: Remembered = { pid: leader.pid, startTicks: leader.startTicks, bootId: bootId() }
    inFolderSync(this.#folder, (folder) => replaceInSync(folder, nameOf(leader), JSON.stringify(record)))
  }

  forget(leader: Leader): void {
    inFolderSync(this.#folder, (folder) => folder.removeSync(nameOf(leader)))
  }

  /** Ends what is left of earlier runs, and gives how many processes that were. */
  endAll(): number {
    try {
      return inFolderSync(this.#folder, endAllIn)
    } catch (error) {
      if (isMissing(error)) return 0 // nothing was ever remembered
      throw error
    }
  }
}

function endAllIn(folder: Folder): number {
  let count = 0
  for (const name of folder.readNamesSync()) {
    const record = readRecord(folder, name)
    if (record?.bootId === bootId()) count += signalSession(record, 'SIGKILL')
    if (!folder.lstatSync(name).isDirectory()) folder.removeSync(name)
  }
  return count
}

function nameOf({ pid }: Leader): string {
  return `${pid}.json`
}

/** What others may write is not believed: whole sessions are killed by it. */
function readRecord(folder: Folder, name: string): Remembered | undefined {
  if (folder.isWritableByOthers || !folder.lstatSync(name).isFile()) return undefined
  const descriptor = openInSync(folder, name, 'read')
  try {
    return parseRecord(readFileSync(descriptor, 'utf8'))
  } finally {
    closeSync(descriptor)
  }
}

function parseRecord(text: string): Remembered | undefined {
  try {
    const { pid, startTicks, bootId }: { [K in keyof Remembered]?: unknown } = JSON.parse(text)
    const isWhole = typeof pid === 'number' && typeof startTicks === 'number' && typeof bootId === 'string'
    return isWhole ? { pid, startTicks, bootId } : undefined
  } catch {
    return undefined // it was cut off while it was written
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
}
