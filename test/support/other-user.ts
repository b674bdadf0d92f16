/** The compiled program where every user can read it: a checkout may lie in a folder that only its owner may enter. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { programRoot } from '../../lib/program-root.ts'

/** Who owns nothing: `nobody` of Debian, user and group. */
export const nobody = 65_534

/** What runs needs: not the sources, nor what builds them. */
const parts = ['package.json', 'bin', 'conf', 'mibs', 'dist', 'node_modules/commander']
const sqlite = ['package.json', 'lib', 'build/Release/better_sqlite3.node'].map((part) => `better-sqlite3/${part}`)
const modules = [...sqlite, 'bindings', 'file-uri-to-path'].map((part) => `node_modules/${part}`)

let copied: string | undefined

/** Gives the folder that holds bin/ and dist/. Made once, and removed when the tests of this file end. */
export function readableProgram(): string {
  if (copied !== undefined) return copied
  const folder = mkdtempSync(join(tmpdir(), 'castellan-program-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  for (const part of [...parts, ...modules]) {
    const from = join(programRoot, part)
    cpSync(from, join(folder, part), { recursive: true, filter: (path) => path !== join(programRoot, 'dist', 'test') })
  }
  execFileSync('chmod', ['-R', 'a+rX', folder])
  copied = folder
  return folder
}
