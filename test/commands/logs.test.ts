import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, renameSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { passes } from '../../commands/logs.ts'
import { programRoot } from '../../lib/home.ts'
import { makeHome, runBin, type TestHome, until } from '../support/appliance.ts'

let at: TestHome
const stamp = '2026-01-02T03:04:05.678Z'
before(async () => {
  at = await makeHome()
  writeFileSync(join(at.home.logs, 'agent.log'), `${stamp} info   agent: one\n${stamp} error  agent.usm: two\n`)
})
after(() => rm(at.home.root, { recursive: true }))

test('a line passes by its level and those above, and by its component and what is below it', () => {
  const line = `${stamp} warn   agent.usm: a sentence`
  assert.deepEqual(
    ['info', 'warn', 'error'].map((level) => passes(line, { level })),
    [true, true, false],
  )
  assert.deepEqual(
    ['agent', 'agent.usm', 'agent.us', 'sipd'].map((component) => passes(line, { component })),
    [true, true, false, false],
  )
  assert.equal(passes('no form at all', {}), true)
  assert.equal(passes('no form at all', { level: 'debug' }), false)
})

test('castellan logs shows the last lines that pass, and names the logs there are', async () => {
  const logs = (...args: string[]) => runBin('castellan', ['logs', ...args, '--home', at.home.root])
  assert.equal((await logs('agent.log', '--no-follow', '--level', 'error')).out, `${stamp} error  agent.usm: two\n`)
  const none = await logs('nonsense', '--no-follow')
  assert.equal(none.code, 1)
  assert.match(none.err, /there is no log nonsense in .*; there are: agent\.log/)
})

test('castellan logs follows over a rename, and ends on SIGTERM', async () => {
  const path = join(at.home.logs, 'agent.log')
  const child = spawn(join(programRoot, 'bin', 'castellan'), ['logs', 'agent.log', '--home', at.home.root])
  let out = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  await until(() => out.includes('two'), 5000, 'the last lines')
  renameSync(path, `${path}.1767323045`)
  appendFileSync(path, `${stamp} info   agent: three\n`)
  await until(() => out.includes('three'), 5000, 'the line after the rename')
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  assert.equal(code, 0)
  assert.equal(out.match(/one|two|three/g)!.join(), 'one,two,three')
})

test('castellan logs test tells which lines a pattern matches, and that one takes too long', async () => {
  const path = join(at.home.root, 'old')
  writeFileSync(path, `error 1\nwell\nerror 2\n${'a'.repeat(60)}!\nerror at the end`)
  const found = await runBin('castellan', ['logs', 'test', '^error', path])
  assert.deepEqual([found.code, found.out], [0, '1: error 1\n3: error 2\n5: error at the end\n'])
  assert.match(found.err, /^3 of 5 lines match\n/)
  assert.match((await runBin('castellan', ['logs', 'test', '(a+)+$', path])).err, /on 1 lines it took too long/)
  assert.match((await runBin('castellan', ['logs', 'test', '(', path])).err, /is no regular expression/)
})
