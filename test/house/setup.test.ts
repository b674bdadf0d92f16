/** What bin/setup makes of the daemons, shown by small ones beside the real setup, lib and configuration of the compiler. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { nodeOptionsOf } from '../../lib/process/daemon.ts'
import { programRoot } from '../../lib/program-root.ts'

let root: string
const mains = ['agent/main', 'subagents/main', 'sipd/main', 'sipd/worker/main', 'console/main']

before(() => {
  root = mkdtempSync(join(tmpdir(), 'setup-'))
  for (const name of ['bin/setup', 'lib', 'package.json', 'package-lock.json', 'tsconfig.json'])
    cpSync(join(programRoot, name), join(root, name), { recursive: true })
  linkPackages()
  write(
    'agent/thread/thread.ts',
    `import { parentPort } from 'node:worker_threads'\nparentPort?.postMessage('a thread')\n`,
  )
  write(
    'agent/thread/start.ts',
    `import { Worker } from 'node:worker_threads'
export function say(name: string): void {
  const worker = new Worker(new URL('./thread.js', import.meta.url))
  worker.once('message', (word) => console.log(name, 'has', word))
}
`,
  )
  for (const main of mains) {
    const up = '../'.repeat(main.split('/').length - 1)
    write(`${main}.ts`, `import { say } from '${up}agent/thread/start.ts'\nsay('${main}')\n`)
  }
})
after(() => rmSync(root, { recursive: true }))

/** The packages that are installed, in a folder of their own: setup finds all as it left it, and installs nothing. */
function linkPackages(): void {
  const from = join(programRoot, 'node_modules')
  mkdirSync(join(root, 'node_modules'))
  for (const name of readdirSync(from))
    if (!name.startsWith('.')) symlinkSync(join(from, name), join(root, 'node_modules', name))
  const lock = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')))
  write('node_modules/.castellan-lock', lock.digest('hex'))
}

function write(name: string, text: string): void {
  mkdirSync(dirname(join(root, name)), { recursive: true })
  writeFileSync(join(root, name), text)
}

function node(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  assert.equal(status, 0, `${args.join(' ')}: ${stdout}${stderr}`)
  return stdout
}

const compiled = (main: string): string => join(root, 'dist', `${main}.js`)

test('threads start out of daemons that were put together in one file', () => {
  node('bin/setup')
  for (const main of mains) {
    assert.ok(!/^import .*start/m.test(readFileSync(compiled(main), 'utf8')), `${main} is one file`)
    assert.equal(node(...nodeOptionsOf(root), compiled(main)), `${main} has a thread\n`)
    assert.equal(node(compiled(main)), `${main} has a thread\n`, 'and with other options of Node')
  }
})

test('the compiler alone writes all files again, which work without being put together', () => {
  node('bin/setup')
  node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.json')
  for (const main of mains) {
    assert.match(readFileSync(compiled(main), 'utf8'), /^import .*start\.js/m)
    assert.equal(node(...nodeOptionsOf(root), compiled(main)), `${main} has a thread\n`)
  }
})
