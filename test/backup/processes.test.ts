/** Backup jobs as processes: killed at any moment, ended by a signal; and castellan-restore on a machine that has nothing. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { jobExitCodes } from '../../backup/job/exit-codes.ts'
import { isSoak, pause } from '../../bench/smoke.ts'
import { formatSetName, parseStoredName } from '../../lib/backup/set-name.ts'
import { programRoot } from '../../lib/program-root.ts'
import { programVersion } from '../../lib/version.ts'
import { BackupBench, readJob, recoveryPassphrase } from '../support/backup-job.ts'
import { noSshd, Sshd } from '../support/sshd.ts'
import { treeOf } from '../support/tree.ts'

const main = join(programRoot, 'dist', 'backup', 'main.js')
const timeMs = Date.UTC(2026, 10, 30, 2, 30)
/** Five moments, and in the soak fifty. */
const killCount = isSoak ? 50 : 5
let bench: BackupBench
before(async () => {
  bench = await BackupBench.create()
  writeFileSync(join(bench.home.data, 'agent', 'much'), randomBytes(64 << 20))
})
after(() => rmSync(bench.folder, { recursive: true }))

test('a job that is killed leaves nothing that looks like a backup, and the next one clears up', async () => {
  for (let i = 0; i < killCount; i++) {
    const folder = bench.prepare(bench.backup({ timeMs: timeMs + i * 1000 }))
    const child = spawn(process.execPath, [main, folder])
    const exited = once(child, 'exit')
    setTimeout(() => child.kill('SIGKILL'), 300 + Math.random() * 1500)
    await exited
  }
  const folder = bench.prepare(bench.backup({ timeMs: timeMs + 60_000 }))
  assert.equal(spawnSync(process.execPath, [main, folder]).status, 0)
  const names = readdirSync(bench.device.path)
  assert.deepEqual(
    names.filter((name) => name.endsWith('.part')),
    [],
  )
  const lists = names.flatMap((name) => {
    const stored = parseStoredName(name)
    return stored?.kind === 'list' ? [stored.set] : []
  })
  assert.ok(lists.length > 0)
  for (const set of lists) {
    const verifying = bench.prepare({ ...bench.request(), type: 'verify', set: formatSetName(set) })
    assert.equal(spawnSync(process.execPath, [main, verifying]).status, 0, readJob(verifying).log)
  }
})

test('whenever the server of a device is killed, the job says so, and what is listed afterwards verifies', {
  skip: noSshd,
}, async () => {
  const sshd = await Sshd.start()
  const path = join(bench.folder, 'far')
  mkdirSync(path)
  const device = sshd.settings(path, { retention: 1000 })
  try {
    for (let i = 0; i < killCount; i++) {
      const folder = bench.prepare({ ...bench.backup({ timeMs: timeMs + i * 1000 }), device })
      const child = spawn(process.execPath, [main, folder])
      const exited = once(child, 'exit')
      let isOver = false
      void exited.then(() => {
        isOver = true
      })
      // Before it has a session there is nobody to kill.
      while (!isOver && sshd.sessions().length === 0) await pause(5)
      await pause(Math.random() * 800)
      sshd.killSessions()
      await exited
      const { status } = readJob(folder)
      assert.equal(status.state, 'completed')
      assert.ok(status.result !== 'failed' || /connection/.test(status.error), status.error)
    }
    const last = bench.prepare({ ...bench.backup({ timeMs: timeMs + 3_600_000 }), device })
    assert.equal(spawnSync(process.execPath, [main, last]).status, 0, readJob(last).log)
    const names = readdirSync(path)
    assert.deepEqual(
      names.filter((name) => name.endsWith('.part')),
      [],
    )
    for (const name of names) {
      const stored = parseStoredName(name)
      if (stored?.kind !== 'list') continue
      const verifying = bench.prepare({ ...bench.request(), device, type: 'verify', set: formatSetName(stored.set) })
      assert.equal(spawnSync(process.execPath, [main, verifying]).status, 0, readJob(verifying).log)
    }
  } finally {
    await sshd.stop()
  }
})

