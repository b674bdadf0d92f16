/** Where /proc and /sys are read: by root, for saved samples; parts that are missing are remembered, and logged once. */

import { existsSync } from 'node:fs'
import { isDenied } from '../../lib/errors.ts'
import type { Log } from '../../lib/log/log.ts'
import { readLink, readNames, readWhole } from '../../lib/proc/file.ts'
import { type Octets, octetsOf } from '../../lib/text/octets.ts'

/** Errors other than a missing file or right (no descriptor left, a device that fails) are thrown: rows keep their last values. */
export class Source {
  readonly root: Octets
  readonly #missing = new Set<Octets>()
  #logged: Set<Octets> | undefined

  constructor(root = '') {
    this.root = octetsOf(root)
  }

  /** A part of /proc or /sys without which rows are left out; undefined where it is missing or may not be read. */
  need(path: Octets): Octets | undefined {
    const octets = this.read(path)
    if (octets === undefined) this.#missing.add(path)
    return octets
  }

  /** As `need`, for what is not everywhere. */
  read(path: Octets): Octets | undefined {
    return ifAllowed(() => readWhole(this.root + path))
  }

  /** Names in a folder, sorted; none, and remembered as missing, where there is no such folder. */
  needNames(path: Octets): Octets[] {
    const names = this.names(path)
    if (!names) this.#missing.add(path)
    return names ?? []
  }

  /** Whether there is such a folder, for what is read by another; remembered as missing where there is none. */
  needFolder(path: string): boolean {
    const isThere = existsSync(this.root + path)
    if (!isThere) this.#missing.add(path)
    return isThere
  }

  names(path: Octets): Octets[] | undefined {
    return ifAllowed(() => readNames(this.root + path)?.sort())
  }

  link(path: Octets): Octets | undefined {
    return ifAllowed(() => readLink(this.root + path))
  }

  /** One line for all that is missing, and one again only when more is. */
  logMissing(log: Log): void {
    const added = [...this.#missing].filter((path) => !this.#logged?.has(path))
    this.#logged = new Set(this.#missing)
    if (added.length === 0) return
    log.notice('parts of /proc or /sys are missing here, and the rows they would give are left out', {
      missing: added.join(' '),
    })
  }
}

function ifAllowed<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if (isDenied(error)) return undefined
    throw error
  }
}
