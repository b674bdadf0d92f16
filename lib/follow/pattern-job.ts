/** What the pattern thread is asked, and the memory in which it shows how far it is. */

export interface PatternJob {
  readonly source: string
  /** First and last column of a line that count, from 1; 0 is its start or end. */
  readonly start: number
  readonly stop: number
  readonly lines: readonly string[]
  /** The first line that is to be tried. */
  readonly from: number
}

export interface Progress {
  /** The line that is being tried. */
  readonly line: Int32Array
  readonly matchCount: Int32Array
  /** Which lines matched so far. */
  readonly matches: Int32Array
}

/** A job has no more lines than this. */
export const maxJobLines = 16_384

export function newProgress(): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * (2 + maxJobLines))
}

export function progressOf(memory: SharedArrayBuffer): Progress {
  return {
    line: new Int32Array(memory, 0, 1),
    matchCount: new Int32Array(memory, 4, 1),
    matches: new Int32Array(memory, 8),
  }
}
