/**
 * Loads what a program imports, one file after the other: `node --require=lib/process/load-in-order.js PROGRAM`. By itself node opens all
 * files of a level of imports at once, more than a hundred, and ends where `ulimit -n` allows fewer.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { isMainThread } from 'node:worker_threads'

// Threads load few files.
const [, program] = process.argv
if (isMainThread && program !== undefined) loadImportsOf(program)

/** Of what tsc writes. The program itself may wait for promises while it is loaded, which `require` does not. */
function loadImportsOf(program: string): void {
  const load = createRequire(program)
  const imports = readFileSync(program, 'utf8').matchAll(/^import\s[^'"]*['"](\.[^'"]+)['"]/gm)
  for (const [, path] of imports) if (path !== undefined) load(path)
}
