/** The output of a program as an entry of an archive: to a file first, as tar has the length before the content. */
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CommandComponent } from '../../lib/backup/feature.ts'
import type { SourceComponent } from '../archive/source.ts'
import { runToFile } from './run-to-file.ts'

export const outputPathOf = (feature: string, component: string): string => `output/${feature}/${component}`

export function commandSource(
  { name, argv, limitMs }: CommandComponent,
  feature: string,
  work: string,
): Pick<SourceComponent, 'octets' | 'warnings' | 'entries'> {
  return {
    octets: 0,
    warnings: [],
    async *entries(signal) {
      const path = join(work, `${feature}-${name}.out`)
      try {
        await runToFile({ argv, limitMs, signal }, path)
        const traits = { mode: 0o600, owner: 'root', group: 'root', mtimeMs: 0 }
        yield { traits: { ...traits, type: 'file', path: outputPathOf(feature, name) }, open: () => open(path) }
      } finally {
        await rm(path, { force: true })
      }
    },
  }
}
