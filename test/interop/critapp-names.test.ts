import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { readProcess } from '../../lib/proc/process.ts'
import { isNamed } from '../../subagents/critapp/observation/find.ts'
import { until } from '../support/appliance.ts'
import { nobody, readableProgram } from '../support/other-user.ts'
import { Bench, forever } from '../support/supervision.ts'

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

test('a long name is found by the program file', async () => {
  const name = `${bench.name}-collector-a`
  const file = join(bench.folder, name)
  copyFileSync('/bin/sleep', file)
  chmodSync(file, 0o755)
  const child = spawn(file, ['60'], { argv0: 'another', stdio: 'ignore' })
  await until(() => readProcess(child.pid!)?.command[0] === 'another', 6000, 'its title')
  assert.ok(isNamed(readProcess(child.pid!)!, name, bench.host()), 'by its file')
  child.kill('SIGKILL')
  await once(child, 'exit')
})

test('a process of another user, which may not be signalled, is not adopted', (t) => {
  if (process.getuid?.() !== 0) return t.skip('only root may start a supervisor as another user')
  const [search, linuxHost, clock, log] = [
    'subagents/critapp/observation/search.js',
    'subagents/critapp/host/linux-host.js',
    'lib/time/clock.js',
    'lib/log/log.js',
  ].map((file) => JSON.stringify(join(readableProgram(), 'dist', file)))
  const script = `
    import { ProcessSearch } from ${search}
    import { LinuxHost } from ${linuxHost}
    import { systemClock } from ${clock}
    import { silentLog } from ${log}
    const options = { log: silentLog, pidFileOf: () => '/nowhere', pidFolders: [], outputFolder: '/nowhere' }
    const search = new ProcessSearch({ clock: systemClock, home: '/nowhere', host: new LinuxHost(options) })
    console.log(search.find(${JSON.stringify(bench.name)}, undefined).count)`
  const look = (uid: number) =>
    spawnSync(process.execPath, ['--input-type=module', '-e', script], { uid, gid: uid, encoding: 'utf8', cwd: '/' })
  const theirs = spawn(bench.program(forever), { stdio: 'ignore' })
  t.after(() => theirs.kill('SIGKILL'))
  assert.deepEqual([look(0).stdout, look(nobody).stdout], ['1\n', '0\n'])
})
