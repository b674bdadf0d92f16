/** Files of /proc and /sys, read off this thread; a root of one's own holds saved samples. */

import { statSync } from 'node:fs'
import { isDenied } from '../../lib/errors.ts'
import { isAbsence, pieces, readNamesAsync, readWhole, readWholeAsync } from '../../lib/proc/file.ts'
import { type Octets, octetsOf, pathOf } from '../../lib/text/octets.ts'

const lineEnd = 0x0a

/** Errors other than a missing file or right (no descriptor left) are thrown: the sample fails, and rows keep their last values. */
export class SystemFiles {
  readonly root: Octets
  /** Called once for each file that is needed and not there: a container or a kernel with less in it. */
  onMissing: (path: Octets) => void = () => {}
  readonly #missing = new Set<Octets>()

  constructor(root = '') {
    this.root = octetsOf(root)
  }

  /** undefined where the file is missing, may not be read, or does not apply: `speed` of a link that is down is EINVAL. */
  text(path: Octets): Promise<Octets | undefined> {
    return readWholeAsync(this.root + path).catch(unlessDenied)
  }

  /** As `text`, read at once: for files that make nobody wait, where a trip to another thread would cost more than the file. */
  textNow(path: Octets): Octets | undefined {
    try {
      return readWhole(this.root + path)
    } catch (error) {
      return unlessDenied(error)
    }
  }

  /** The lines of a file of any length, without their ends; each is good until the next. None where `text` gives undefined. */
  *lines(path: Octets, isWanted = false): Generator<Buffer> {
    let rest = Buffer.alloc(0)
    try {
      for (const piece of pieces(this.root + path)) {
        const octets = rest.length > 0 ? Buffer.concat([rest, piece]) : piece
        let start = 0
        for (let end = octets.indexOf(lineEnd); end >= 0; end = octets.indexOf(lineEnd, start)) {
          yield octets.subarray(start, end)
          start = end + 1
        }
        rest = start < octets.length ? Buffer.from(octets.subarray(start)) : Buffer.alloc(0)
      }
      if (rest.length > 0) yield rest
    } catch (error) {
      if (!isAbsence(error)) unlessDenied(error)
      if (isWanted) this.missing(path)
    }
  }

  /** The number by which the kernel knows what is there: something made again in its place has another. */
  identity(path: Octets): number | undefined {
    try {
      return statSync(pathOf(this.root + path)).ino
    } catch (error) {
      return isAbsence(error) ? undefined : unlessDenied(error)
    }
  }

  /** As `text`, but empty where there is none, and reported once. */
  async wanted(path: Octets): Promise<Octets> {
    const found = await this.text(path)
    if (found === undefined) this.missing(path)
    return found ?? ''
  }

  missing(path: Octets): void {
    if (this.#missing.has(path)) return
    this.#missing.add(path)
    this.onMissing(path)
  }

  /** Empty where the folder is missing. */
  async names(path: Octets): Promise<Octets[]> {
    return (await readNamesAsync(this.root + path).catch(unlessDenied)) ?? []
  }
}

function unlessDenied(error: unknown): undefined {
  if (!isDenied(error)) throw error
}
