import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { silentLog } from '../../lib/log/log.ts'
import { markKey } from '../../sipd/parent/mark-key.ts'
import { recordingLog } from './location-support.ts'

const root = mkdtempSync(join(tmpdir(), 'castellan-mark-key-'))
after(() => rmSync(root, { recursive: true, force: true }))

test('the key of the marks is the same after a restart, and nobody else can read it', () => {
  const path = join(root, 'data', 'sipd', 'marks.key')
  const { log, lines } = recordingLog()
  const key = markKey(path, log)
  assert.match(key, /^[0-9a-f]{64}$/)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.equal(markKey(path, log), key)
  assert.deepEqual(lines, [])
  rmSync(path)
  assert.notEqual(markKey(path, log), key)
})

test('a file that is no key, or that others may have read, gives way to a new one', () => {
  const path = join(root, 'broken.key')
  for (const spoil of [
    () => writeFileSync(path, ''),
    () => writeFileSync(path, 'zz'.repeat(32)),
    () => writeFileSync(path, 'a'.repeat(5000)),
    () => chmodSync(path, 0o644),
  ]) {
    const before = markKey(path, silentLog)
    spoil()
    const { log, lines } = recordingLog()
    const key = markKey(path, log)
    assert.notEqual(key, before)
    assert.equal(lines.length, 1)
    assert.equal(readFileSync(path, 'utf8').trim(), key)
    assert.equal(statSync(path).mode & 0o777, 0o600)
  }
})

test('where the key cannot be kept there is one all the same, and the log says so', () => {
  writeFileSync(join(root, 'file'), '')
  const { log, lines } = recordingLog()
  assert.match(markKey(join(root, 'file', 'marks.key'), log), /^[0-9a-f]{64}$/)
  assert.match(lines.at(-1)!, /cannot keep the key of Record-Route/)
})
