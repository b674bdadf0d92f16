/**
 * Whether a process may believe what lies at a path, as StrictModes of sshd has it: every folder on the way, and the file
 * itself, belongs to root or to the user of the process, and nobody else can write it.
 */
import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs'
import { join, resolve, sep } from 'node:path'
import { codeOf } from '../errors.ts'
import { shellWord } from '../text/shell-word.ts'
import { nameOfUser, type Owner } from '../users/owner.ts'

export interface PathMistake {
  /** The part of the path that is wrong. */
  readonly component: string
  /** What is wrong with it, and what to run. */
  readonly sentence: string
}

/** As many as the kernel follows (path_resolution(7)). */
const mostLinks = 40
/** More than any home or program has: a walk that never ends is refused. */
const mostEntries = 200_000

/**
 * The first part of a path that somebody other than root and `reader` could change; undefined when there is none. What is
 * not there, or not for us to look at, is believed by nobody.
 */
export function pathMistake(path: string, reader: Owner): PathMistake | undefined {
  let left = partsOf(resolve(path))
  let at: string = sep
  let links = 0
  /** Followed, and not root's: what it leads to was chosen by somebody else. */
  let chosen: string | undefined
  let stats = statOf(at)
  for (;;) {
    if (!stats) return undefined
    const isLast = left.length === 0
    const found = componentMistake(at, stats, reader, isLast)
    if (found && chosen !== undefined) return wrongTarget(chosen, at, reader)
    if (found || isLast) return found
    const [name = '', ...rest] = left
    const next = join(at, name)
    stats = statOf(next)
    left = rest
    if (stats?.isSymbolicLink()) {
      if (++links > mostLinks || !isTrustedOwner(stats, reader)) return strangeOwner(next, stats, reader)
      if (stats.uid !== 0) chosen ??= next
      left = [...partsOf(resolve(at, readlinkSync(next))), ...rest]
      at = sep
      stats = statOf(at)
    } else at = next
  }
}

/** The same of all that lies in a folder, however deep, and of the way to it. With `folders`, its files do not matter. */
export function treeMistakes(path: string, reader: Owner, what: 'all' | 'folders' = 'all'): PathMistake[] {
  const onTheWay = pathMistake(path, reader)
  if (onTheWay) return [onTheWay]
  const found: PathMistake[] = []
  const waiting = [path]
  let seen = 0
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const entry of entriesOf(folder)) {
      if (++seen > mostEntries) return [...found, tooMany(path)]
      const at = join(folder, entry.name)
      if (what === 'folders' && !entry.isDirectory()) continue
      const mistake = entry.isSymbolicLink() ? pathMistake(at, reader) : ownMistake(at, reader)
      if (mistake) found.push(mistake)
      else if (entry.isDirectory()) waiting.push(at)
    }
  }
  return found
}

function ownMistake(path: string, reader: Owner): PathMistake | undefined {
  const stats = statOf(path)
  return stats && componentMistake(path, stats, reader, true)
}

function componentMistake(path: string, stats: Stats, reader: Owner, isLast: boolean): PathMistake | undefined {
  if (!isTrustedOwner(stats, reader)) return strangeOwner(path, stats, reader)
  // Where sticky, as in /tmp, an entry is its owner's alone to rename (unlink(2)), and that owner is looked at next.
  if (stats.isDirectory() && !isLast && (stats.mode & 0o1000) !== 0) return undefined
  const isForAll = (stats.mode & 0o002) !== 0
  // A group of the user's own, as Debian makes for everybody, has nobody else in it.
  const isForGroup = (stats.mode & 0o020) !== 0 && (reader.uid === 0 || stats.gid !== reader.gid)
  if (!isForAll && !isForGroup) return undefined
  const who = isForAll ? 'everybody' : 'its group'
  return mistakeAt(path, `can be written by ${who}`, reader, `chmod ${isForAll ? 'go-w' : 'g-w'} ${shellWord(path)}`)
}

function isTrustedOwner({ uid }: Stats, reader: Owner): boolean {
  return uid === 0 || uid === reader.uid
}

function strangeOwner(path: string, stats: Stats, reader: Owner): PathMistake {
  const [owner, { uid }] = [nameOfUser(reader.uid), stats]
  // Its other name may be any file of the machine, which chown would give away.
  if (!stats.isDirectory() && stats.nlink > 1)
    return mistakeAt(
      path,
      `has ${stats.nlink} hard links and belongs to ${nameOfUser(uid)}`,
      reader,
      `rm ${shellWord(path)}`,
    )
  return mistakeAt(path, `belongs to ${nameOfUser(uid)}`, reader, `chown -h ${owner} ${shellWord(path)}`)
}

/** Nobody is told to change what a lesser user's link leads to: it may be anything of the machine. */
function wrongTarget(link: string, target: string, reader: Owner): PathMistake {
  return mistakeAt(link, `leads to ${target}, which others can change`, reader, `rm ${shellWord(link)}`)
}

function mistakeAt(component: string, what: string, { uid }: Owner, command: string): PathMistake {
  const sentence = `${component} ${what}, and what lies there is believed by processes of ${nameOfUser(uid)}; run: ${command}`
  return { component, sentence }
}

function tooMany(path: string): PathMistake {
  return { component: path, sentence: `${path} has more than ${mostEntries} entries; it is a folder of something else` }
}

function partsOf(path: string): string[] {
  return path.split(sep).filter((part) => part !== '')
}

function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path)
  } catch (error) {
    if (isOutOfSight(error)) return undefined
    throw error
  }
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch (error) {
    if (isOutOfSight(error)) return []
    throw error
  }
}

function isOutOfSight(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'EACCES', 'ENAMETOOLONG'].includes(codeOf(error) ?? '')
}
