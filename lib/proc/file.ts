/**
 * Files and folders of /proc and /sys, read whole. There are three answers: what is there, `undefined` for what is not there,
 * and an error where nobody can tell (no right to look, no descriptor left).
 */
import {
  close,
  closeSync,
  type Dir,
  open,
  opendirSync,
  openSync,
  read,
  readdir,
  readdirSync,
  readlinkSync,
  readSync,
} from 'node:fs'
import { codeOf } from '../errors.ts'
import { type Octets, pathOf } from '../text/octets.ts'

/** Files of the kernel give at most a page at a read, and whole records of it: a short read is not the end, only 0 octets are. */
const pageOctets = 4096
const page = Buffer.allocUnsafe(pageOctets)

/**
 * Nothing of that name is there. ESRCH: the process ended while its file was open; ENODEV and EINVAL: the device is gone, or has no
 * such attribute now (`speed` of a link that is down).
 */
const absences = new Set(['ENOENT', 'ESRCH', 'ENOTDIR', 'ENODEV', 'ENXIO', 'EINVAL'])

export function isAbsence(error: unknown): boolean {
  return absences.has(codeOf(error) ?? '')
}

/** The whole file as one character per octet. */
export function readWhole(path: Octets): Octets | undefined {
  try {
    const descriptor = openSync(pathOf(path), 'r')
    try {
      let text = ''
      for (let got = readInto(descriptor, page); got > 0; got = readInto(descriptor, page))
        text += page.toString('latin1', 0, got)
      return text
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw error
  }
}

/**
 * The file as the kernel gives it, a piece at a time, so that a long one can be taken in slices; each piece is good until the next.
 * Throws also where there is no such file.
 */
export function* pieces(path: Octets): Generator<Buffer> {
  const own = Buffer.allocUnsafe(pageOctets)
  const descriptor = openSync(pathOf(path), 'r')
  try {
    for (let got = readInto(descriptor, own); got > 0; got = readInto(descriptor, own)) yield own.subarray(0, got)
  } finally {
    closeSync(descriptor)
  }
}

const readInto = (descriptor: number, buffer: Buffer): number => readSync(descriptor, buffer, 0, pageOctets, null)

/** As `readWhole`, on a thread of Node's pool: for what may make its reader wait. */
export function readWholeAsync(path: Octets): Promise<Octets | undefined> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => (isAbsence(error) ? resolve(undefined) : reject(error))
    open(pathOf(path), 'r', (error, descriptor) => {
      if (error) return fail(error)
      readOn(descriptor, (failure, octets) => close(descriptor, () => (failure ? fail(failure) : resolve(octets))))
    })
  })
}

/** With callbacks, for a promise at each page costs more than the page. */
function readOn(descriptor: number, done: (error: Error | undefined, octets: Octets) => void): void {
  const own = Buffer.allocUnsafe(pageOctets)
  let octets = ''
  const next = (): void => {
    read(descriptor, own, 0, pageOctets, null, (error, length) => {
      if (error) return done(error, '')
      if (length === 0) return done(undefined, octets)
      octets += own.toString('latin1', 0, length)
      next()
    })
  }
  next()
}

/** Names in a folder, in no order. */
export function readNames(path: Octets): Octets[] | undefined {
  try {
    return readdirSync(pathOf(path), 'latin1')
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw error
  }
}

export function readNamesAsync(path: Octets): Promise<Octets[] | undefined> {
  return new Promise((resolve, reject) => {
    readdir(pathOf(path), 'latin1', (error, names) => {
      if (!error) resolve(names)
      else if (isAbsence(error)) resolve(undefined)
      else reject(error)
    })
  })
}

/** Names in a folder one by one, few at a time, since making each takes the kernel a while. Throws also where there is no folder. */
export function* eachName(path: Octets, bufferSize = 16): Generator<Octets> {
  // Node's types know of a path of octets only where it is a Buffer's URL; the call takes one.
  const folder: Dir = opendirSync(pathOf(path) as string, { bufferSize, encoding: 'latin1' as BufferEncoding })
  try {
    for (let entry = folder.readSync(); entry; entry = folder.readSync()) yield entry.name
  } finally {
    folder.closeSync()
  }
}

/** Where a symbolic link leads. */
export function readLink(path: Octets): Octets | undefined {
  try {
    return readlinkSync(pathOf(path), 'latin1')
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw error
  }
}
