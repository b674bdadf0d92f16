import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import Database from 'better-sqlite3'
import { HomeLock } from '../../lib/home/lock.ts'
import { programRoot } from '../../lib/program-root.ts'
import { makeFolderOf, onlyRoot, sipdUid } from '../support/other-owner.ts'

const folder = mkdtempSync(join(tmpdir(), 'lock-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** A process that takes the lock and keeps it; says `held` or `refused`. */
function holder(path: string) {
  const module = join(programRoot, 'dist', 'lib', 'home', 'lock.js')
  const script = `import { HomeLock } from ${JSON.stringify(module)}
    const lock = HomeLock.tryTake(${JSON.stringify(path)})
    console.log(lock ? 'held' : 'refused')
    if (lock) setInterval(() => lock, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const said = once(child.stdout, 'data').then(([text]: Buffer[]) => text!.toString().trim())
  return { child, said }
}

test('a lock is one process’s until it is released, and dies with a holder that is killed', async () => {
  const path = join(folder, 'a.lock')
  const own = HomeLock.tryTake(path)
  assert.ok(own)
  assert.equal(HomeLock.tryTake(path), undefined, 'within the process')
  assert.equal(await holder(path).said, 'refused')
  own.release()
  const other = holder(path)
  assert.equal(await other.said, 'held')
  assert.equal(HomeLock.tryTake(path), undefined)
  other.child.kill('SIGKILL')
  await once(other.child, 'exit')
  const again = HomeLock.tryTake(path)
  assert.ok(again)
  again.release()
})

test('of eight that want it at once, one has it', async () => {
  const path = join(folder, 'b.lock')
  const all = Array.from({ length: 8 }, () => holder(path))
  const said = await Promise.all(all.map((one) => one.said))
  for (const { child } of all) child.kill('SIGKILL')
  assert.deepEqual(said.filter((word) => word === 'held').length, 1)
})

test('the file is empty, for its owner alone, and has no companions', () => {
  const path = join(folder, 'c.lock')
  const lock = HomeLock.tryTake(path)
  const { size, mode } = statSync(path)
  assert.deepEqual([size, mode & 0o777], [0, 0o600])
  assert.throws(() => statSync(`${path}-journal`), { code: 'ENOENT' })
  lock?.release()
  assert.throws(() => HomeLock.tryTake(join(folder, 'none', 'd.lock')), { code: 'ENOENT' })
})

test(
  'root takes the lock of another user’s daemon as that user, so that what lies there binds it to nothing',
  onlyRoot,
  () => {
    const top = mkdtempSync(join(tmpdir(), 'lock-'))
    after(() => rmSync(top, { recursive: true, force: true }))
    chmodSync(top, 0o755)
    const theirs = makeFolderOf(sipdUid, join(top, 'sipd'))
    const path = join(theirs, 'sipd.lock')
    const lock = HomeLock.tryTake(path)
    assert.ok(lock)
    assert.deepEqual([statSync(path).uid, process.geteuid?.(), process.getegid?.()], [sipdUid, 0, 0])
    assert.equal(HomeLock.tryTake(path), undefined)
    lock.release()
    // A database of root's with a journal that is to be rolled back: SQLite would write it, and remove the journal.
    rmSync(path)
    const victim = join(top, 'victim')
    leaveHotJournal(victim)
    const before = readFileSync(victim)
    symlinkSync(victim, path)
    assert.throws(() => HomeLock.tryTake(path), /is a symbolic link, which is not followed/)
    assert.deepEqual(readFileSync(victim), before)
    assert.ok(existsSync(`${victim}-journal`))
  },
)

/** A database as a process leaves it that is killed within a transaction: SQLite rolls back the journal when it is opened. */
function leaveHotJournal(path: string): void {
  const database = new Database(path)
  database.exec('CREATE TABLE t (x); BEGIN; PRAGMA cache_size = 1; INSERT INTO t VALUES (zeroblob(100000))')
  copyFileSync(`${path}-journal`, `${path}-kept`)
  copyFileSync(path, `${path}-file`)
  database.close()
  renameSync(`${path}-file`, path)
  renameSync(`${path}-kept`, `${path}-journal`)
}
