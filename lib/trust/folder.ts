/** A folder that a walk has led to, and what is done to names in it: never past a link, and never to what another path names. */
import { closeSync, lstatSync, mkdirSync, readdirSync, renameSync, type Stats, unlinkSync } from 'node:fs'
import { lstat, open, opendir, readdir, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { codeOf, isMissing } from '../errors.ts'
import { atOnce, finish, finishLater, inBackground } from './calls.ts'
import { isWritableByOthers } from './owners.ts'
import { RefusedPathError } from './refused-path.ts'
import { entryOf, type Located, locate, named, type Walked, walkTo } from './walk.ts'

/** An hour's rotation for five years, and the logs of a year of hours of one name. */
const crowd = { names: 50_000, wanted: 10_000 }

/** A file by its folder and its name, which stay what they are while the folder is open. */
export interface Place {
  readonly folder: Folder
  readonly name: string
}

export class Folder {
  readonly path: string
  readonly stats: Stats
  readonly #walked: Walked
  #isClosed = false

  private constructor(walked: Walked) {
    this.path = walked.path
    this.stats = walked.stats
    this.#walked = walked
  }

  /**
   * Opens a folder, for the sake of `wanted` where that is something in it. Throws RefusedPathError, or what the file system throws.
   * Whoever opens a folder closes it.
   */
  static openSync(path: string, wanted = path): Folder {
    return new Folder(finish(walkTo(path, atOnce, wanted)))
  }

  static async open(path: string, wanted = path): Promise<Folder> {
    return new Folder(await finishLater(walkTo(path, inBackground, wanted)))
  }

  /** The folder of a file, and the file's name in it; a link in the place of the file is followed where it may be. */
  static locateSync(path: string): Place {
    return Folder.#placeOf(finish(locate(path, atOnce)))
  }

  static async locate(path: string): Promise<Place> {
    return Folder.#placeOf(await finishLater(locate(path, inBackground)))
  }

  static #placeOf({ name, ...walked }: Located): Place {
    return { folder: new Folder(walked), name }
  }

  /** Whether somebody else may put names into it, or take them. */
  get isWritableByOthers(): boolean {
    return isWritableByOthers(this.stats)
  }

  /** Nobody else can make its path lead to another folder. */
  get isReachedByName(): boolean {
    return this.#walked.isReachedByName
  }

  /** What to give the system for a name in this folder, or for the folder itself; good until it is closed. */
  at(name = '.'): string {
    if (name.includes('/') || name === '' || name === '..')
      throw new Error(`expected a name in ${this.path}, got ${JSON.stringify(name)}`)
    if (this.#isClosed) throw new Error(`bug: ${this.path} is closed`)
    return entryOf(this.#walked.descriptor, this.path, name)
  }

  /** For people. */
  pathOf(name: string): string {
    return join(this.path, name)
  }

  /**
   * Whether its path leads here still, by one call at most. False also where it takes a walk to know: past links, and through
   * folders that others may write.
   */
  async isCurrent(): Promise<boolean> {
    const { isReachedByName, linkCount, descriptor } = this.#walked
    if (!isReachedByName || linkCount > 0) return false
    if (descriptor === undefined) return true // a name is looked up by the path each time
    return stat(this.path).then(
      (stats) => isSameFile(stats, this.stats),
      () => false,
    )
  }

  /** Of a link: of the link itself. */
  lstatSync(name: string): Stats {
    return this.callSync(() => lstatSync(this.at(name)))
  }

  lstat(name: string): Promise<Stats> {
    return this.call(lstat(this.at(name)))
  }

  readNamesSync(): string[] {
    return this.callSync(() => readdirSync(this.at()))
  }

  /**
   * The names that are wanted, read a few at a time. Throws RefusedPathError where others may write the folder, and have put more names
   * there, or more of those that are wanted, than anybody needs: each look at them costs, and they are made for nothing.
   */
  async readNames(isWanted: (name: string) => boolean = () => true, bounds = crowd): Promise<string[]> {
    if (!this.isWritableByOthers) return (await this.call(readdir(this.at()))).filter(isWanted)
    const entries = await this.call(opendir(this.at(), { bufferSize: 256 }))
    const found: string[] = []
    let count = 0
    for await (const { name } of entries) {
      if (isWanted(name)) found.push(name)
      if (++count > bounds.names) throw this.#crowded(`has more than ${bounds.names} files`)
      if (found.length > bounds.wanted) throw this.#crowded(`has more than ${bounds.wanted} files of this log`)
    }
    return found
  }

  #crowded(reason: string): RefusedPathError {
    const { path } = this
    return new RefusedPathError({
      kind: 'crowded',
      path,
      component: path,
      reason: `${reason}, and others may write it`,
    })
  }

  renameSync(from: string, to: string): void {
    this.callSync(() => renameSync(this.at(from), this.at(to)))
  }

  rename(from: string, to: string): Promise<void> {
    return this.call(rename(this.at(from), this.at(to)))
  }

  /** Nothing happens when there is something of that name. */
  makeFolderSync(name: string, mode: number): void {
    try {
      this.callSync(() => mkdirSync(this.at(name), mode))
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
  }

  /** Of a link: the link itself goes. Nothing happens when there is nothing of that name. */
  removeSync(name: string): void {
    try {
      this.callSync(() => unlinkSync(this.at(name)))
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  }

  async remove(name: string): Promise<void> {
    try {
      await this.call(unlink(this.at(name)))
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  }

  /** Resolves when renames and new names in it are on the disk. */
  async sync(): Promise<void> {
    const handle = await this.call(open(this.at(), 'r'))
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#walked.descriptor !== undefined) closeSync(this.#walked.descriptor)
  }

  /** A call with a path from `at`: its error gets the path that people know. */
  callSync<T>(run: () => T): T {
    try {
      return run()
    } catch (error) {
      throw this.#named(error)
    }
  }

  async call<T>(running: Promise<T>): Promise<T> {
    try {
      return await running
    } catch (error) {
      throw this.#named(error)
    }
  }

  #named(error: unknown): unknown {
    const { descriptor } = this.#walked
    return descriptor === undefined ? error : named(error, descriptor, this.path)
  }
}

export function isSameFile(a: Stats, b: Stats): boolean {
  return a.dev === b.dev && a.ino === b.ino
}

/** Makes a folder where there is none, and those above it. Throws RefusedPathError, or what the file system throws. */
export function ensureFolderSync(path: string, mode = 0o700): void {
  try {
    Folder.openSync(path).close()
  } catch (error) {
    if (!isMissing(error)) throw error
    ensureFolderSync(dirname(path), mode)
    atPlaceSync(path, (folder, name) => folder.makeFolderSync(name, mode))
  }
}

/** Runs something with a folder, and closes it. */
export function inFolderSync<T>(path: string, run: (folder: Folder) => T): T {
  return closingSync(Folder.openSync(path), run)
}

export async function inFolder<T>(path: string, run: (folder: Folder) => Promise<T>): Promise<T> {
  return closing(await Folder.open(path), run)
}

/** Runs something with a file's folder and its name in it: one to be made or replaced, so that no link of that name is followed. */
export function atPlaceSync<T>(path: string, run: (folder: Folder, name: string) => T): T {
  return closingSync(Folder.openSync(dirname(path), path), (folder) => run(folder, basename(path)))
}

export async function atPlace<T>(path: string, run: (folder: Folder, name: string) => Promise<T>): Promise<T> {
  return closing(await Folder.open(dirname(path), path), (folder) => run(folder, basename(path)))
}

function closingSync<T>(folder: Folder, run: (folder: Folder) => T): T {
  try {
    return run(folder)
  } finally {
    folder.close()
  }
}

async function closing<T>(folder: Folder, run: (folder: Folder) => Promise<T>): Promise<T> {
  try {
    return await run(folder)
  } finally {
    folder.close()
  }
}
