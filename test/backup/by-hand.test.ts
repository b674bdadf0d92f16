/** An archive needs nothing of ours to be read; and a home that was destroyed and restored makes the same archive again. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { archiveNameOf, formatSetName } from '../../lib/backup/set-name.ts'
import type { LocalDirectory } from '../../lib/backup/settings.ts'
import { BackupBench, recoveryPassphrase, testVersion } from '../support/backup-job.ts'
import { needs } from '../support/peers.ts'
import { openRecoveryFile, unpackByHand } from '../support/restored.ts'
import { treeOf } from '../support/tree.ts'

const skip = needs('age').skip ?? false
const name = { timeMs: Date.UTC(2026, 10, 30, 2, 30), version: testVersion }
/** Root may have tar give files to their owners; those of anybody else are his own. */
const isOfJobs = (path: string): boolean =>
  /^data\/subagents\/backup\/(?!keys)/.test(path) || /^(?:run|logs)\b/.test(path) || path === 'data/subagents/backup'
let bench: BackupBench
let key: string
let unpacked: string

before(async () => {
  bench = await BackupBench.create()
  const odd = join(bench.home.conf, 'agent', 'odd "names"')
  mkdirSync(odd, { mode: 0o750 })
  for (const one of ['with space', 'quotes\'"', 'line\nbreak', 'über-日本語', '-rf'])
    writeFileSync(join(odd, one), one, { mode: 0o640 })
  const sparse = openSync(join(bench.home.data, 'sipd', 'sparse'), 'w')
  ftruncateSync(sparse, 64 << 20)
  writeSync(sparse, 'end', (64 << 20) - 3)
  closeSync(sparse)
  assert.equal((await bench.run(bench.backup({ features: ['SIPD', 'CONSOLE'] }))).status.result, 'succeeded')
  if (skip) return
  key = openRecoveryFile(bench.device.path, recoveryPassphrase, bench.folder)
  unpacked = join(bench.folder, 'by-hand')
  unpackByHand(join(bench.device.path, archiveNameOf(name, 'node1')), key, unpacked)
})
after(() => rmSync(bench.folder, { recursive: true }))

test('age, gunzip and tar bring the home back without us, odd names and holes included', { skip }, () => {
  const files = (root: string): Map<string, string> =>
    new Map([...treeOf(root, isOfJobs)].filter(([, what]) => !what.startsWith('folder')))
  assert.deepEqual(files(join(unpacked, 'home')), files(bench.home.root))
  assert.ok(statSync(join(unpacked, 'home', 'data', 'sipd', 'sparse')).blocks < 1000, 'the hole is a hole')
})

test('the manifest lists every file with its sum, as sha256sum would', { skip }, () => {
  const manifest: { components: { entries: { type: string; path: string; sha256?: string }[] }[] } = JSON.parse(
    readFileSync(join(unpacked, 'manifest.json'), 'utf8'),
  )
  const files = manifest.components.flatMap(({ entries }) => entries.filter(({ type }) => type === 'file'))
  assert.ok(files.length > 10)
  for (const { path, sha256 } of files)
    assert.equal(
      createHash('sha256')
        .update(readFileSync(join(unpacked, path)))
        .digest('hex'),
      sha256,
      path,
    )
})

test('a home that was destroyed and restored gives the same manifest again, octet by octet', { skip }, async () => {
  for (const folder of ['conf', 'data/agent', 'data/sipd']) rmSync(join(bench.home.root, folder), { recursive: true })
  const restored = await bench.run({ ...bench.request(), type: 'restore', set: formatSetName(name), anyVersion: false })
  assert.equal(restored.status.result, 'succeeded', restored.log)
  const device: LocalDirectory = { ...bench.device, path: join(bench.folder, 'second') }
  mkdirSync(device.path)
  assert.equal(
    (await bench.run({ ...bench.backup({ features: ['SIPD', 'CONSOLE'] }), device })).status.result,
    'succeeded',
  )
  const again = join(bench.folder, 'again')
  unpackByHand(join(device.path, archiveNameOf(name, 'node1')), key, again)
  assert.equal(
    readFileSync(join(again, 'manifest.json'), 'utf8'),
    readFileSync(join(unpacked, 'manifest.json'), 'utf8'),
  )
})
