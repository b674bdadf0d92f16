/** The version of the program, for every --version. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { programRoot } from './program-root.ts'

export function programVersion(): string {
  const { version }: { readonly version: string } = JSON.parse(readFileSync(join(programRoot, 'package.json'), 'utf8'))
  return version
}
