/** A file that takes what a started program prints. Others may write its folder, and root starts programs: no link is followed. */
import { closeSync, fstatSync, ftruncateSync, lstatSync, readSync, writeFileSync } from 'node:fs'
import { isMissing } from '../errors.ts'
import { atPlaceSync, type Folder } from '../trust/folder.ts'
import { makeInSync, openInSync, openToAppendSync } from '../trust/open.ts'

/** Beyond so much the file is emptied, and the end of what it held is kept beside it. */
const maxOctets = 1024 * 1024

/**
 * A descriptor for a new start. What the one before printed, which may say why it ended, becomes NAME.1; appending, so that the
 * file may be cut while it is written. Throws RefusedPathError where something else has its name, and what the file system throws.
 */
export function openOutput(path: string): number {
  emptyBeyond(path, 0)
  return openToAppendSync(path)
}

/**
 * Keeps a talkative program from filling the disk: beyond 1 MiB the last MiB becomes NAME.1, and the file is emptied. Nothing
 * happens where there is no file. Throws RefusedPathError where something else has its name, and what the file system throws.
 */
export function boundOutput(path: string): void {
  // It is asked often, and nearly always in vain: what a name shows is enough to look more closely, and for nothing else.
  const { size } = lstatSync(path, { throwIfNoEntry: false }) ?? { size: 0 }
  if (size > maxOctets) emptyBeyond(path, maxOctets)
}

function emptyBeyond(path: string, octets: number): void {
  atPlaceSync(path, (folder, name) => {
    const size = sizeOf(folder, name)
    if (size === undefined || size <= octets) return
    const descriptor = openInSync(folder, name, 'readWrite')
    try {
      keepTail(folder, `${name}.1`, descriptor)
      ftruncateSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  })
}

/** The last octets of a file, however large it is. */
export function readTail(descriptor: number, octets: number): Buffer {
  const tail = Buffer.alloc(octets)
  const length = readSync(descriptor, tail, 0, octets, Math.max(0, fstatSync(descriptor).size - octets))
  return tail.subarray(0, length)
}

function sizeOf(folder: Folder, name: string): number | undefined {
  try {
    return folder.lstatSync(name).size
  } catch (error) {
    if (isMissing(error)) return undefined // the process was adopted
    throw error
  }
}

/** In a new file: what was put under that name meanwhile, a link above all, is removed and not written. */
function keepTail(folder: Folder, name: string, from: number): void {
  try {
    const tail = readTail(from, maxOctets)
    folder.removeSync(name)
    const descriptor = makeInSync(folder, name)
    try {
      writeFileSync(descriptor, tail)
    } finally {
      closeSync(descriptor)
    }
  } catch {
    // The disk is full, and emptying the file frees some of it.
  }
}
