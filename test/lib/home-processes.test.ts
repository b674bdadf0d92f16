import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { resolveHome } from '../../lib/home/home.ts'
import { partOf } from '../../lib/process/daemon-identity.ts'
import { processesOf, unitIn } from '../../lib/process/home-processes.ts'

describe('a command line of ours', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['/usr/bin/node --max-semi-space-size=2 /opt/c/dist/agent/main.js --home /h', 'agent'],
    ['node /opt/c/dist/subagents/main.js --home /h', 'subagents'],
    ['node /opt/c/dist/sipd/main.js', 'sipd'],
    ['node /opt/c/dist/sipd/worker/main.js', undefined],
    ['node /opt/c/dist/agent/main.js --home /h --check', undefined],
    ['node /opt/c/bin/sip start --home /h', 'sip'],
    ['node /opt/c/bin/sip status --home /h', undefined],
    ['vi /opt/c/dist/agent/main.js', undefined],
    ['', undefined],
  ]
  for (const [command, part] of cases)
    test(`is ${part ?? 'none'}: ${command}`, () => assert.equal(partOf(command.split(' ')), part))
})

test('the unit that runs a process stands in its cgroups', () => {
  assert.equal(unitIn('0::/system.slice/castellan-agent.service\n'), 'castellan-agent.service')
  assert.equal(unitIn('0::/system.slice/castellan-subagents@b.service\n'), 'castellan-subagents@b.service')
  assert.equal(unitIn('0::/user.slice/user-0.slice/session-1.scope\n'), undefined)
})

describe('processes of a home', () => {
  const folder = mkdtempSync(join(tmpdir(), 'processes-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const home = join(folder, 'home')
  const main = join(folder, 'agent', 'main.js')
  mkdirSync(join(folder, 'agent'))
  mkdirSync(home)
  symlinkSync(home, join(folder, 'link'))
  writeFileSync(main, 'console.log(1); setInterval(() => {}, 1000)')

  async function found(args: readonly string[], env: NodeJS.ProcessEnv, cwd = '/'): Promise<boolean[]> {
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'inherit'], cwd, env })
    try {
      await once(child.stdout, 'data')
      return processesOf(resolveHome(home)).flatMap(({ pid, isOfStarter }) => (pid === child.pid ? [isOfStarter] : []))
    } finally {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  }

  test('are known before they have a PID file: by --home, also through a link or from another folder, and by CASTELLAN_HOME', async () => {
    assert.deepEqual(await found(['--home', home], {}), [false])
    assert.deepEqual(await found([`--home=${join(folder, 'link')}`], {}), [false])
    assert.deepEqual(await found(['--home', 'home'], {}, folder), [false])
    assert.deepEqual(await found([], { CASTELLAN_HOME: home }), [false])
    assert.deepEqual(await found(['--home', home], { CASTELLAN_STARTER: '7' }), [true])
    assert.deepEqual(await found(['--home', folder], { CASTELLAN_HOME: home }), [])
    assert.deepEqual(await found([], {}), [])
  })
})
