/**
 * Where a followed log is. The way to it is walked when a file is opened, and its folder is held where others may write it: a look at
 * the name is then one call or two, and is at the same folder as the opening.
 */
import type { Stats } from 'node:fs'
import { Folder, type Place } from '../trust/folder.ts'
import { assertOurs } from '../trust/open.ts'
import { RefusedPathError } from '../trust/refused-path.ts'
import { type Opened, openRegular } from './open-regular.ts'
import { type GzipContent, readGzip, type Siblings, siblingsOf } from './siblings.ts'

export class LogPlace {
  readonly #path: string
  #place: Place | undefined
  #crowd: string | undefined

  constructor(path: string) {
    this.#path = path
  }

  /** Why the files beside the log were not looked at, when they were to be the last time: somebody has made too many of them. */
  get crowd(): string | undefined {
    return this.#crowd
  }

  /** Without links, as it was found last; what is configured before that. */
  get path(): string {
    return this.#place === undefined ? this.#path : this.#place.folder.pathOf(this.#place.name)
  }

  /**
   * Of what has the name now; of a link only where it is not followed. Throws RefusedPathError for a link on the way, and what the
   * file system throws.
   */
  async lstat(): Promise<Stats> {
    const { folder, name } = await this.#find()
    const file = await folder.lstat(name)
    if (!file.isSymbolicLink()) return file
    const { folder: again, name: target } = await this.#walk() // it may have been put there since
    return again.lstat(target)
  }

  /** Opens what has the name now, after a walk. As openRegular. */
  async open(): Promise<Opened | undefined> {
    const { folder, name } = await this.#walk()
    return openRegular(folder, name)
  }

  /** None where there is no such folder, nobody may list it, or others crowd it (`crowd`). */
  async siblings(): Promise<Siblings> {
    try {
      const siblings = await siblingsOf(await this.#find())
      this.#crowd = undefined
      return siblings
    } catch (error) {
      if (error instanceof RefusedPathError && error.kind === 'crowded') this.#crowd = error.message
      return { plain: [], gzipped: [] }
    }
  }

  /** Opens a file beside the log, where it was listed; undefined when it is not there, or not to be had. */
  async openSibling(name: string): Promise<Opened | undefined> {
    return this.#place && openRegular(this.#place.folder, name).catch(() => undefined)
  }

  async readGzip(name: string): Promise<GzipContent | undefined> {
    return this.#place && readGzip(this.#place.folder, name)
  }

  close(): void {
    this.#place?.folder.close()
    this.#place = undefined
  }

  async #find(): Promise<Place> {
    return this.#place && (await this.#place.folder.isCurrent()) ? this.#place : this.#walk()
  }

  async #walk(): Promise<Place> {
    this.close()
    this.#place = await Folder.locate(this.#path)
    return this.#place
  }
}

/** What there is at a path, looked at once and not opened. Throws unless it is a file that a follower would read. */
export async function measureLog(path: string): Promise<Stats> {
  const { folder, name } = await Folder.locate(path)
  try {
    const file = await folder.lstat(name)
    assertOurs(file, { folder, name }, 'read', path)
    return file
  } finally {
    folder.close()
  }
}
