/** SQLite databases as entries of an archive: each is copied first, and the copy goes when it is stored. */
import { createHash } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { SourceEntry } from '../archive/source.ts'
import type { EntryTraits } from '../archive/tar-header.ts'
import { copyDatabase } from './sqlite-copy.ts'
import type { Found } from './tree.ts'

export async function* databaseSource(
  found: readonly Found[],
  traitsOf: (found: Found) => EntryTraits,
  { work }: { readonly work: string },
  signal: AbortSignal,
): AsyncGenerator<SourceEntry> {
  for (const one of found) {
    if (!one.stats.isFile()) continue
    const copy = join(work, `${createHash('sha256').update(one.path).digest('hex').slice(0, 16)}.sqlite`)
    await rm(copy, { force: true })
    await copyDatabase(join(one.folder, one.name), copy, signal)
    try {
      yield { traits: { ...traitsOf(one), type: 'file' }, open: () => open(copy) }
    } finally {
      await rm(copy, { force: true })
    }
  }
}
