/** A file that lines are put to, which makes room for itself: NAME becomes NAME.1, NAME.1 becomes NAME.2, and the oldest goes. */
import { closeSync, fstatSync, writeFileSync } from 'node:fs'
import { isMissing } from '../errors.ts'
import { atPlaceSync, type Folder } from '../trust/folder.ts'
import { openOrMakeInSync } from '../trust/open.ts'

export interface RotatingFileOptions {
  readonly path: string
  /** At this size the file is moved aside before the next line. */
  readonly maxOctets: number
  /** Beside the one that is written. */
  readonly filesKept: number
}

export class RotatingFile {
  readonly #options: RotatingFileOptions

  constructor(options: RotatingFileOptions) {
    this.#options = options
  }

  /** Throws what the file system throws, and RefusedPathError where it is no file of ours; the line is then in no file. */
  append(line: string): void {
    atPlaceSync(this.#options.path, (folder, name) => {
      const descriptor = this.#openFor(Buffer.byteLength(line), folder, name)
      try {
        writeFileSync(descriptor, line)
      } finally {
        closeSync(descriptor)
      }
    })
  }

  /** A file that has room for so many octets more. */
  #openFor(octets: number, folder: Folder, name: string): number {
    const descriptor = openOrMakeInSync(folder, name)
    const { size } = fstatSync(descriptor)
    if (size === 0 || size + octets <= this.#options.maxOctets) return descriptor
    closeSync(descriptor)
    this.#rotate(folder, name)
    return openOrMakeInSync(folder, name)
  }

  #rotate(folder: Folder, name: string): void {
    const { filesKept } = this.#options
    folder.removeSync(filesKept > 0 ? `${name}.${filesKept}` : name)
    for (let i = filesKept - 1; i >= 1; i--) move(folder, `${name}.${i}`, `${name}.${i + 1}`)
    if (filesKept > 0) move(folder, name, `${name}.1`)
  }
}

function move(folder: Folder, from: string, to: string): void {
  try {
    folder.renameSync(from, to)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}
