/** What an archive holds, to the last octet: its last entries are this, as JSON, and its signature. */
import type { JobResult } from '../../lib/backup/job.ts'
import { ArchiveError } from './archive-error.ts'

interface AnyEntry {
  /** Below `home/` what lies in the home, below `root/` what lies elsewhere, below `output/` what commands printed. */
  readonly path: string
  readonly mode: number
  /** By name, for the restored machine may have other numbers; the number where there is no name. */
  readonly owner: string
  readonly group: string
  readonly mtimeMs: number
}

export interface FileEntry extends AnyEntry {
  readonly type: 'file'
  readonly octets: number
  readonly sha256: string
  /** It has holes, which a restore makes again. */
  readonly isSparse?: true
}

export interface DirectoryEntry extends AnyEntry {
  readonly type: 'directory'
}

/** Restored as it is, whatever it leads to, and never followed. */
export interface LinkEntry extends AnyEntry {
  readonly type: 'link'
  readonly target: string
}

export type Entry = FileEntry | DirectoryEntry | LinkEntry

export interface ArchivedComponent {
  readonly feature: string
  readonly component: string
  readonly kind: 'files' | 'sqlite' | 'command'
  /** Empty where all went well. */
  readonly warnings: readonly string[]
  readonly entries: readonly Entry[]
}

export interface Manifest {
  readonly format: 1
  readonly product: 'castellan'
  readonly version: string
  readonly node: string
  /** The set's time, in milliseconds since 1970. */
  readonly timeMs: number
  /** Such as Europe/Berlin, for people. */
  readonly zone: string
  readonly features: readonly string[]
  readonly result: JobResult
  readonly components: readonly ArchivedComponent[]
}

export const manifestName = 'manifest.json'
export const signatureName = 'manifest.json.sig'

/** The signature was checked before: its form is that of this program, or of a later one. */
export function parseManifest(octets: Buffer): Manifest {
  const parsed: unknown = JSON.parse(octets.toString('utf8'))
  if (!isManifest(parsed)) throw new ArchiveError('version', 'the manifest has a form that this version does not know')
  return parsed
}

function isManifest(parsed: unknown): parsed is Manifest {
  return (
    typeof parsed === 'object' &&
    parsed !== null &&
    'format' in parsed &&
    parsed.format === 1 &&
    'product' in parsed &&
    parsed.product === 'castellan' &&
    'components' in parsed &&
    Array.isArray(parsed.components)
  )
}

export function serializeManifest(manifest: Manifest): Buffer {
  return Buffer.from(`${JSON.stringify(manifest, undefined, 1)}\n`)
}

export function entriesOf({ components }: Pick<Manifest, 'components'>): Entry[] {
  return components.flatMap(({ entries }) => entries)
}
