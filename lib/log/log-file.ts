/** A daemon's log file: each line is in it when `write` returns, and a full disk costs lines, never the daemon. */
import { closeSync, writeSync } from 'node:fs'
import { reportLoss } from '../files/storage.ts'
import { openToAppendSync } from '../trust/open.ts'

export interface LogFileOptions {
  readonly path: string
  /** Lines can be written again, and so many were not; what is written here comes after them. */
  readonly onRecovery?: (lostLines: number) => void
  /** Puts octets to a descriptor and gives how many were taken; the system's own unless a test says otherwise. */
  readonly put?: (descriptor: number, octets: Uint8Array) => number
}

export class LogFile {
  readonly #options: LogFileOptions
  #descriptor: number
  /** A line that the disk took only a part of, and how much; its rest goes before anything else. */
  #broken: { readonly octets: Buffer; at: number } | undefined
  #lostLines = 0

  /**
   * Throws what the file system throws when the file cannot be had, and RefusedPathError where something else has its name. A new
   * file is for its owner alone.
   */
  constructor(options: LogFileOptions) {
    this.#options = options
    this.#descriptor = openToAppendSync(options.path)
  }

  /** Takes one whole line. Never throws; a line that there is no room for is counted. */
  write(line: string): void {
    if (!this.#finishBroken() || !this.#append(Buffer.from(line))) {
      this.#lostLines++
      return
    }
    if (this.#lostLines === 0) return
    const lostLines = this.#lostLines
    this.#lostLines = 0
    this.#options.onRecovery?.(lostLines)
  }

  /** Opens the path again, after what was there was renamed. Throws, and goes on in the old file, when it cannot. */
  reopen(): void {
    const before = this.#descriptor
    this.#descriptor = openToAppendSync(this.#options.path)
    closeSync(before)
    // A line that only began in the old file is written whole to the new one.
    if (this.#broken) this.#broken.at = 0
  }

  close(): void {
    this.#finishBroken()
    closeSync(this.#descriptor)
  }

  #finishBroken(): boolean {
    if (!this.#broken) return true
    const { octets, at } = this.#broken
    const takenOctets = this.#put(octets.subarray(at))
    this.#broken.at += takenOctets
    if (this.#broken.at < octets.length) return false
    this.#broken = undefined
    return true
  }

  /** Whether the line is in the file or, begun there, waits for its end. */
  #append(octets: Buffer): boolean {
    const takenOctets = this.#put(octets)
    if (takenOctets > 0 && takenOctets < octets.length) this.#broken = { octets, at: takenOctets }
    return takenOctets > 0
  }

  #put(octets: Uint8Array): number {
    try {
      return (this.#options.put ?? writeSync)(this.#descriptor, octets)
    } catch (error) {
      reportLoss(error) // ENOSPC, EDQUOT, EIO
      return 0
    }
  }
}
