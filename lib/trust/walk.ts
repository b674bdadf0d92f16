/**
 * The way to a folder, component by component, as openat(2) goes it. As long as only root and this user can change a name, names
 * are used. From the first folder on where somebody else can, each next one is opened within the one before, by
 * `/proc/self/fd/N/NAME`: what is renamed or replaced meanwhile leads nowhere else.
 */
import { closeSync, fstatSync, type Stats } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { type Calls, type Waiting, wait } from './calls.ts'
import { isStable, isTrusted, isWritableByOthers } from './owners.ts'
import { RefusedPathError, reasonNotToFollow } from './refused-path.ts'

export interface Walked {
  /** Without symbolic links. */
  readonly path: string
  readonly stats: Stats
  /** Where others may write it, or a folder on the way to it. */
  readonly descriptor: number | undefined
  /** Nobody else can make its path lead to another folder. */
  readonly isReachedByName: boolean
  /** Symbolic links on the way, which may lead elsewhere the next time. */
  readonly linkCount: number
}

export interface Located extends Walked {
  /** In that folder; there may be nothing of that name. */
  readonly name: string
}

/** As the kernel has it (path_resolution(7)). */
const mostLinks = 40

/** Goes to a folder, for the sake of `wanted`. Throws RefusedPathError, or what the file system throws. */
export function* walkTo(path: string, calls: Calls, wanted = path): Waiting<Walked> {
  const walk = new Walk(wanted, calls)
  try {
    yield* walk.go(partsOf(resolve(path)))
    return yield* walk.arrive()
  } catch (error) {
    throw walk.failure(error)
  }
}

/**
 * Goes to the folder of a file. A link in the place of the file is followed where it may be; else it is what the name stands
 * for, and whoever opens it without following links gets an error.
 */
export function* locate(path: string, calls: Calls): Waiting<Located> {
  const walk = new Walk(path, calls)
  try {
    const name = yield* walk.goBefore(partsOf(resolve(path)))
    return { ...(yield* walk.arrive()), name }
  } catch (error) {
    throw walk.failure(error)
  }
}

class Walk {
  readonly #wanted: string
  readonly #calls: Calls
  #path = '/'
  #stats: Stats | undefined
  #descriptor: number | undefined
  #isReachedByName = true
  #linkCount = 0

  constructor(wanted: string, calls: Calls) {
    this.#wanted = wanted
    this.#calls = calls
  }

  /** Enters folder after folder, and the last as well. */
  *go(parts: readonly string[]): Waiting<void> {
    for (let rest = parts; rest.length > 0; ) rest = yield* this.#step(rest)
  }

