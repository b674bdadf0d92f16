/** Where the program lies, from its sources or compiled. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder that holds bin/, conf/ and dist/. */
export const programRoot = findProgramRoot(dirname(fileURLToPath(import.meta.url)))

/** The sources and the compiled program lie at different depths; package.json lies at the top of both. */
function findProgramRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder
    if (folder === dirname(folder)) throw new Error(`no package.json above ${from}`)
  }
}
