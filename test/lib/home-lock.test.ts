import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { programRoot } from '../../lib/home.ts'
import { HomeLock } from '../../lib/home-lock.ts'

const folder = mkdtempSync(join(tmpdir(), 'lock-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** A process that takes the lock and keeps it; says `held` or `refused`. */
function holder(path: string) {
  const module = join(programRoot, 'dist', 'lib', 'home-lock.js')
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
