import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { writePidFile } from '../../../lib/files/pid-file.ts'
import { readProcess } from '../../../lib/proc/process.ts'
import { readStat } from '../../../lib/proc/processes.ts'
import { programRoot } from '../../../lib/program-root.ts'
import { ManualClock } from '../../../lib/time/clock.ts'
import { ProcessTable } from '../../../subagents/host/process-table.ts'
import { Source } from '../../../subagents/host/source.ts'
import { passUntil } from '../../support/clock.ts'
import { readableProgram } from '../../support/other-user.ts'

/** Runs a command as nobody, where /proc is mounted so in a mount namespace of its own. */
function asNobody(hidepid: string, words: readonly string[]) {
  const script = `mount -t proc -o hidepid=${hidepid} proc /proc && exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"`
  return spawnSync('unshare', ['-m', 'sh', '-c', script, 'sh', ...words], { encoding: 'utf8' })
}

const canHide = asNobody('2', ['true']).status === 0

for (const hidepid of ['1', '2'] as const) {
  test(`of another user's process nobody can tell while /proc is mounted with hidepid=${hidepid}, and one that ended is not there`, {
    skip: canHide ? false : 'needs root, setpriv, and a /proc that can be mounted',
  }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'castellan-hidden-'))
    chmodSync(folder, 0o755)
    t.after(() => rm(folder, { recursive: true }))
    const child = spawn('sleep', ['600'], { stdio: 'ignore' })
    t.after(() => child.kill())
    const { startTicks } = readStat(child.pid!)!
    const ended = 0x3fffff
    await writePidFile(join(folder, 'there'), readProcess(child.pid!)!)
    await writePidFile(join(folder, 'ended'), { pid: ended, startTicks, command: [] })
    const module = (name: string): string => JSON.stringify(join(readableProgram(), 'dist/lib', `${name}.js`))
    const script = `
      import { isRunning, readProcess, userOf } from ${module('proc/process')}
      import { readPidFile } from ${module('files/pid-file')}
      import { sendSignal } from ${module('proc/signal')}
      const answer = (ask) => { try { return ask() } catch (error) { return error.code } }
      for (const [pid, file] of [[${child.pid}, 'there'], [${ended}, 'ended']]) {
        const target = { pid, startTicks: ${startTicks} }
        const path = ${JSON.stringify(`${folder}/`)} + file
        const asks = [() => readProcess(pid), () => userOf(pid), () => readPidFile(path), () => sendSignal(target, 'SIGTERM')]
        console.log(...asks.map(answer), isRunning(target))
      }`
    const { stdout, stderr } = asNobody(hidepid, [process.execPath, '--input-type=module', '-e', script])
    assert.equal(stdout, `EPERM EPERM EPERM EPERM true\nundefined undefined undefined false false\n`, stderr)
  })
}

test('a process that cannot be looked at any more keeps its row, and one that is not listed any more has ended', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'castellan-hidden-'))
  t.after(() => rm(root, { recursive: true }))
  cpSync(join(programRoot, 'test/fixtures/proc/machine/proc'), join(root, 'proc'), { recursive: true })
  const clock = new ManualClock()
  const stop = new AbortController()
  const read: number[] = []
  const ended: number[] = []
  const table = new ProcessTable(new Source(root))
  table.listen({ read: ({ pid }) => read.push(pid), ended: ({ pid }) => ended.push(pid) })
  const done = table.run({ clock, signal: stop.signal })
  await passUntil(clock, () => read.length === 3)
  // It is there, and cannot be read: a folder, since root may read any file.
  rmSync(join(root, 'proc/4711/stat'))
  mkdirSync(join(root, 'proc/4711/stat'))
  const others = (): number => read.filter((pid) => pid !== 4711).length
  const before = others()
  await passUntil(clock, () => others() >= before + 4)
  assert.deepEqual(ended, [])
  assert.equal([...table.processes()].length, 3)
  rmSync(join(root, 'proc/4711'), { recursive: true })
  await passUntil(clock, () => ended.length > 0)
  assert.deepEqual(ended, [4711])
  stop.abort()
  await passUntil(clock, () => true)
  await done
})
