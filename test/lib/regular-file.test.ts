import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chownSync, mkdtempSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { writeFileAtomic } from '../../lib/files/files.ts'
import { readRegularFile, readRegularFileSync } from '../../lib/files/regular-file.ts'
import { readState } from '../../lib/files/state-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'regular-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('a FIFO without a writer, a device and a folder are no files, and nobody waits for them', async () => {
  const fifo = join(folder, 'fifo')
  execFileSync('mkfifo', [fifo])
  const device = join(folder, 'device')
  symlinkSync('/dev/zero', device)
  for (const [path, what] of [
    [fifo, 'a FIFO'],
    [device, 'a device'],
    [folder, 'a directory'],
  ] as const) {
    const message = `${path} is ${what}; it must be a regular file`
    await assert.rejects(readRegularFile(path), { message })
    assert.throws(() => readRegularFileSync(path), { message })
    assert.deepEqual(await readState(path, (text) => text), { kind: 'broken', error: message, aside: undefined })
  }
})

test('a file is read to its bound, and not beyond', async () => {
  const path = join(folder, 'file')
  writeFileSync(path, 'four')
  assert.equal((await readRegularFile(path, 4)).octets.toString(), 'four')
  assert.equal(readRegularFileSync(path, 4).stats.size, 4)
  await assert.rejects(readRegularFile(path, 3), { message: `${path} has 4 octets; at most 3 are read` })
  assert.throws(() => readRegularFileSync(join(folder, 'none')), { code: 'ENOENT' })
})

test('what root writes for another user belongs to that one', {
  skip: process.getuid?.() !== 0 && 'it takes root',
}, async () => {
  const path = join(folder, 'file')
  chownSync(folder, 65_534, 65_534)
  await writeFileAtomic(path, 'new')
  assert.deepEqual([statSync(path).uid, statSync(path).gid], [65_534, 65_534], 'as its folder')
  chownSync(path, 1, 1)
  await writeFileAtomic(path, 'changed')
  assert.deepEqual([statSync(path).uid, statSync(path).gid], [1, 1], 'as the file before')
})
