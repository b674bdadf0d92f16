/** Restores that are killed while they switch: what was there comes back, by a rollback or before the next restore. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { backupFolderOf } from '../../backup/job/folders.ts'
import { journalPathOf } from '../../backup/restore/switch.ts'
import { formatSetName } from '../../lib/backup/set-name.ts'
import type { Home } from '../../lib/home/home.ts'
import { programRoot } from '../../lib/program-root.ts'
import { programVersion } from '../../lib/version.ts'
import { BackupBench, readJob } from '../support/backup-job.ts'
import { treeOf } from '../support/tree.ts'

const main = join(programRoot, 'dist', 'backup', 'main.js')
const timeMs = Date.UTC(2026, 10, 30, 2, 30)
const fileCount = 400
let bench: BackupBench
let many: string

const tree = () => treeOf(bench.home.root, (path) => /^(?:data\/subagents\/backup|logs\/subagents)/.test(path))
const journal = (home: Home): string => journalPathOf(join(backupFolderOf(home), 'replaced'))
const restore = () => {
  const set = formatSetName({ timeMs, version: programVersion() })
  return { ...bench.request(), type: 'restore', set, anyVersion: false } as const
}
const rollback = () => {
  const { device: _, ...request } = bench.request()
  return { ...request, type: 'rollback' } as const
}

before(async () => {
  bench = await BackupBench.create()
  many = join(bench.home.conf, 'sipd', 'many')
  mkdirSync(many)
  for (let i = 0; i < fileCount; i++) writeFileSync(join(many, `old-${i}`), `old ${i}`)
  const folder = bench.prepare(bench.backup({ timeMs }))
  assert.equal(spawnSync(process.execPath, [main, folder]).status, 0)
  for (let i = 0; i < fileCount; i += 2) rmSync(join(many, `old-${i}`))
  for (let i = 0; i < fileCount; i++) writeFileSync(join(many, `new-${i}`), `new ${i}`)
})
after(() => rmSync(bench.folder, { recursive: true }))

/** Runs a restore, and kills it when its journal has so many octets. */
async function killedAt(octets: number): Promise<void> {
  const child = spawn(process.execPath, [main, bench.prepare(restore())])
  const exited = once(child, 'exit')
  const looking = setInterval(() => {
    const { size } = statSync(journal(bench.home), { throwIfNoEntry: false }) ?? { size: 0 }
    if (size >= octets) child.kill('SIGKILL')
  }, 1)
  const [, signal] = await exited
  clearInterval(looking)
  assert.equal(signal, 'SIGKILL', 'it was killed before its end')
}

test('whenever a restore is killed while it switches, a rollback brings back all that was there', async () => {
  const before = tree()
  for (const octets of [1, 5000, 20_000, 50_000, 80_000]) {
    await killedAt(octets)
    const folder = bench.prepare(rollback())
    assert.equal(spawnSync(process.execPath, [main, folder]).status, 0, readJob(folder).log)
    assert.deepEqual(tree(), before, `killed at ${octets} octets`)
  }
})

test('a restore after one that was killed first puts back what that had replaced, and a rollback brings that back', async () => {
  const before = tree()
  await killedAt(20_000)
  const { status, log } = await bench.run(restore(), {}, programVersion())
  assert.equal(status.result, 'succeeded', log)
  assert.match(log, /put back what the restore of \S+ had replaced, which was killed/)
  assert.equal((await bench.run(rollback())).status.result, 'succeeded')
  assert.deepEqual(tree(), before)
})

test('a rollback of a killed restore starts the daemons that the restore had stopped; one of a whole restore those that ran', async () => {
  const started: string[][] = []
  const services = (running: readonly string[]) => () => ({
    stop: async () => running,
    start: async (names: readonly string[]) => void started.push([...names]),
  })
  for (const isKilled of [false, true]) {
    await bench.run(restore(), { services: services(['agent', 'subagents']) }, programVersion())
    const path = journal(bench.home)
    const lines = readFileSync(path, 'utf8').split('\n')
    if (isKilled) writeFileSync(path, `${lines.slice(0, -2).join('\n')}\n`)
    await bench.run(rollback(), { services: services([]) })
  }
  assert.deepEqual(started, [['agent', 'subagents'], [], ['agent', 'subagents'], ['agent', 'subagents']])
})
