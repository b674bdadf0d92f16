/** The calls of a walk, waited for or not: the walk itself is written once, as a generator that yields what it waits for. */
import { constants, lstatSync, open, openSync, readlinkSync, type Stats } from 'node:fs'
import { lstat, readlink } from 'node:fs/promises'

type Perhaps<T> = T | Promise<T>

export interface Calls {
  lstat(path: string): Perhaps<Stats>
  readlink(path: string): Perhaps<string>
  /** A descriptor that names a folder, and needs no right to read it. */
  openFolder(path: string): Perhaps<number>
}

export type Waiting<T> = Generator<unknown, T, unknown>

export function* wait<T>(value: Perhaps<T>): Waiting<T> {
  return (yield value) as T
}

/** O_PATH (open(2)), which Node does not name; the same on all platforms that Node has for Linux. */
export const O_PATH = 0o10_000_000
const folderFlags = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW

export const atOnce: Calls = {
  lstat: (path) => lstatSync(path),
  readlink: (path) => readlinkSync(path),
  openFolder: (path) => openSync(path, folderFlags),
}

/** On threads of Node's pool: a file server that does not answer keeps nobody else waiting. */
export const inBackground: Calls = {
  lstat: (path) => lstat(path),
  readlink: (path) => readlink(path),
  openFolder: (path) =>
    new Promise((resolve, reject) => {
      open(path, folderFlags, (error, descriptor) => (error ? reject(error) : resolve(descriptor)))
    }),
}

/** Runs what yields values of `atOnce`. */
export function finish<T>(steps: Waiting<T>): T {
  let step = steps.next()
  while (!step.done) step = steps.next(step.value)
  return step.value
}

/** Runs what yields promises of `inBackground`. */
export async function finishLater<T>(steps: Waiting<T>): Promise<T> {
  let step = steps.next()
  while (!step.done) {
    let value: unknown
    try {
      value = await step.value
    } catch (error) {
      step = steps.throw(error)
      continue
    }
    step = steps.next(value)
  }
  return step.value
}
