/** The sources of what is shipped, for tests that say what none of them has. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { programRoot } from '../../lib/program-root.ts'

const notShipped = new Set(['bench', 'dist', 'node_modules', 'test', 'var'])

/** By their paths from the program's folder. */
export function shippedFiles(): string[] {
  const entries = readdirSync(programRoot, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory() && !notShipped.has(entry.name) && !entry.name.startsWith('.'))
    .flatMap(({ name }) =>
      readdirSync(join(programRoot, name), { recursive: true, encoding: 'utf8' }).map((file) => join(name, file)),
    )
    .filter((file) => file.endsWith('.ts'))
    .sort()
}