async function restoresTwoGigabytes(): Promise<void> {
  const path = join(bench.home.data, 'sipd', 'two-gigabytes')
  const descriptor = openSync(path, 'w')
  ftruncateSync(descriptor, 2 ** 31)
  writeSync(descriptor, 'middle', 2 ** 30)
  closeSync(descriptor)
  const before = treeOf(bench.home.root, (one) => one !== 'data' && !one.startsWith('data/sipd'))
  const at = timeMs + 7_200_000
  const backup = bench.prepare(bench.backup({ timeMs: at, features: ['SIPD'] }))
  assert.equal(spawnSync(process.execPath, [main, backup]).status, 0, readJob(backup).log)
  rmSync(path)
  const set = formatSetName({ timeMs: at, version: programVersion() })
  const restore = bench.prepare({ ...bench.request(), type: 'restore', set, anyVersion: false, features: ['SIPD'] })
  assert.equal(spawnSync(process.execPath, [main, restore]).status, 0, readJob(restore).log)
  assert.deepEqual(
    treeOf(bench.home.root, (one) => one !== 'data' && !one.startsWith('data/sipd')),
    before,
  )
  assert.ok(statSync(path).blocks < 1000, 'the hole is a hole')
}
if (isSoak) test('two gigabytes with a hole are restored as they were', restoresTwoGigabytes)

test('a drill restores into a sandbox, starts its agent, walks it, and leaves nothing but the record', async () => {
  const before = treeOf(bench.home.root, (path) => /^(?:data\/subagents\/backup|logs\/subagents)/.test(path))
  const folder = bench.prepare({ ...bench.request(), type: 'drill' })
  assert.equal(spawnSync(process.execPath, [main, folder]).status, 0, readJob(folder).log)
  assert.match(readJob(folder).log, /the restored agent started and answered a walk: \d+ objects/)
  assert.deepEqual(
    treeOf(bench.home.root, (path) => /^(?:data\/subagents\/backup|logs\/subagents)/.test(path)),
    before,
  )
  const record = JSON.parse(readFileSync(join(bench.home.data, 'subagents', 'backup', 'last-drill.json'), 'utf8'))
  assert.ok(record.objects > 100)
})

test('a signal interrupts a job, which clears up behind itself and says so', async () => {
  const folder = bench.prepare(bench.backup({ timeMs: timeMs + 180_000 }))
  const child = spawn(process.execPath, [main, folder])
  const exited = once(child, 'exit')
  const ask = setInterval(() => {
    if (readdirSync(bench.device.path).some((name) => name.endsWith('.part'))) child.kill('SIGTERM')
  }, 5)
  const [code] = await exited
  clearInterval(ask)
  assert.equal(code, jobExitCodes.interrupted)
  assert.equal(readJob(folder).status.result, 'interrupted')
  assert.deepEqual(
    readdirSync(bench.device.path).filter((name) => name.endsWith('.part')),
    [],
  )
})

test('castellan-restore restores on a bare machine, and refuses a wrong passphrase and a wrong key', () => {
  const set = formatSetName({ timeMs: timeMs + 60_000, version: programVersion() })
  const list = readFileSync(join(bench.device.path, `${set}.set`), 'utf8')
  const { fingerprint } = JSON.parse(list.slice(0, list.lastIndexOf('\n', list.length - 2)))
  const home = join(bench.folder, 'bare')
  mkdirSync(join(home, 'conf'), { recursive: true })
  const run = (passphrase: string, key: string) =>
    spawnSync(
      join(programRoot, 'bin', 'castellan-restore'),
      ['--from', bench.device.path, '--fingerprint', key, '--set', set, '--node', 'node1', '--home', home],
      { input: `${passphrase}\n`, encoding: 'utf8' },
    )
  const wrong = run('a wrong passphrase', fingerprint)
  assert.equal(wrong.status, 4, wrong.stderr)
  assert.match(wrong.stderr, /passphrase does not open the recovery file/)
  const stranger = run(recoveryPassphrase, 'SHA256:AAAA')
  assert.equal(stranger.status, 4, stranger.stderr)
  assert.deepEqual(readdirSync(join(home, 'conf')), [])

  const done = run(recoveryPassphrase, fingerprint)
  assert.equal(done.status, 0, done.stderr)
  const isOfJobs = (path: string): boolean =>
    /^data\/subagents\/backup\/(?!keys)/.test(path) || /^(?:run|logs)\b/.test(path)
  const without = (tree: Map<string, string>) => new Map([...tree].filter(([, what]) => !what.startsWith('folder')))
  assert.deepEqual(without(treeOf(home, isOfJobs)), without(treeOf(bench.home.root, isOfJobs)))
})
