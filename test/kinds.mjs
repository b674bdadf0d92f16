// Which of the compiled tests are unit tests, and which need real peers and processes.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Paths of the compiled tests below `root`, by `unit` or `interop`; what is left of a test that is gone is none. */
export function testsOf(root, kind) {
  const folder = join(root, 'dist', 'test')
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.test.js') && existsSync(join(root, 'test', name.replace(/\.js$/, '.ts'))))
    .filter((name) => kindOf(name) === kind)
    .map((name) => join(folder, name))
}

function kindOf(name) {
  if (name.startsWith('interop/')) return 'interop'
  return name.startsWith('fuzz/') ? 'fuzz' : 'unit'
}
