/**
 * Opens files that others may have put where they are: regular ones only, which belong to who may write there, and which have no
 * second name; no link is followed, and no FIFO or device waited for. What is open is judged, not what has the name.
 */
import { closeSync, constants, fchownSync, fstatSync, openSync, type Stats, writeFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { codeOf, isMissing } from '../errors.ts'
import { draftOf } from './drafts.ts'
import { atPlaceSync, Folder, type Place } from './folder.ts'
import { isSharedFolder, isTrusted } from './owners.ts'
import { type RefusalKind, RefusedPathError } from './refused-path.ts'

const { O_RDONLY, O_WRONLY, O_RDWR, O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants
// Without O_NONBLOCK the open itself waits for the other end of a FIFO. It says nothing to a regular file.
const always = O_NOFOLLOW | O_NONBLOCK

/** What a file is opened for; nothing is emptied by opening it, for it is judged after that. */
export type Access = 'read' | 'append' | 'readWrite'

const flagsOf: Readonly<Record<Access, number>> = {
  read: O_RDONLY | always,
  append: O_WRONLY | O_APPEND | always,
  readWrite: O_RDWR | always,
}

/**
 * Opens a file of a folder that is there; `path` is what people call it. Throws RefusedPathError, or what the file system throws.
 * Whoever opens it closes it.
 */
export function openInSync(folder: Folder, name: string, access: Access, path = folder.pathOf(name)): number {
  let descriptor: number
  try {
    descriptor = folder.callSync(() => openSync(folder.at(name), flagsOf[access]))
  } catch (error) {
    throw refusalOf(error, { folder, name }, path)
  }
  try {
    assertOurs(fstatSync(descriptor), { folder, name }, access, path)
    return descriptor
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

export async function openIn(
  folder: Folder,
  name: string,
  access: Access,
  path = folder.pathOf(name),
): Promise<FileHandle> {
  let handle: FileHandle
  try {
    handle = await folder.call(open(folder.at(name), flagsOf[access]))
  } catch (error) {
    throw refusalOf(error, { folder, name }, path)
  }
  try {
    assertOurs(await handle.stat(), { folder, name }, access, path)
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Makes a file where there is none: EEXIST where there is anything. What root makes belongs to whom the folder belongs to. */
export function makeInSync(folder: Folder, name: string, mode = 0o600): number {
  const descriptor = folder.callSync(() =>
    openSync(folder.at(name), O_RDWR | O_APPEND | O_CREAT | O_EXCL | always, mode),
  )
  try {
    const owner = ownerToBe(folder)
    if (owner) fchownSync(descriptor, owner.uid, owner.gid)
    return descriptor
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

/** As makeInSync; the file is written from its beginning. */
export async function makeIn(folder: Folder, name: string, mode = 0o600): Promise<FileHandle> {
  const handle = await folder.call(open(folder.at(name), O_RDWR | O_CREAT | O_EXCL | always, mode))
  try {
    const owner = ownerToBe(folder)
    if (owner) await handle.chown(owner.uid, owner.gid)
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Opens a file to append to it, and makes it where there is none. */
export function openOrMakeInSync(folder: Folder, name: string, mode = 0o600): number {
  for (;;) {
    try {
      return openInSync(folder, name, 'append')
    } catch (error) {
      if (!isMissing(error)) throw error
    }
    try {
      return makeInSync(folder, name, mode)
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error // it came in between
    }
  }
}

/** Replaces a small file whole, not durably: a reader sees the old one or the new one. */
export function replaceInSync(folder: Folder, name: string, content: string): void {
  const draft = draftOf(name)
  const descriptor = makeInSync(folder, draft)
  try {
    writeFileSync(descriptor, content)
    folder.renameSync(draft, name)
  } catch (error) {
    folder.removeSync(draft)
    throw error
  } finally {
    closeSync(descriptor)
  }
}

/** Opens a file by its path to read it; links on the way are followed where nobody else could have made them. */
export function openToReadSync(path: string): number {
  return atSync(Folder.locateSync(path), ({ folder, name }) => openInSync(folder, name, 'read', path))
}

export async function openToRead(path: string): Promise<FileHandle> {
  const { folder, name } = await Folder.locate(path)
  try {
    return await openIn(folder, name, 'read', path)
  } finally {
    folder.close()
  }
}

/** As openOrMakeInSync, by a path; a link in the place of the file is not followed. */
export function openToAppendSync(path: string, mode = 0o600): number {
  return atPlaceSync(path, (folder, name) => openOrMakeInSync(folder, name, mode))
}

function atSync<T>(place: Place, run: (place: Place) => T): T {
  try {
    return run(place)
  } finally {
    place.folder.close()
  }
}

function ownerToBe({ stats: { uid, gid } }: Folder): { readonly uid: number; readonly gid: number } | undefined {
  return process.geteuid?.() === 0 && uid !== 0 ? { uid, gid } : undefined
}

/** Throws unless a file is one that this process may use in the name of who may write its folder. */
export function assertOurs(file: Stats, { folder, name }: Place, access: Access, path: string): void {
  const refuse = (kind: RefusalKind, reason: string): never => {
    throw new RefusedPathError({ kind, path, component: folder.pathOf(name), reason })
  }
  if (file.isSymbolicLink()) refuse('link', 'is a symbolic link, which is not followed; it must be a regular file')
  if (!file.isFile()) refuse('notRegular', `is ${kindOf(file)}; it must be a regular file`)
  if (!folder.isWritableByOthers) return
  if (file.nlink > 1)
    refuse('hardLink', `has ${file.nlink} names (hard links) in a folder that others may write, and is not used`)
  if (!isOwnerExpected(file, folder, access))
    refuse('owner', `belongs to uid ${file.uid}, and its folder to uid ${folder.stats.uid}; it is not used`)
}

/** What several users share may be read whoever of them wrote it; written only where it is the folder's owner's, or ours. */
function isOwnerExpected(file: Stats, { stats }: Folder, access: Access): boolean {
  if (file.uid === stats.uid) return true
  if (isTrusted(file.uid)) return access === 'append' || isTrusted(stats.uid) || isReadableBy(file, stats)
  return access === 'read' && isSharedFolder(stats)
}

/**
 * Whether the owner of a folder may read a file of ours in it. One that is closed to him may have been ours elsewhere: he linked it
 * here, and its first name went when it was replaced (/etc/shadow at each new password), so that it has one name again.
 */
function isReadableBy({ mode, gid }: Stats, owner: Stats): boolean {
  return (mode & 0o004) !== 0 || ((mode & 0o040) !== 0 && gid === owner.gid)
}

/** What an open that failed says of what is there; other errors as they are. */
function refusalOf(cause: unknown, { folder, name }: Place, path: string): unknown {
  const refused = (kind: RefusalKind, reason: string): RefusedPathError =>
    new RefusedPathError({ kind, path, component: folder.pathOf(name), reason })
  switch (codeOf(cause)) {
    case 'ELOOP':
      return refused('link', 'is a symbolic link, which is not followed; it must be a regular file')
    case 'ENXIO': // a socket, or a FIFO that nobody reads
    case 'EISDIR':
      return refused('notRegular', `is ${kindAt(folder, name)}; it must be a regular file`)
    default:
      return cause
  }
}

function kindAt(folder: Folder, name: string): string {
  try {
    return kindOf(folder.lstatSync(name))
  } catch {
    return 'not a regular file' // it went meanwhile
  }
}

export function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a directory'
  if (stats.isFIFO()) return 'a FIFO'
  if (stats.isSocket()) return 'a socket'
  if (stats.isSymbolicLink()) return 'a symbolic link'
  return stats.isFile() ? 'a regular file' : 'a device'
}
