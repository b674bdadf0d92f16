import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { programRoot } from '../../lib/program-root.ts'
import { makeHome, type TestHome } from '../support/appliance.ts'

const bin = join(programRoot, 'bin')
let at: TestHome

before(async () => {
  at = await makeHome()
  writeFileSync(join(at.home.logs, 'sipd', 'error_log'), 'a line of some length\n'.repeat(50_000))
})
after(() => rm(at.home.root, { recursive: true, force: true }))

async function outcome(program: string, args: readonly string[], output: 'full disk' | 'reader that ends') {
  const descriptor = output === 'full disk' ? openSync('/dev/full', 'w') : ('pipe' as const)
  const child = spawn(join(bin, program), args, { stdio: ['ignore', descriptor, 'pipe'] })
  if (typeof descriptor === 'number') closeSync(descriptor)
  child.stdout?.destroy()
  let err = ''
  child.stderr!.on('data', (chunk: Buffer) => (err += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number]
  return { code, err }
}

/** A command of each launcher that prints something and needs no appliance that runs. */
function commands(): readonly (readonly [string, ...string[]])[] {
  const home = ['--home', at.home.root]
  return [
    ['castellan', 'logs', 'error_log', '--no-follow', '--lines', '50000', ...home],
    ['castellan', 'access', 'public', 'sysDescr.0', ...home],
    ['castellan', '--help'],
    ['sip', 'config', ...home],
    ['sip', '--help'],
    ['getone', '--help'],
    ['getmany', '--help'],
    ['traprcv', '--help'],
    ['ciagent', '--help'],
    ['csps_ciagent_ctl', '--version'],
  ]
}

test('a command whose reader has read enough ends quietly', async () => {
  for (const [program, ...args] of commands())
    assert.deepEqual(
      await outcome(program, args, 'reader that ends'),
      { code: 0, err: '' },
      `${program} ${args.join(' ')}`,
    )
})

test('a command whose output has no room ends with a sentence and exit code 1', async () => {
  for (const [program, ...args] of commands()) {
    const { code, err } = await outcome(program, args, 'full disk')
    const sentence = `${program}: cannot write standard output: ENOSPC: no space left on device, write\n`
    assert.deepEqual([code, err], [1, sentence], args.join(' '))
  }
})

test('a command that acts does so whether or not anybody reads of it', async () => {
  assert.equal((await outcome('sip', ['stop', '--home', at.home.root], 'reader that ends')).code, 0)
  assert.equal((await outcome('sip', ['stop', '--home', at.home.root], 'full disk')).code, 0)
})

test('every launcher runs its command in the one way', () => {
  for (const name of readdirSync(bin).filter((name) => name !== 'setup'))
    assert.match(readFileSync(join(bin, name), 'utf8'), /await runCommand\('/, name)
})
