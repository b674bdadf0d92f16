import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { readProcess } from '../../../lib/proc/process.ts'
import { programRoot } from '../../../lib/program-root.ts'
import { findProcesses, isNamed } from '../../../subagents/critapp/find.ts'
import { until } from '../../support/appliance.ts'
import { nobody, readableProgram } from '../../support/other-user.ts'
import { Bench, forever } from './bench.ts'

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})
afterEach(() => bench.clear())

test('names alike in their first 15 letters are not one process', async () => {
  const [a, b] = [`${bench.name}-collector-a`, `${bench.name}-collector-b`]
  for (const name of [a, b]) {
    copyFileSync('/bin/sleep', join(bench.folder, name))
    chmodSync(join(bench.folder, name), 0o755)
  }
  const other = spawn(join(bench.folder, b), ['60'], { stdio: 'ignore' })
  await until(() => readProcess(other.pid!)?.name === b.slice(0, 15), 6000, 'its name')
  const { shown, supervisor, reaches } = bench.supervise({ name: a, startCommand: `${join(bench.folder, a)} 60` })
  await reaches('running')
  assert.notEqual(shown().pid, other.pid)
  supervisor.setAdminStatus(1, 'down')
  await reaches('stopped')
  assert.ok(readProcess(other.pid!), 'the other one goes on')
  other.kill('SIGKILL')
  await once(other, 'exit')
})

test('a long name is found by the program file and by the title that the program gives itself', async () => {
  const name = `${bench.name}-collector-a`
  const file = join(bench.folder, name)
  copyFileSync('/bin/sleep', file)
  chmodSync(file, 0o755)
  const child = spawn(file, ['60'], { argv0: 'another', stdio: 'ignore' })
  await until(() => readProcess(child.pid!)?.command[0] === 'another', 6000, 'its title')
  assert.ok(isNamed(readProcess(child.pid!)!, name), 'by its file')
  child.kill('SIGKILL')
  await once(child, 'exit')
  const kernelName = name.slice(0, 15)
  assert.ok(isNamed({ pid: 0, name: kernelName, command: [`${name}: master process`] }, name), 'by its title')
  assert.ok(!isNamed({ pid: 0, name: kernelName, command: [`${name}b: master process`] }, name))
  assert.ok(isNamed({ pid: 0, name: 'short', command: ['title of its own'] }, 'short'), 'by what it told the kernel')
})

test('parts of our own daemons are not processes of a row; a main.js of others goes by its folder', () => {
  const search = (name: string) => ({
    name,
    pidFile: join(bench.folder, `${name}.pid`),
    home: bench.folder,
    isTrusted: () => true,
  })
  const running = (script: string) => ({
    ...{ pid: 0, groupId: 1, parentPid: 1, startTicks: 1, name: 'node', state: 'S' },
    command: ['/usr/bin/node', script],
  })
  const finds = (name: string, script: string): boolean =>
    findProcesses(search(name), [running(script)]).main !== undefined
  assert.ok(finds('sipd', join(programRoot, 'dist', 'sipd', 'main.js')))
  assert.ok(!finds('worker', join(programRoot, 'dist', 'sipd', 'worker', 'main.js')))
  assert.ok(finds('worker', '/opt/site/worker/main.js'))
})

test('a row that is called as a control script of its name does not adopt it while it stops another one', async () => {
  const path = bench.program(forever)
  const stopping = spawn('/bin/sh', [path, 'stop'], { stdio: 'ignore' })
  await until(() => readProcess(stopping.pid!)?.command[0] === '/bin/sh', 6000)
  const { shown, reaches } = bench.supervise({ startCommand: path })
  await reaches('running')
  assert.notEqual(shown().pid, stopping.pid)
  stopping.kill('SIGKILL')
  await once(stopping, 'exit')
})

test('a process of another user, which may not be signalled, is not adopted', (t) => {
  if (process.getuid?.() !== 0) return t.skip('only root may start a supervisor as another user')
  const [search, clock] = ['subagents/critapp/search.js', 'lib/time/clock.js'].map((file) =>
    JSON.stringify(join(readableProgram(), 'dist', file)),
  )
  const script = `
    import { ProcessSearch } from ${search}
    import { systemClock } from ${clock}
    const search = new ProcessSearch({ clock: systemClock, home: '/nowhere', pidFileOf: () => '/nowhere' })
    console.log(search.find(${JSON.stringify(bench.name)}, undefined).count)`
  const look = (uid: number) =>
    spawnSync(process.execPath, ['--input-type=module', '-e', script], { uid, gid: uid, encoding: 'utf8', cwd: '/' })
  const theirs = spawn(bench.program(forever), { stdio: 'ignore' })
  t.after(() => theirs.kill('SIGKILL'))
  assert.deepEqual([look(0).stdout, look(nobody).stdout], ['1\n', '0\n'])
})
