/** What an archive is written from: components, one after the other, and what each has to store. */
import type { FileHandle } from 'node:fs/promises'
import type { EntryTraits } from './tar-header.ts'

export type SourceEntry =
  | { readonly traits: EntryTraits & { readonly type: 'directory' } }
  | { readonly traits: EntryTraits & { readonly type: 'link' }; readonly target: string }
  | {
      readonly traits: EntryTraits & { readonly type: 'file' }
      /** Undefined where it is not there any more; throws where it may not be read. Whoever opens it closes it. */
      open(): Promise<FileHandle | undefined>
    }

export interface SourceComponent {
  readonly feature: string
  readonly component: string
  readonly kind: 'files' | 'sqlite' | 'command'
  readonly isRequired: boolean
  /** About how much it is; only for the progress. */
  readonly octets: number
  /** Said before it was read, such as names that were left out. */
  readonly warnings: readonly string[]
  /** Throws where the component as a whole cannot be stored. */
  entries(signal: AbortSignal): AsyncIterable<SourceEntry>
}
