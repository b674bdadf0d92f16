import assert from 'node:assert/strict'
import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openCopy } from '../../lib/sql/copy.ts'
import { openSqlite, type Sqlite, UnusableDatabase } from '../../lib/sql/sqlite.ts'
import { randomFrom } from '../support/mutate.ts'

const migrations = ['CREATE TABLE thing (id INTEGER PRIMARY KEY, value TEXT NOT NULL)']

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-copy-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const rowsOf = (database: Sqlite): unknown[] => database.prepare('SELECT * FROM thing ORDER BY id').all()

function rowsOfCopy(path: string): unknown[] {
  const copy = openCopy(path, migrations)
  const rows = rowsOf(copy)
  copy.close()
  return rows
}

test('the copy of a file with a log has what SQLite itself reads, after every kind of change', (t) => {
  const random = randomFrom(7)
  const path = join(folderFor(t), 'things')
  const database = openSqlite(path, { migrations })
  t.after(() => database.close())
  const put = database.prepare('INSERT INTO thing VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value')
  const remove = database.prepare('DELETE FROM thing WHERE id % 3 = ?')
  for (let round = 0; round < 60; round++) {
    database.transaction(() => {
      for (let i = 0; i < 1 + random() * 200; i++) put.run(Math.floor(random() * 5000), 'x'.repeat(random() * 500))
      if (random() < 0.2) remove.run(Math.floor(random() * 3))
    })()
    if (random() < 0.1) database.pragma('wal_checkpoint(RESTART)')
    if (random() < 0.05) database.exec('VACUUM')
    assert.deepEqual(rowsOfCopy(path), rowsOf(database), `round ${round}`)
  }
})

test('a transaction that was not committed, or whose log was cut, is not in the copy', (t) => {
  const folder = folderFor(t)
  const path = join(folder, 'things')
  const database = openSqlite(path, { migrations })
  t.after(() => database.close())
  database.exec("INSERT INTO thing VALUES (1, 'kept')")
  const kept = statSync(`${path}-wal`).size
  database.exec("INSERT INTO thing VALUES (2, 'cut')")
  const cut = join(folder, 'cut')
  copyFileSync(path, cut)
  copyFileSync(`${path}-wal`, `${cut}-wal`)
  truncateSync(`${cut}-wal`, statSync(`${path}-wal`).size - 1)
  assert.deepEqual(rowsOfCopy(cut), [{ id: 1, value: 'kept' }])
  truncateSync(`${cut}-wal`, kept)
  assert.deepEqual(rowsOfCopy(cut), [{ id: 1, value: 'kept' }])
  assert.equal(rowsOfCopy(path).length, 2)
})

test('a copy writes nothing beside the file, and says of what is no database that it is none', (t) => {
  const folder = folderFor(t)
  const path = join(folder, 'things')
  const database = openSqlite(path, { migrations })
  database.exec("INSERT INTO thing VALUES (1, 'kept')")
  database.close()
  chmodSync(path, 0o400)
  assert.deepEqual(rowsOfCopy(path), [{ id: 1, value: 'kept' }])
  assert.deepEqual(readdirSync(folder), ['things'])
  const other = join(folder, 'other')
  writeFileSync(other, 'not a database, but long enough to be looked at as one'.repeat(100))
  assert.throws(() => openCopy(other, migrations), UnusableDatabase)
  assert.throws(() => openCopy(join(folder, 'nothing'), migrations), { code: 'ENOENT' })
})

test('the copy of a file of an older version has the schema of today', (t) => {
  const path = join(folderFor(t), 'things')
  const database = openSqlite(path, { migrations })
  database.exec("INSERT INTO thing VALUES (1, 'kept')")
  database.close()
  const copy = openCopy(path, [...migrations, "ALTER TABLE thing ADD COLUMN more TEXT NOT NULL DEFAULT 'yes'"])
  assert.deepEqual(rowsOf(copy), [{ id: 1, value: 'kept', more: 'yes' }])
  copy.close()
})
