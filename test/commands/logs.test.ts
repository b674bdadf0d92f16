import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { followLogs, passes } from '../../commands/logs/follow.ts'
import { tryPattern } from '../../commands/logs/test.ts'
import { programRoot } from '../../lib/program-root.ts'
import { makeHome, runBin, type TestHome, until } from '../support/appliance.ts'

let at: TestHome
const stamp = '2026-01-02T03:04:05.678Z'
before(async () => {
  at = await makeHome()
  writeFileSync(
    join(at.home.logs, 'agent', 'agent.log'),
    `${stamp} info   agent: one\n${stamp} error  agent.usm: two\n`,
  )
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
  const path = join(at.home.logs, 'agent', 'agent.log')
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
  assert.match((await runBin('castellan', ['logs', 'test', '(', path])).err, /is not a regular expression/)
})

/** One poll of a follower reads 4 MiB at most: parts of these files give it nothing to deliver. */
const longOctets = 9 * 1024 * 1024
for (const [what, extend] of [
  ['a hole', (path: string) => truncateSync(path, longOctets)],
  ['a line of 9 MiB', (path: string) => appendFileSync(path, `${'x'.repeat(longOctets)}\n`)],
] as const)
  test(`castellan logs and logs test read on behind ${what}`, async () => {
    const path = join(at.home.logs, 'long.log')
    writeFileSync(path, 'error 1\n')
    extend(path)
    appendFileSync(path, Array.from({ length: 999 }, (_, i) => `error ${i + 2}\n`).join(''))
    assert.equal((await tryPattern('^error', path, () => {})).matches, 1000)
    const shown: string[] = []
    const print = (_log: string, line: string): void => void shown.push(line)
    const { signal } = new AbortController()
    await followLogs(at.home, { names: ['long.log'], lines: 2, isFollowing: false, signal, print })
    assert.deepEqual(shown, ['error 999', 'error 1000'])
    await rm(path)
  })

test('the end of a line that is longer than a pattern is tried on is no line of its own', async () => {
  const path = join(at.home.root, 'endless')
  writeFileSync(path, `error\n${'x'.repeat(3 * 1024 * 1024)}`)
  const trial = await tryPattern('x$', path, () => {})
  assert.deepEqual([trial.lines, trial.matches], [2, 1])
})

test('a pattern is not tried on what cannot be read, and the sentence says why', async () => {
  const path = join(at.home.root, 'wide')
  writeFileSync(path, Buffer.from('\ufefferror\n', 'utf16le'))
  await assert.rejects(
    tryPattern('error', path, () => {}),
    /wide is in UTF-16, so that no line matches/,
  )
  await assert.rejects(
    tryPattern('error', at.home.root, () => {}),
    /is not a regular file$/,
  )
  await assert.rejects(
    tryPattern('error', join(at.home.root, 'none'), () => {}),
    /none is not there$/,
  )
})
