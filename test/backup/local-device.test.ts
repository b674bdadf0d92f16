/** A folder of this machine as a backup device. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { LocalDirectoryDevice } from '../../backup/device/local.ts'
import { contentOf, deviceContract, deviceErrorOf, namesOn, store } from '../support/device-contract.ts'
import { agentUid, onlyRoot } from '../support/other-owner.ts'

const never = new AbortController().signal

function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), 'castellan-device-'))
}

deviceContract('a local directory', async () => {
  const path = makeFolder()
  return {
    device: new LocalDirectoryDevice({ name: 'disk', path }),
    end: () => rm(path, { recursive: true, force: true }),
  }
})

describe('a local directory', () => {
  async function inFolder(prove: (path: string, device: LocalDirectoryDevice) => Promise<void>): Promise<void> {
    const path = makeFolder()
    try {
      await prove(path, new LocalDirectoryDevice({ name: 'disk', path }))
    } finally {
      await rm(path, { recursive: true, force: true })
    }
  }

  test('lists regular files only', () =>
    inFolder(async (path, device) => {
      mkdirSync(join(path, 'folder'))
      symlinkSync('/etc/passwd', join(path, 'link'))
      writeFileSync(join(path, 'file'), 'x')
      assert.deepEqual(await namesOn(device), ['file'])
    }))

  test('writes files that their owner alone can read', () =>
    inFolder(async (path, device) => {
      await store(device, 'one', [Buffer.from('x')])
      assert.equal(statSync(join(path, 'one')).mode & 0o777, 0o600)
    }))

  test('a missing folder and one that is a file are said to be missing, with the path', () =>
    inFolder(async (path) => {
      writeFileSync(join(path, 'file'), '')
      for (const wrong of [join(path, 'none'), join(path, 'file'), join(path, 'file', 'below')]) {
        const error = await deviceErrorOf(new LocalDirectoryDevice({ name: 'disk', path: wrong }).validate(never))
        assert.deepEqual([error.fault, error.step, error.device], ['pathMissing', 'path', 'disk'], error.message)
        assert.match(error.message, new RegExp(`^device disk: cannot open ${wrong}: .*; create it, or correct`))
      }
    }))

  test('follows no link, of a draft or a file', () =>
    inFolder(async (path, device) => {
      const kept = join(path, 'kept')
      writeFileSync(kept, 'as it was')
      symlinkSync(kept, join(path, 'one.part'))
      symlinkSync(kept, join(path, 'one'))
      await store(device, 'one', [Buffer.from('new')])
      assert.equal(readFileSync(kept, 'utf8'), 'as it was')
      assert.equal((await contentOf(device, 'one')).toString(), 'new')
      symlinkSync(kept, join(path, 'two'))
      const error = await deviceErrorOf(contentOf(device, 'two'))
      assert.match(error.message, /is a symbolic link, which is not followed/)
    }))

  test('a draft that somebody takes away or replaces while it is written is not renamed', () =>
    inFolder(async (path, device) => {
      const writer = await device.create('one', never)
      await writer.write(randomBytes(1000))
      await rm(join(path, 'one.part'))
      writeFileSync(join(path, 'one.part'), 'something else')
      const error = await deviceErrorOf(writer.commit())
      assert.match(error.message, /one\.part was taken away or replaced while it was written/)
      await writer.abort()
      assert.deepEqual(readdirSync(path), [])
    }))

  test(
    'a folder of another user keeps what root writes as that user, and root reads nothing else through it',
    onlyRoot,
    () =>
      inFolder(async (path, device) => {
        chownSync(path, agentUid, agentUid)
        await store(device, 'one', [Buffer.from('x')])
        assert.equal(statSync(join(path, 'one')).uid, agentUid)
        const { steps } = await device.validate(never)
        assert.match(steps[0]?.found ?? '', /which other users may write/)
        const secret = makeFolder()
        try {
          writeFileSync(join(secret, 'secret'), 'x', { mode: 0o600 })
          linkSync(join(secret, 'secret'), join(path, 'two'))
          assert.equal((await deviceErrorOf(contentOf(device, 'two'))).fault, 'notWritable')
        } finally {
          await rm(secret, { recursive: true })
        }
      }),
  )

  test('a disk that becomes full, or is read-only, is said to be so, and nothing half-written stays', onlyRoot, () =>
    inFolder(async (path, device) => {
      const mount = (options: string) =>
        spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'castellan-test', path]).status
      assert.equal(mount('size=1m'), 0)
      try {
        await store(device, 'earlier', [Buffer.from('earlier')])
        const error = await deviceErrorOf(store(device, 'one', [randomBytes(2_000_000)]))
        assert.deepEqual([error.fault, error.step], ['full', 'write'])
        assert.match(
          error.message,
          /cannot write one in .*: no space is left; remove files there, or keep fewer backups/,
        )
        assert.deepEqual(await namesOn(device), ['earlier'])
        assert.equal((await contentOf(device, 'earlier')).toString(), 'earlier')
        spawnSync('mount', ['-o', 'remount,ro', path])
        const refused = await deviceErrorOf(device.validate(never))
        assert.deepEqual([refused.fault, refused.step], ['notWritable', 'write'])
        assert.match(refused.message, /the file system is read-only/)
      } finally {
        spawnSync('umount', [path])
      }
    }),
  )
})
