/** The version of the program, for every --version. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { programRoot } from './home/home.ts'

export function programVersion(): string {
  return (JSON.parse(readFileSync(join(programRoot, 'package.json'), 'utf8')) as { version: string }).version
}
