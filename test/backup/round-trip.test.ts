/** A home is backed up, destroyed and restored, and is what it was. */
import assert from 'node:assert/strict'
import {
  chownSync,
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import Database from 'better-sqlite3'
import { formatSetName } from '../../lib/backup/set-name.ts'
import { BackupBench, type FinishedJob, testVersion } from '../support/backup-job.ts'
import { treeOf } from '../support/tree.ts'

let bench: BackupBench
let before1: Map<string, string>
let backup: FinishedJob
const engine = (): { engineId: string; boots: number } =>
  JSON.parse(readFileSync(join(bench.home.data, 'agent', 'engine.json'), 'utf8'))
const databasePath = () => join(bench.home.data, 'sipd', 'registrations.sqlite')

/** What jobs themselves leave, and what changes with every restore. */
const isOfJobs = (path: string): boolean =>
  path.startsWith('data/subagents/backup') ||
  path === 'data/agent/engine.json' ||
  /^(?:run|logs)\b/.test(path) ||
  /\.sqlite/.test(path)

before(async () => {
  bench = await BackupBench.create()
  const { conf, data } = bench.home
  writeFileSync(join(data, 'agent', 'engine.json'), JSON.stringify({ engineId: '80007ed9050102030405', boots: 7 }))
  const odd = join(conf, 'agent', 'odd "names"')
  mkdirSync(odd, { mode: 0o750 })
  for (const name of ['with space', 'quotes\'"', 'line\nbreak', 'über-日本語', 'x'.repeat(200)])
    writeFileSync(join(odd, name), name, { mode: 0o640 })
  writeFileSync(Buffer.from(`${odd}/\xff\xfe`, 'latin1'), 'no UTF-8')
  utimesSync(join(odd, 'with space'), 1_600_000_000.123, 1_600_000_000.123)
  symlinkSync('/etc/passwd', join(conf, 'agent', 'link'))
  symlinkSync('nowhere', join(conf, 'agent', 'dangling'))
  const sparse = openSync(join(data, 'sipd', 'sparse'), 'w')
  ftruncateSync(sparse, 64 << 20)
  writeSync(sparse, 'end', (64 << 20) - 3)
  closeSync(sparse)
  chownSync(join(data, 'sipd', 'sparse'), 1, 1)
  const database = new Database(databasePath())
  database.pragma('journal_mode = WAL')
  database.exec('CREATE TABLE binding (aor TEXT, contact TEXT)')
  const insert = database.prepare('INSERT INTO binding VALUES (?, ?)')
  for (let i = 0; i < 20_000; i++) insert.run(`sip:${i}@example.com`, `sip:${i}@192.0.2.1`)
  before1 = treeOf(bench.home.root, isOfJobs)
  // It is open, and its log holds what the file has not yet.
  backup = await bench.run(bench.backup())
  database.close()
})
after(() => rmSync(bench.folder, { recursive: true }))

const set = formatSetName({ timeMs: Date.UTC(2026, 10, 30, 2, 30), version: testVersion })
const restore = () => ({ ...bench.request(), type: 'restore', set, anyVersion: false }) as const

test('a backup leaves an archive, its list and the recovery file on the device, and no drafts', () => {
  assert.equal(backup.status.error, '')
  assert.equal(backup.status.result, 'succeeded', backup.log)
  assert.equal(backup.status.percent, 100)
  assert.deepEqual(backup.status.features, ['AGENT', 'SIPD', 'REGISTRY', 'CONSOLE', 'LOGS'])
  const names = readdirSync(bench.device.path).sort()
  assert.deepEqual(names.slice(0, 2), [`${set}.set`, `${set}_node1.tar.gz.age`])
  assert.match(names[2] ?? '', /^castellan_recovery_[0-9a-z]+\.age$/)
  assert.equal(names.length, 3)
})

test('the set verifies', async () => {
  const { status, log } = await bench.run({ ...bench.request(), type: 'verify', set })
  assert.equal(status.result, 'succeeded', log)
})

test('a preflight lists the differences first, and changes nothing', async () => {
  writeFileSync(join(bench.home.conf, 'agent', 'snmpd.cnf'), '# changed\n')
  writeFileSync(join(bench.home.conf, 'agent', 'more.cnf'), '')
  const before2 = treeOf(bench.home.root, isOfJobs)
  const { status, folder } = await bench.run({ ...restore(), preflightOnly: true })
  assert.equal(status.result, 'succeeded')
  const differences: { path: string; difference: string }[] = JSON.parse(
    readFileSync(join(folder, 'preflight.json'), 'utf8'),
  )
  const found = new Map(differences.map(({ path, difference }) => [path, difference]))
  assert.equal(found.get('home/conf/agent/snmpd.cnf'), 'changed')
  assert.equal(found.get('home/conf/agent/more.cnf'), 'removed')
  assert.equal(found.get('home/conf/agent/odd "names"/with space'), 'same')
  assert.notEqual(differences[0]?.difference, 'same')
  assert.equal(differences.at(-1)?.difference, 'same')
  assert.deepEqual(treeOf(bench.home.root, isOfJobs), before2)
})

test('a destroyed home comes back as it was: names, contents, modes, owners, times, links and holes', async () => {
  const { conf, data } = bench.home
  rmSync(join(conf, 'agent'), { recursive: true })
  rmSync(join(data, 'sipd'), { recursive: true })
  rmSync(join(conf, 'sipd', 'sipd.conf'))
  const { status, log } = await bench.run(restore())
  assert.equal(status.result, 'succeeded', log)
  assert.deepEqual(treeOf(bench.home.root, isOfJobs), before1)
  assert.ok(statSync(join(data, 'sipd', 'sparse')).blocks < 1000, 'the hole is a hole')
  const database = new Database(databasePath(), { readonly: true })
  assert.deepEqual(database.pragma('integrity_check'), [{ integrity_check: 'ok' }])
  assert.deepEqual(database.prepare('SELECT count(*) AS count FROM binding').get(), { count: 20_000 })
  database.close()
})

test('engineBoots are those of the archive, and 1,000, and the minutes since', () => {
  const minutes = Math.floor((Date.now() - Date.UTC(2026, 10, 30, 2, 30)) / 60_000)
  const { engineId, boots } = engine()
  assert.equal(engineId, '80007ed9050102030405')
  assert.ok(Math.abs(boots - (7 + 1000 + minutes)) <= 2, `${boots} with ${minutes} minutes`)
})

test('a rollback puts back what the restore replaced, and only once', async () => {
  const path = join(bench.home.conf, 'agent', 'snmpd.cnf')
  writeFileSync(path, '# mine\n')
  writeFileSync(join(bench.home.conf, 'agent', 'more.cnf'), 'mine as well')
  const changed = treeOf(bench.home.root, isOfJobs)
  assert.equal((await bench.run(restore())).status.result, 'succeeded')
  assert.notEqual(readFileSync(path, 'utf8'), '# mine\n')
  assert.ok(!existsSync(join(bench.home.conf, 'agent', 'more.cnf')))
  const { device: _, ...request } = bench.request()
  assert.equal((await bench.run({ ...request, type: 'rollback' })).status.result, 'succeeded')
  assert.deepEqual(treeOf(bench.home.root, isOfJobs), changed)
  const { status } = await bench.run({ ...request, job: 100, type: 'rollback' })
  assert.match(status.error, /no restore to take back/)
})

test('only the features that are asked for are restored', async () => {
  const agent = join(bench.home.conf, 'agent', 'snmpd.cnf')
  const sipd = join(bench.home.conf, 'sipd', 'sipd.conf')
  for (const path of [agent, sipd]) writeFileSync(path, '# changed\n')
  const { status } = await bench.run({ ...restore(), features: ['SIPD'] })
  assert.equal(status.result, 'succeeded')
  assert.equal(readFileSync(agent, 'utf8'), '# changed\n')
  assert.notEqual(readFileSync(sipd, 'utf8'), '# changed\n')
})
