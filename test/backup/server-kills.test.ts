/** The server of a device, killed at any moment: what the job says, and what is on the device afterwards. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isSoak, pause } from '../../bench/smoke.ts'
import { formatSetName, parseStoredName } from '../../lib/backup/set-name.ts'
import { programRoot } from '../../lib/program-root.ts'
import { BackupBench, readJob } from '../support/backup-job.ts'
import { noSshd, Sshd } from '../support/sshd.ts'

const main = join(programRoot, 'dist', 'backup', 'main.js')
const timeMs = Date.UTC(2026, 10, 30, 2, 30)
/** Five moments, and in the soak fifty. */
const killCount = isSoak ? 50 : 5

test('whenever the server of a device is killed, the job says so, and what is listed afterwards verifies', {
  skip: noSshd,
}, async () => {
  const bench = await BackupBench.create()
  writeFileSync(join(bench.home.data, 'agent', 'much'), randomBytes(8 << 20))
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
      await pause(Math.random() * 400)
      sshd.killSessions()
      await exited
      const { status } = readJob(folder)
      assert.equal(status.state, 'completed')
      assert.ok(status.result !== 'failed' || /^device far: cannot /.test(status.error), status.error)
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
    rmSync(bench.folder, { recursive: true })
  }
})
