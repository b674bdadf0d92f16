import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isBroken, openSqlite, UnusableDatabase } from '../../lib/sql/sqlite.ts'

const first = 'CREATE TABLE phone (name TEXT NOT NULL) STRICT'
const second = "ALTER TABLE phone ADD COLUMN colour TEXT NOT NULL DEFAULT 'black'"

function pathFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-sqlite-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'sub', 'a.db')
}

test('a file of an older schema is brought up to date with its rows, and only once', (t) => {
  const path = pathFor(t)
  const old = openSqlite(path, { migrations: [first] })
  old.exec("INSERT INTO phone VALUES ('desk')")
  old.close()
  for (let i = 0; i < 2; i++) {
    const database = openSqlite(path, { migrations: [first, second] })
    assert.deepEqual(database.prepare('SELECT * FROM phone').all(), [{ name: 'desk', colour: 'black' }])
    assert.equal(database.pragma('user_version', { simple: true }), 2)
    database.close()
  }
})

test('a migration that fails leaves the file as it was', (t) => {
  const path = pathFor(t)
  openSqlite(path, { migrations: [first] }).close()
  assert.throws(() => openSqlite(path, { migrations: [first, second, 'ALTER TABLE none ADD x'] }), /no such table/)
  const database = openSqlite(path, { migrations: [first] })
  assert.deepEqual(database.prepare('SELECT * FROM phone').columns().length, 1)
  database.close()
})

test('a file of a later version is refused by name, and counts as broken', (t) => {
  const path = pathFor(t)
  openSqlite(path, { migrations: [first, second] }).close()
  assert.throws(
    () => openSqlite(path, { migrations: [first] }),
    (error: Error) => error instanceof UnusableDatabase && isBroken(error) && /schema 2.*knows 1/.test(error.message),
  )
})

test('a file is written ahead to a log, waits for others, and keeps its log small', (t) => {
  const path = pathFor(t)
  const database = openSqlite(path, { migrations: [first], busyTimeoutMs: 1234, journalSizeLimitOctets: 4096 })
  const pragma = (name: string): unknown => database.pragma(name, { simple: true })
  assert.deepEqual(['journal_mode', 'synchronous', 'busy_timeout', 'journal_size_limit'].map(pragma), [
    'wal',
    1,
    1234,
    4096,
  ])
  database.close()
})

test('a reader sees the rows and can change none', (t) => {
  const path = pathFor(t)
  const writer = openSqlite(path, { migrations: [first] })
  writer.exec("INSERT INTO phone VALUES ('desk')")
  const reader = openSqlite(path, { migrations: [], isReadOnly: true })
  assert.deepEqual(reader.prepare('SELECT name FROM phone').pluck().all(), ['desk'])
  assert.throws(() => reader.exec('DELETE FROM phone'), /readonly/)
  reader.close()
  writer.close()
})
