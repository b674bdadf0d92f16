/** Puts files where they belong and takes them away, within opened folders: no link that others made leads elsewhere. */
import { constants } from 'node:fs'
import {
  chmod,
  copyFile,
  lchown,
  lstat,
  lutimes,
  mkdir,
  readlink,
  rename,
  rm,
  rmdir,
  symlink,
  unlink,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { codeOf, isMissing } from '../../lib/errors.ts'
import { hasStrayOctet, octetsOfText } from '../../lib/text/lossless-text.ts'
import { Folder } from '../../lib/trust/folder.ts'

/** What a file, folder or link has besides its content. */
export interface Traits {
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtimeMs: number
}

type SystemPath = string | Buffer

/** Runs something with a path that names the entry itself, in a folder that is held open. */
export async function inPlace<T>(path: string, run: (at: SystemPath) => Promise<T>): Promise<T> {
  const folder = await Folder.open(dirname(path), path)
  try {
    const name = basename(path)
    return await run(
      hasStrayOctet(name) ? Buffer.concat([Buffer.from(`${folder.at()}/`), octetsOfText(name)]) : folder.at(name),
    )
  } finally {
    folder.close()
  }
}

/** Undefined where there is nothing. */
export async function traitsAt(
  path: string,
): Promise<(Traits & { readonly kind: 'file' | 'folder' | 'link' | 'other' }) | undefined> {
  try {
    return await inPlace(path, async (at) => {
      const stats = await lstat(at)
      const { mode, uid, gid, mtimeMs } = stats
      const kind = stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : stats.isSymbolicLink() ? 'link' : 'other'
      return { mode: mode & 0o7777, uid, gid, mtimeMs, kind }
    })
  } catch (error) {
    if (isMissing(error) || codeOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}

/** Replaces nothing: throws EEXIST where there is something. */
export async function moveTo(from: string, to: string): Promise<void> {
  await inPlace(from, (source) =>
    inPlace(to, async (target) => {
      if (await isThere(target)) throw Object.assign(new Error(`${to} is there already`), { code: 'EEXIST' })
      try {
        await rename(source, target)
      } catch (error) {
        if (codeOf(error) !== 'EXDEV') throw error
        await inPlace(copyPathOf(to), (draft) => copyAcross(source, draft, target))
      }
    }),
  )
}

/** What is copied from another file system has this name beside its own until it is whole. */
export const copyPathOf = (path: string): string => join(dirname(path), '.castellan-copy')

/** Between two file systems: what has the name of the target is whole, whenever this process is killed. */
async function copyAcross(source: SystemPath, draft: SystemPath, target: SystemPath): Promise<void> {
  await rm(draft, { force: true })
  const stats = await lstat(source)
  const { mode, uid, gid, mtimeMs } = stats
  if (stats.isSymbolicLink()) await symlink(await readlink(source), draft)
  else await copyFile(source, draft, constants.COPYFILE_EXCL)
  await applyAt(draft, { mode: mode & 0o7777, uid, gid, mtimeMs })
  await rename(draft, target)
  await unlink(source)
}

async function isThere(path: SystemPath): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

export async function makeLink(path: string, target: string): Promise<void> {
  await inPlace(path, (at) => symlink(Buffer.from(octetsOfText(target)), at))
}

/** False where there is a folder already. */
export async function makeFolder(path: string): Promise<boolean> {
  try {
    await inPlace(path, (at) => mkdir(at, 0o700))
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && (await traitsAt(path))?.kind === 'folder') return false
    throw error
  }
}

/** False where it is not empty. */
export async function removeFolder(path: string): Promise<boolean> {
  try {
    await inPlace(path, (at) => rmdir(at))
    return true
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'EBUSY'].includes(codeOf(error) ?? '')) return false
    throw error
  }
}

/** Nothing happens where there is nothing. */
export async function removeEntry(path: string): Promise<void> {
  try {
    await inPlace(path, (at) => unlink(at))
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}

/** Only root can give files to others; for anybody else they stay its own. */
export async function applyTraits(path: string, traits: Traits): Promise<void> {
  await inPlace(path, (at) => applyAt(at, traits))
}

async function applyAt(at: SystemPath, { mode, uid, gid, mtimeMs }: Traits): Promise<void> {
  if (process.geteuid?.() === 0) await lchown(at, uid, gid)
  // A link has no mode of its own, and chmod would follow it.
  if (!(await lstat(at)).isSymbolicLink()) await chmod(at, mode)
  await lutimes(at, mtimeMs / 1000, mtimeMs / 1000)
}
