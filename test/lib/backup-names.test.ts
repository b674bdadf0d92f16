/** Names of a backup set's files. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { archiveNameOf, draftSuffix, formatSetName, listNameOf, parseStoredName } from '../../lib/backup/set-name.ts'
import { isDrsName } from '../../lib/backup/settings.ts'

const set = { timeMs: Date.UTC(2026, 10, 30, 2, 30, 0), version: '0.1.0' }

test('a name tells date, time, version and node', () => {
  assert.equal(formatSetName(set), 'castellan_2026-11-30T02-30-00Z_0.1.0')
  assert.equal(listNameOf(set), 'castellan_2026-11-30T02-30-00Z_0.1.0.set')
  assert.equal(archiveNameOf(set, 'pbx-1.example'), 'castellan_2026-11-30T02-30-00Z_0.1.0_pbx-1.example.tar.gz.age')
})

test('a name that was written is read again', () => {
  assert.deepEqual(parseStoredName(listNameOf(set)), { kind: 'list', set })
  assert.deepEqual(parseStoredName(archiveNameOf(set, 'pbx-1')), { kind: 'archive', set, node: 'pbx-1' })
  const draft = archiveNameOf(set, 'pbx-1') + draftSuffix
  assert.deepEqual(parseStoredName(draft), { kind: 'draft', of: archiveNameOf(set, 'pbx-1') })
})

test('other files of the folder are none of ours', () => {
  for (const name of [
    'notes.txt',
    '.part',
    'notes.part',
    'castellan_2026-13-40T99-00-00Z_1.set',
    'castellan_x.set',
    '../castellan',
  ])
    assert.equal(parseStoredName(name), undefined, name)
})

test('names of devices and schedules have letters, digits, space, dash and underscore (DRS)', () => {
  for (const name of ['sftp-1', 'Tape drive', 'a_b']) assert.equal(isDrsName(name), true, name)
  for (const name of ['', 'a/b', 'ä', 'a'.repeat(65), 'a\n']) assert.equal(isDrsName(name), false, JSON.stringify(name))
})
