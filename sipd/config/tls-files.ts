/** The files of TLS, which root may be the only one to read: what was read before root was given up stays at hand. */

import { isDenied } from '../../lib/errors.ts'
import { readRegularFileSync } from '../../lib/files/regular-file.ts'

/** Gives the octets of the file at a path; throws what the file system throws. */
export type ReadFile = (path: string) => Buffer

export const readFile: ReadFile = (path) => readRegularFileSync(path).octets

export type KeptFiles = readonly (readonly [path: string, octets: Uint8Array])[]

export class TlsFiles {
  readonly #kept: Map<string, Uint8Array>
  readonly #asRoot: ((read: () => Buffer) => Buffer | undefined) | undefined
  /** Files that were not read again, for root is gone. */
  readonly #stale = new Set<string>()

  /** `asRoot` reads what this user may not, or gives undefined where it may not either. */
  constructor(kept: KeptFiles = [], asRoot?: (read: () => Buffer) => Buffer | undefined) {
    this.#kept = new Map(kept)
    this.#asRoot = asRoot
  }

  readonly read: ReadFile = (path) => {
    try {
      return this.#keep(path, readFile(path))
    } catch (error) {
      if (!isDenied(error)) throw error
      const read = this.#asRoot?.(() => readFile(path))
      if (read) return this.#keep(path, read)
      const kept = this.#kept.get(path)
      if (!kept) throw error
      this.#stale.add(path)
      return Buffer.from(kept)
    }
  }

  /** For a worker, which is nobody's root. */
  get kept(): KeptFiles {
    return [...this.#kept]
  }

  /** What was not read again since this was asked. */
  takeStale(): string[] {
    const stale = [...this.#stale]
    this.#stale.clear()
    return stale
  }

  #keep(path: string, octets: Buffer): Buffer {
    this.#kept.set(path, octets)
    return octets
  }
}