  /** Stops before the last component, and gives its name. */
  *goBefore(parts: readonly string[]): Waiting<string> {
    for (let rest = parts; ; ) {
      const [name = '.', ...more] = rest
      if (more.length > 0 || name === '..') {
        rest = yield* this.#step(rest)
        continue
      }
      yield* this.#hold()
      const stats = yield* this.#lstatIfThere(name)
      if (!stats?.isSymbolicLink() || !(yield* this.#mayFollow(stats))) return name
      rest = yield* this.#follow(name, [])
    }
  }

  *arrive(): Waiting<Walked> {
    const stats = yield* this.#here()
    if (this.#descriptor === undefined && isWritableByOthers(stats))
      this.#descriptor = yield* wait(this.#calls.openFolder(this.#path))
    return {
      path: this.#path,
      stats,
      descriptor: this.#descriptor,
      isReachedByName: this.#isReachedByName,
      linkCount: this.#linkCount,
    }
  }

  /** Ends the walk; gives the error with the path that is known instead of a descriptor. */
  failure(error: unknown): unknown {
    const descriptor = this.#descriptor
    this.#close()
    return descriptor === undefined ? error : named(error, descriptor, this.#path)
  }

  #close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
  }

  /** Goes one component on; gives those that are left. */
  *#step([name = '', ...rest]: readonly string[]): Waiting<readonly string[]> {
    if (name === '..') return this.#fromTheTop([...partsOf(dirname(this.#path)), ...rest])
    yield* this.#hold()
    const stats = yield* wait(this.#calls.lstat(this.#entry(name)))
    if (stats.isSymbolicLink()) {
      if (yield* this.#mayFollow(stats)) return yield* this.#follow(name, rest)
      throw this.#refused(name, reasonNotToFollow(stats, yield* this.#here()))
    }
    yield* this.#enter(name, stats)
    return rest
  }

  *#enter(name: string, stats: Stats): Waiting<void> {
    const folder = yield* this.#here()
    const path = join(this.#path, name)
    this.#isReachedByName &&= isStable(folder, stats)
    if (this.#descriptor === undefined && stats.isDirectory() && this.#isReachedByName) this.#stats = stats
    else {
      const descriptor = yield* wait(this.#calls.openFolder(this.#entry(name)))
      this.#close()
      this.#descriptor = descriptor
      this.#stats = fstatSync(descriptor) // of a descriptor that is open: no file server is asked
    }
    this.#path = path
  }

  *#follow(name: string, rest: readonly string[]): Waiting<readonly string[]> {
    this.#linkCount++
    if (this.#linkCount > mostLinks) throw this.#refused(name, 'leads through too many symbolic links')
    const target = yield* wait(this.#calls.readlink(this.#entry(name)))
    const parts = [...partsOf(target), ...rest]
    return target.startsWith('/') ? this.#fromTheTop(parts) : parts
  }

  /**
   * A link of somebody else is never followed, wherever it is: its folder may have been his. In a folder that is shared, as /tmp is,
   * what root or we made there is.
   */
  *#mayFollow(link: Stats): Waiting<boolean> {
    const folder = yield* this.#here()
    if (!isTrusted(link.uid)) return false
    return !isWritableByOthers(folder) || (isTrusted(folder.uid) && link.nlink === 1)
  }

  /** Where others may write, names are looked up within what is open. In /tmp only their owners can change them. */
  *#hold(): Waiting<void> {
    const folder = yield* this.#here()
    if (this.#descriptor !== undefined || isStable(folder, { uid: 0 })) return
    this.#descriptor = yield* wait(this.#calls.openFolder(this.#path))
  }

  *#here(): Waiting<Stats> {
    this.#stats ??= yield* wait(this.#calls.lstat('/'))
    return this.#stats
  }

  *#lstatIfThere(name: string): Waiting<Stats | undefined> {
    try {
      return yield* wait(this.#calls.lstat(this.#entry(name)))
    } catch {
      return undefined // whoever opens it is told why
    }
  }

  #fromTheTop(parts: readonly string[]): readonly string[] {
    this.#close()
    this.#path = '/'
    this.#isReachedByName = true
    this.#stats = undefined
    return parts
  }

  #entry(name: string): string {
    return entryOf(this.#descriptor, this.#path, name)
  }

  #refused(name: string, reason: string): RefusedPathError {
    return new RefusedPathError({ kind: 'link', path: this.#wanted, component: join(this.#path, name), reason })
  }
}

/** How the system reaches a name of a folder: past every path where the folder has a descriptor. */
export function entryOf(descriptor: number | undefined, path: string, name: string): string {
  return descriptor === undefined ? join(path, name) : `/proc/self/fd/${descriptor}/${name}`
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.')
}

/** The error with a path that people know in place of one of a descriptor. */
export function named(error: unknown, descriptor: number, path: string): unknown {
  if (!(error instanceof Error) || !('path' in error) || typeof error.path !== 'string') return error
  const prefix = `/proc/self/fd/${descriptor}`
  error.message = error.message.replaceAll(`${prefix}/`, path === '/' ? '/' : `${path}/`).replaceAll(prefix, path)
  error.path = error.path.replace(prefix, path)
  return error
}
