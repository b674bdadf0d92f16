/** The processes that /proc lists, and their descriptors. `root` is where another /proc is, for saved samples. */
import { stat } from 'node:fs/promises'
import type { Octets } from '../text/octets.ts'
import { eachName, readLink, readNames, readWhole } from './file.ts'
import { HiddenProcessError, isKnown } from './pid.ts'
import { type ProcStat, parseProcStat } from './stat.ts'

/** All at once; throws where /proc cannot be listed. */
export function listPids(root: Octets = ''): number[] {
  const names = readNames(`${root}/proc`)
  if (!names) throw new Error(`${root}/proc is not there; is it mounted?`)
  return names.map(Number).filter((pid) => pid > 0)
}

/** One at a time, in the order of the folder; 0 for what is no process, so that each step is as long as the others. */
export function* eachPid(root: Octets = ''): Generator<number> {
  for (const name of eachName(`${root}/proc`)) {
    const pid = Number(name)
    yield pid > 0 ? pid : 0
  }
}

/**
 * Undefined when there is no such process; throws where nobody can tell: /proc may be mounted with hidepid (proc(5)), so that
 * processes of others cannot be read (1) or are not there at all (2).
 */
export function readStat(pid: number, root: Octets = ''): ProcStat | undefined {
  const text = root === '' ? readProcessFile(pid, 'stat') : readWhole(`${root}/proc/${pid}/stat`)
  // Of a process that ends while it is read the file may be empty.
  return text ? parseProcStat(text) : undefined
}

/** A file of /proc/PID as `readStat` reads it: undefined only where there is no such process, or it has no such file. */
export function readProcessFile(pid: number, name: 'stat' | 'status'): Octets | undefined {
  const path = `/proc/${pid}/${name}`
  const text = readWhole(path)
  // One may have begun since its file was not found.
  if (text === undefined && isKnown(pid) && readWhole(path) === undefined) throw new HiddenProcessError(pid)
  return text
}

export interface OpenFile {
  readonly descriptor: string
  /** What /proc/PID/fd/N leads to: a path, `socket:[INODE]`, `pipe:[INODE]`. */
  readonly target: Octets
}

/**
 * The descriptors of a process, read as they are asked for. Such a link is the kernel's own and never leads to a disk. Throws where
 * the process may not be looked at, and an absence (`isAbsence`) where it has ended.
 */
export function* openFiles(pid: number, root: Octets = ''): Generator<OpenFile> {
  const folder = `${root}/proc/${pid}/fd`
  for (const descriptor of eachName(folder, 32)) {
    const target = readLink(`${folder}/${descriptor}`)
    if (target !== undefined) yield { descriptor, target }
  }
}

/** The inode of `socket:[1413971]`; undefined for a descriptor of anything else. */
export function socketInode(target: Octets): number | undefined {
  const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1]
  return inode === undefined ? undefined : Number(inode)
}

/** What the open file of a descriptor is, by device and inode. Throws where nobody can tell, and an absence where it was closed. */
export async function openFileIdentity(
  pid: number,
  descriptor: string,
): Promise<{ readonly device: bigint; readonly inode: bigint }> {
  const { dev, ino } = await stat(`/proc/${pid}/fd/${descriptor}`, { bigint: true })
  return { device: dev, inode: ino }
}

export type AccessMode = 'read' | 'write' | 'both'

/** Undefined where it was closed; throws where nobody can tell. */
export function accessModeOf(pid: number, descriptor: string): AccessMode | undefined {
  const info = readWhole(`/proc/${pid}/fdinfo/${descriptor}`)
  return info === undefined ? undefined : parseAccessMode(info)
}

/** The access mode within `flags` of /proc/PID/fdinfo/FD, which is octal (proc(5)); O_ACCMODE is its last two bits. */
export function parseAccessMode(fdinfo: string): AccessMode {
  const mode = Number.parseInt(/^flags:\s*([0-7]+)/m.exec(fdinfo)?.[1] ?? '2', 8) & 3
  return mode === 0 ? 'read' : mode === 1 ? 'write' : 'both'
}
