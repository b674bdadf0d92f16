/**
 * The names of rotated files: `access_log.1700000000`, a second one of that second `….1`, compressed `….gz`. Each name
 * sorts after all that were there when it was given, whatever the clock said: their order is the order of the rotations.
 */

export interface RotatedName {
  /** When it was moved aside, in seconds since 1970; of the file before it where the clock was behind that. */
  readonly seconds: number
  /** From 0, of those that share their seconds. */
  readonly number: number
  readonly isCompressed: boolean
}

/** What orders names. */
export type RotationNumber = Pick<RotatedName, 'seconds' | 'number'>

/** Undefined for every name that this is not a rotated file of. */
export function parseRotatedName(name: string, liveName: string): RotatedName | undefined {
  if (!name.startsWith(`${liveName}.`)) return undefined
  const found = /^(\d{9,12})(?:\.([1-9]\d{0,5}))?(\.gz)?$/.exec(name.slice(liveName.length + 1))
  if (!found) return undefined
  return { seconds: Number(found[1]), number: Number(found[2] ?? 0), isCompressed: found[3] !== undefined }
}

/** Orders names, the oldest first. */
export function byRotation(a: RotationNumber, b: RotationNumber): number {
  return a.seconds - b.seconds || a.number - b.number
}
