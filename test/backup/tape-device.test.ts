/** A tape as a backup device, for which a file stands in. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { TapeDevice } from '../../backup/device/tape/device.ts'
import { drivesIn, tapeDrives } from '../../backup/device/tape/drives.ts'
import { contentOf, deviceContract, deviceErrorOf, namesOn, store } from '../support/device-contract.ts'

const never = new AbortController().signal

deviceContract('a tape', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-tape-'))
  return {
    device: new TapeDevice({ name: 'tape', tapeId: join(folder, 'tape') }),
    end: () => rm(folder, { recursive: true, force: true }),
  }
})

describe('a tape', () => {
  async function withTape(prove: (path: string, device: TapeDevice) => Promise<void>): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'castellan-tape-'))
    const path = join(folder, 'tape')
    try {
      await prove(path, new TapeDevice({ name: 'tape', tapeId: path }))
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  test('that was cut off anywhere in its last file has the files before it, and takes the next one', () =>
    withTape(async (path, device) => {
      await store(device, 'one', [Buffer.from('the first')])
      const before = statSync(path).size
      await store(device, 'two', [randomBytes(500), randomBytes(500)])
      const whole = readFileSync(path)
      for (let size = before; size < whole.length; size += 13) {
        writeFileSync(path, whole)
        truncateSync(path, size)
        assert.deepEqual(await namesOn(device), ['one'], `cut at ${size} of ${whole.length}`)
        await store(device, 'three', [Buffer.from('the third')])
        assert.equal((await contentOf(device, 'three')).toString(), 'the third')
        assert.equal((await contentOf(device, 'one')).toString(), 'the first')
      }
    }))

  test('gives room back when the last file is removed, and not before', () =>
    withTape(async (path, device) => {
      await store(device, 'one', [randomBytes(10_000)])
      await store(device, 'two', [randomBytes(10_000)])
      await device.remove('one', never)
      assert.ok(statSync(path).size > 20_000)
      assert.deepEqual(await namesOn(device), ['two'])
      await device.remove('two', never)
      assert.ok(statSync(path).size < 100)
      await store(device, 'three', [Buffer.from('x')])
      assert.deepEqual(await namesOn(device), ['three'])
    }))

  test('takes one file at a time', () =>
    withTape(async (_, device) => {
      const writer = await device.create('one', never)
      assert.equal((await deviceErrorOf(device.create('two', never))).fault, 'busy')
      await writer.commit()
      await store(device, 'two', [])
      assert.deepEqual(await namesOn(device), ['one', 'two'])
    }))

  test('a file of something else is left as it is', () =>
    withTape(async (path, device) => {
      for (const content of ['not ours', 'x', '\u0001\0\0\0\u0002{}']) {
        writeFileSync(path, content)
        const error = await deviceErrorOf(device.validate(never))
        assert.deepEqual([error.fault, error.step], ['notWritable', 'path'])
        assert.match(error.message, /it holds something else than our backups; name an empty tape/)
        await deviceErrorOf(store(device, 'one', [Buffer.from('x')]))
        assert.equal(readFileSync(path, 'utf8'), content)
      }
    }))

  test('a drive is refused in so many words, and a missing folder is said to be missing', async () => {
    const drive = await deviceErrorOf(new TapeDevice({ name: 'tape', tapeId: '/dev/null' }).list(never))
    assert.match(
      drive.message,
      /cannot list \/dev\/null: it is no regular file; name a regular file, or a drive by its path/,
    )
    const error = await deviceErrorOf(new TapeDevice({ name: 'tape', tapeId: '/no/such/tape' }).list(never))
    assert.equal(error.fault, 'pathMissing')
  })
})

test('the drives of a machine are those that do not rewind themselves, each once', async () => {
  assert.deepEqual(drivesIn(['st0', 'nst10', 'nst0', 'nst0a', 'nst0m', 'st0l', 'nst2']), [
    '/dev/nst0',
    '/dev/nst2',
    '/dev/nst10',
  ])
  assert.deepEqual(await tapeDrives('/no/such/folder'), [])
  const folder = mkdtempSync(join(tmpdir(), 'castellan-tapes-'))
  try {
    mkdirSync(join(folder, 'nst0', 'device'), { recursive: true })
    writeFileSync(join(folder, 'nst0', 'device', 'vendor'), 'HP      \n')
    writeFileSync(join(folder, 'nst0', 'device', 'model'), 'Ultrium 3-SCSI  \n')
    assert.deepEqual(await tapeDrives(folder), [{ path: '/dev/nst0', vendor: 'HP', model: 'Ultrium 3-SCSI' }])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
