/** The compiled program where every user can read it: a checkout may lie in a folder that only its owner may enter. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { programRoot } from '../../lib/program-root.ts'

/** Who owns nothing: `nobody` of Debian, user and group. */
export const nobody = 65_534

/** What runs needs: not the sources, nor what builds them. */
const parts = ['package.json', 'bin', 'conf', 'mibs', 'dist']
/** better-sqlite3 brings the sources of SQLite, which nothing that runs reads. */
const sqlite = ['package.json', 'lib', 'build/Release/better_sqlite3.node'].map(
  (part) => `node_modules/better-sqlite3/${part}`,
)

/** The packages that an installation has: those that package-lock.json does not need for building and testing alone. */
function packages(): string[] {
  const lock = JSON.parse(readFileSync(join(programRoot, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>
  }
  return Object.entries(lock.packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true && !path.slice(1).includes('/node_modules/'))
    .map(([path]) => path)
    .filter((path) => path !== 'node_modules/better-sqlite3' && existsSync(join(programRoot, path)))
}

let copied: string | undefined

/** Gives the folder that holds bin/ and dist/. Made once, and removed when the tests of this file end. */
export function readableProgram(): string {
  if (copied !== undefined) return copied
  const folder = mkdtempSync(join(tmpdir(), 'castellan-program-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  for (const part of [...parts, ...sqlite, ...packages()]) {
    const from = join(programRoot, part)
    cpSync(from, join(folder, part), { recursive: true, filter: (path) => path !== join(programRoot, 'dist', 'test') })
  }
  execFileSync('chmod', ['-R', 'a+rX', folder])
  copied = folder
  return folder
}
