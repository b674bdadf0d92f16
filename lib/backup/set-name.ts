/**
 * Names of a backup set's files. A set is one archive for each node and the signed list of them, which is written last: a
 * set without its list is not complete. All names of a set begin with its own, so that a listing sorts by time.
 */

export interface SetName {
  /** To the second. */
  readonly timeMs: number
  /** Of Castellan: the one that can restore it. */
  readonly version: string
}

export type StoredName =
  | { readonly kind: 'list'; readonly set: SetName }
  | { readonly kind: 'archive'; readonly set: SetName; readonly node: string }
  /** Being written, or left by a job that was killed; never part of a set. */
  | { readonly kind: 'draft'; readonly of: string }

/** Added to a name while its file is written. */
export const draftSuffix = '.part'
const archiveSuffix = '.tar.gz.age'
const listSuffix = '.set'

/** `castellan_2026-11-30T02-30-00Z_0.1.0`: UTC, so that no hour of a clock change comes twice. */
export function formatSetName({ timeMs, version }: SetName): string {
  return `castellan_${new Date(timeMs).toISOString().slice(0, 19).replaceAll(':', '-')}Z_${version}`
}

export const listNameOf = (set: SetName): string => `${formatSetName(set)}${listSuffix}`

/** `node` is a host name: letters, digits, dots and dashes. */
export const archiveNameOf = (set: SetName, node: string): string => `${formatSetName(set)}_${node}${archiveSuffix}`

const pattern =
  /^castellan_(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)Z_([0-9A-Za-z.+-]+?)(?:\.set|_([0-9A-Za-z.-]+)\.tar\.gz\.age)$/

/** Undefined for what formatSetName does not give. */
export function parseSetName(name: string): SetName | undefined {
  const stored = parseStoredName(`${name}${listSuffix}`)
  return stored?.kind === 'list' ? stored.set : undefined
}

/** Undefined for a name that is none of ours. */
export function parseStoredName(name: string): StoredName | undefined {
  if (name.endsWith(draftSuffix)) {
    const of = name.slice(0, -draftSuffix.length)
    return parseStoredName(of) === undefined ? undefined : { kind: 'draft', of }
  }
  const found = pattern.exec(name)
  if (!found) return undefined
  const [, day, hour, minute, second, version = '', node] = found
  const timeMs = Date.parse(`${day}T${hour}:${minute}:${second}Z`)
  if (Number.isNaN(timeMs)) return undefined
  const set = { timeMs, version }
  return node === undefined ? { kind: 'list', set } : { kind: 'archive', set, node }
}
