/** Who has a file open for writing: seen in /proc/PID/fd, by device and inode, whatever the file is called. */

import { lstat } from 'node:fs/promises'
import { basename } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { isDenied } from '../../../lib/errors.ts'
import { isAbsence } from '../../../lib/proc/file.ts'
import { accessModeOf, listPids, openFileIdentity, openFiles, readStat } from '../../../lib/proc/processes.ts'
import { octetsOf } from '../../../lib/text/octets.ts'
import { atPlace } from '../../../lib/trust/folder.ts'

export interface FileIdentity {
  readonly device: bigint
  readonly inode: bigint
}

export interface Writer {
  readonly pid: number
  readonly name: string
}

export interface Writers {
  readonly writers: readonly Writer[]
  /** Of the owner and its children: those whose descriptors we may not see. */
  readonly unseen: readonly Writer[]
}

interface Running extends Writer {
  readonly parentPid?: number
}

/** Of a link, the link's own: nobody writes it. Throws what the file system throws. */
export function identityOf(path: string): Promise<FileIdentity> {
  return atPlace(path, async (folder, name) => {
    const { dev, ino } = await folder.call(lstat(folder.at(name), { bigint: true }))
    return { device: dev, inode: ino }
  })
}

/**
 * All processes that can still write the file. Every descriptor of the owner and its descendants is held against the
 * inode. Of others only those that show the file's name are: asking for the inode of any file of any process could wait
 * for a file server that has gone. `among` narrows the search to processes that were found before.
 */
export async function findWriters(
  path: string,
  file: FileIdentity,
  ownerPid: number | undefined,
  among?: readonly Writer[],
): Promise<Writers> {
  const running = among ?? (await listProcesses())
  const family = ownerPid === undefined ? new Set<number>() : familyOf(ownerPid, running)
  const writers: Writer[] = []
  const unseen: Writer[] = []
  for (const { pid, name } of running) {
    await setImmediate() // a process is a fraction of a millisecond, and there are many
    const isFamily = family.has(pid) || among !== undefined
    const found = await hasOpenForWriting(
      pid,
      file,
      (target) => isFamily || basename(target) === octetsOf(basename(path)),
    )
    if (found === 'yes') writers.push({ pid, name })
    else if (found === 'unseen' && isFamily) unseen.push({ pid, name })
  }
  return { writers, unseen }
}

async function hasOpenForWriting(
  pid: number,
  file: FileIdentity,
  isOfInterest: (target: string) => boolean,
): Promise<'yes' | 'no' | 'unseen'> {
  let found: 'no' | 'unseen' = 'no'
  try {
    for (const { descriptor, target } of openFiles(pid)) {
      // Sockets and pipes have no path, and a log is no device.
      if (!target.startsWith('/') || target.startsWith('/dev/') || !isOfInterest(target)) continue
      const isWriting = await isWriter(pid, descriptor, file)
      if (isWriting) return 'yes'
      if (isWriting === undefined) found = 'unseen'
    }
    return found
  } catch (error) {
    // A process that has ended has nothing open; another may not be looked at, or that cannot be known now.
    return isAbsence(error) ? 'no' : 'unseen'
  }
}

/** Undefined where that cannot be known. */
async function isWriter(
  pid: number,
  descriptor: string,
  { device, inode }: FileIdentity,
): Promise<boolean | undefined> {
  try {
    const opened = await openFileIdentity(pid, descriptor)
    if (opened.device !== device || opened.inode !== inode) return false
    return (accessModeOf(pid, descriptor) ?? 'read') !== 'read'
  } catch (error) {
    return isAbsence(error) ? false : undefined // closed meanwhile, or on a file server that does not answer
  }
}

async function listProcesses(): Promise<Running[]> {
  const found: Running[] = []
  for (const pid of listPids()) {
    await setImmediate()
    try {
      const stat = readStat(pid)
      if (stat) found.push(stat)
    } catch (error) {
      if (!isDenied(error)) throw error
      found.push({ pid, name: '?' })
    }
  }
  return found
}

function familyOf(pid: number, running: readonly Running[]): Set<number> {
  const family = new Set([pid])
  for (let before = 0; before < family.size; ) {
    before = family.size
    for (const process of running) if (family.has(process.parentPid ?? 0)) family.add(process.pid)
  }
  return family
}
