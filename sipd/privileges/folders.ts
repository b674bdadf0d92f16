/** The folders that sipd writes to, as root finds them: those that are new become the account's, others must be its own already. */
import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { isMissing, messageOf } from '../../lib/errors.ts'
import { isNothingAt } from '../../lib/files/files.ts'
import { readRegularFileSync } from '../../lib/files/regular-file.ts'
import { foldersOf, type Home } from '../../lib/home/home.ts'
import { shellWord } from '../../lib/text/shell-word.ts'
import type { Account } from '../../lib/users/accounts.ts'
import { actAs } from '../../lib/users/privileges.ts'

/**
 * Why the account cannot serve from this home, with the command that helps; undefined when it can. Folders that are
 * missing, or root's and empty, become the account's. Nothing else changes hands, and nothing through a link.
 */
export function takeFolders(home: Home, configurationPath: string, account: Account): string | undefined {
  const closed = closedTo(home, configurationPath, account)
  if (closed !== undefined) return closed
  const folders = writtenFolders(home)
  for (const folder of folders) takeIfNew(folder, account)
  return foreignIn(folders, account)
}

/** The same without taking anything: what a start would say. */
export function foldersMistake(home: Home, configurationPath: string, account: Account): string | undefined {
  const closed = closedTo(home, configurationPath, account)
  if (closed !== undefined) return closed
  const isNew = (folder: string): boolean =>
    isNothingAt(folder) || (statSync(folder).uid === 0 && readdirSync(folder).length === 0)
  return foreignIn(
    writtenFolders(home).filter((folder) => !isNew(folder)),
    account,
  )
}

function writtenFolders(home: Home): readonly string[] {
  const { data, logs, run } = foldersOf(home, 'sipd')
  return [data, logs, run]
}

function foreignIn(folders: readonly string[], account: Account): string | undefined {
  const owner = `${account.name ?? account.uid}:${account.gid}`
  const foreign = folders.filter((folder) => statSync(folder).uid !== account.uid)
  if (foreign.length > 0)
    return `${foreign.join(' and ')} must belong to it with all files; run: chown -hR ${owner} ${foreign.map(shellWord).join(' ')}`
  const files = folders.flatMap((folder) => strangeFilesIn(folder, account))
  // Whoever may write a folder may have linked any file of the machine into it, and chown would give him that.
  if (files.length > 0)
    return `others own ${files.slice(0, 3).map(shellWord).join(' and ')} in its folders; remove or move away what is there and not sipd's`
  return undefined
}

/** What root may read and the account may not, though it has to while it serves. */
function closedTo(home: Home, configurationPath: string, account: Account): string | undefined {
  const parents = [home.data, home.logs, home.run]
  return actAs(account, () => {
    try {
      // A folder that may not be searched gives EACCES for what is in it.
      for (const parent of parents) statSync(join(parent, '.'))
      readRegularFileSync(configurationPath)
      return undefined
    } catch (error) {
      return isMissing(error) ? undefined : `it cannot use the home: ${messageOf(error)}`
    }
  })
}

function takeIfNew(path: string, { uid, gid }: Account): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants
  const descriptor = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  try {
    // By its descriptor: what the name leads to may have changed since.
    const isEmpty = readdirSync(`/proc/self/fd/${descriptor}`).length === 0
    if (isEmpty && fstatSync(descriptor).uid === 0) fchownSync(descriptor, uid, gid)
  } finally {
    closeSync(descriptor)
  }
}

/** NAME.out is what sipd prints, which whoever starts it keeps: it may be root's. */
function strangeFilesIn(folder: string, { uid }: Account): string[] {
  const paths = readdirSync(folder)
    .filter((name) => !/\.out(\.\d+)?$/.test(name))
    .map((name) => join(folder, name))
  return paths.filter((path) => {
    try {
      return lstatSync(path).uid !== uid
    } catch (error) {
      if (isMissing(error)) return false // gone since we looked
      throw error
    }
  })
}
