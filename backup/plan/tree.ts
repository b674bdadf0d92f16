/** Finds the files of a component, never past a link, and opens them later as what they were found to be. */
import { constants, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, readdir, readlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { codeOf, isMissing, messageOf } from '../../lib/errors.ts'
import type { Home } from '../../lib/home/home.ts'
import { printable } from '../../lib/text/escape.ts'
import { hasStrayOctet, octetsOfText, textOfOctets } from '../../lib/text/lossless-text.ts'
import { Folder } from '../../lib/trust/folder.ts'
import { assertOurs, openIn } from '../../lib/trust/open.ts'
import { hasPattern, matcher, patternOf } from './patterns.ts'

/** Something that is stored; names are lossless text (lib/text/lossless-text.ts). */
export interface Found {
  /** As components have it: below the home, or from `/` on. */
  readonly path: string
  /** Its folder, as the system has it. */
  readonly folder: string
  readonly name: string
  readonly stats: Stats
  /** Of a link. */
  readonly target?: string
}

export interface Selection {
  readonly paths: readonly string[]
  readonly except?: readonly string[]
}

/** Gives what there is, folders before what is in them, sorted by name. `warn` is told what is left out. */
export async function* findFiles(
  home: Home,
  { paths, except = [] }: Selection,
  warn: (sentence: string) => void,
): AsyncGenerator<Found> {
  const isLeftOut = matcher(except)
  const walk = new Walk(home, isLeftOut, warn)
  for (const path of paths) yield* walk.from(path)
}

class Walk {
  readonly #home: Home
  readonly #isLeftOut: (path: string) => boolean
  readonly #warn: (sentence: string) => void

  constructor(home: Home, isLeftOut: (path: string) => boolean, warn: (sentence: string) => void) {
    this.#home = home
    this.#isLeftOut = isLeftOut
    this.#warn = warn
  }

  /** A path that is not there is no failure: not every home has every file. */
  async *from(path: string): AsyncGenerator<Found> {
    const [above, name] = [dirname(path), basename(path)]
    const isWanted = hasPattern(name) ? patternOf(name) : undefined
    yield* this.#in(above === '.' ? '' : above, (one) => (isWanted ? isWanted.test(one) : one === name))
  }

  async *#in(path: string, isWanted: (name: string) => boolean): AsyncGenerator<Found> {
    const folderPath = path.startsWith('/') ? path : join(this.#home.root, path)
    const found = await this.#read(path, folderPath, isWanted)
    for (const one of found) {
      yield one
      if (!one.stats.isDirectory()) continue
      if (hasStrayOctet(one.path)) this.#warn(`${printable(one.path)} is a folder whose name is no UTF-8: left out`)
      else yield* this.#in(one.path, () => true)
    }
  }

  async #read(path: string, folderPath: string, isWanted: (name: string) => boolean): Promise<Found[]> {
    let folder: Folder
    try {
      folder = await Folder.open(folderPath)
    } catch (error) {
      if (!isMissing(error) && codeOf(error) !== 'ENOTDIR') this.#warn(`${printable(path)}: ${messageOf(error)}`)
      return []
    }
    try {
      const names = (await readdir(folder.at(), { encoding: 'buffer' })).map(textOfOctets).filter(isWanted).sort()
      const found: Found[] = []
      for (const name of names) {
        const one = await this.#look(path === '' ? name : join(path, name), folder, name)
        if (one) found.push(one)
      }
      return found
    } finally {
      folder.close()
    }
  }

  async #look(path: string, folder: Folder, name: string): Promise<Found | undefined> {
    if (this.#isLeftOut(path)) return undefined
    try {
      const stats = await lstat(octetsAt(folder, name))
      const found = { path, folder: folder.path, name, stats }
      if (stats.isFile() || stats.isDirectory()) return found
      // A socket is of the process that listens.
      if (!stats.isSymbolicLink()) {
        if (!stats.isSocket()) this.#warn(`${printable(path)} is neither a file nor a folder nor a link: left out`)
        return undefined
      }
      return { ...found, target: textOfOctets(await readlink(octetsAt(folder, name), { encoding: 'buffer' })) }
    } catch (error) {
      if (!isMissing(error)) this.#warn(`${printable(path)}: ${messageOf(error)}`)
      return undefined
    }
  }
}

/** What to give to the system for a name that need not be UTF-8. */
export function octetsAt(folder: Folder, name: string): string | Buffer {
  return hasStrayOctet(name) ? Buffer.concat([Buffer.from(`${folder.at()}/`), octetsOfText(name)]) : folder.at(name)
}

/** Undefined where it is not there any more. Throws RefusedPathError where it is somebody else's file meanwhile. */
export async function openFound({ folder: path, name }: Found): Promise<FileHandle | undefined> {
  let folder: Folder | undefined
  try {
    folder = await Folder.open(path)
    if (!hasStrayOctet(name)) return await openIn(folder, name, 'read')
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
    const file = await open(octetsAt(folder, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    try {
      assertOurs(await file.stat(), { folder, name }, 'read', join(path, name))
    } catch (error) {
      await file.close()
      throw error
    }
    return file
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  } finally {
    folder?.close()
  }
}
