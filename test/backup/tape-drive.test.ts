/** Tapes in drives: what is on them after cuts, removals and other people's hands, and what mt is asked for. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { TapeDriveDevice } from '../../backup/device/tape/drive-device.ts'
import { fileNumberIn, MtDrive } from '../../backup/device/tape/mt-drive.ts'
import { contentOf, deviceContract, deviceErrorOf, namesOn, store } from '../support/device-contract.ts'
import { SimulatedTape } from '../support/simulated-tape.ts'

const never = new AbortController().signal

deviceContract('a tape in a drive', async () => ({
  device: new TapeDriveDevice('tape', new SimulatedTape()),
  end: async () => {},
}))

describe('a tape in a drive', () => {
  const later = (tape: SimulatedTape): TapeDriveDevice => new TapeDriveDevice('tape', tape)

  test('is what its last catalog says to whoever looks later, and lies still while nothing is asked of it', async () => {
    const tape = new SimulatedTape()
    for (const name of ['one', 'two']) await store(later(tape), name, [Buffer.from(name)])
    const device = later(tape)
    assert.deepEqual(await namesOn(device), ['one', 'two'])
    const moves = tape.moves.length
    await device.list(never)
    assert.equal(tape.moves.length, moves)
    assert.equal((await contentOf(device, 'one')).toString(), 'one')
  })

  test('has the files from before a job that was killed, and the next file takes the place of what that left', async () => {
    const tape = new SimulatedTape()
    await store(later(tape), 'one', [randomBytes(200_000)])
    const killed = await later(tape).create('two', never)
    await killed.write(randomBytes(200_000))
    const left = tape.files.length
    const device = later(tape)
    assert.deepEqual(await namesOn(device), ['one'])
    await store(device, 'three', [randomBytes(10)])
    assert.equal(tape.files.length, left + 1, 'a file and its catalog')
    assert.deepEqual(await namesOn(later(tape)), ['one', 'three'])
  })

  test('is begun again when nothing is on it any more', async () => {
    const tape = new SimulatedTape()
    const device = later(tape)
    await store(device, 'one', [randomBytes(10)])
    await store(device, 'two', [randomBytes(10)])
    await device.remove('one', never)
    await device.remove('two', never)
    assert.equal(tape.files.length, 1)
    assert.deepEqual(await namesOn(later(tape)), [])
  })

  test('that somebody else wrote is left as it is', async () => {
    const tape = new SimulatedTape()
    tape.files.push([Buffer.from('ustar of somebody')], [Buffer.from('and more')])
    const error = await deviceErrorOf(store(later(tape), 'one', [randomBytes(10)]))
    assert.match(
      error.message,
      /cannot write one to \/dev\/nst9: it holds something else than our backups; put an empty/,
    )
    assert.equal(tape.files.length, 2)
  })

  test('that is full keeps what it had, and says so', async () => {
    const tape = new SimulatedTape()
    await store(later(tape), 'one', [randomBytes(10)])
    tape.beforePut = () => {
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
    }
    const error = await deviceErrorOf(store(later(tape), 'two', [randomBytes(100_000)]))
    assert.equal(error.fault, 'full')
    assert.match(error.message, /the tape is full; put another tape in/)
    assert.deepEqual(await namesOn(later(tape)), ['one'])
  })
})

describe('mt', () => {
  /** A program in place of mt that says where a tape is, and writes down what it was asked. */
  async function withMt(script: string, prove: (drive: MtDrive, asked: () => string[]) => Promise<void>) {
    const folder = mkdtempSync(join(tmpdir(), 'castellan-mt-'))
    const [program, log] = [join(folder, 'mt'), join(folder, 'log')]
    writeFileSync(program, `#!/bin/sh\necho "$*" >> ${log}\n${script}\n`, { mode: 0o755 })
    try {
      // It takes what is written, and has nothing to read.
      await prove(new MtDrive('/dev/null', program), () => readFileSync(log, 'utf8').trim().split('\n'))
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
  const status = 'SCSI 2 tape drive:\\nFile number=7, block number=-1, partition=0.\\n'

  test('moves the tape to files by their numbers, and says how many there are', () =>
    withMt(`[ "$3" != status ] || printf '${status}'`, async (drive, asked) => {
      assert.equal(await drive.count(never), 7)
      await drive.seek(3, never)
      await drive.seek(0, never)
      const writer = await drive.write()
      await writer.put(randomBytes(100))
      await writer.close()
      const reader = await drive.read()
      assert.equal(await reader.next(), undefined)
      await reader.close()
      const words = ['setblk 0', 'eod', 'status', 'rewind', 'fsf 3', 'rewind']
      assert.deepEqual(
        asked(),
        words.map((one) => `-f /dev/null ${one}`),
      )
    }))

  test('that cannot go to the end of a tape that was never written finds no file on it', () =>
    withMt(`case "$3" in eod) exit 2;; status) echo 'File number=0, block number=0';; esac`, async (drive) => {
      assert.equal(await drive.count(never), 0)
    }))

  test('that fails is told with what it said, and one that is missing with the package', async () => {
    await withMt('echo no medium found >&2; exit 1', async (drive) => {
      const device = new TapeDriveDevice('tape', drive)
      const error = await deviceErrorOf(device.list(never))
      assert.match(
        error.message,
        /cannot list \/dev\/null: mt setblk 0 ended with exit code 1: no medium found; see that/,
      )
    })
    const device = new TapeDriveDevice('tape', new MtDrive('/dev/null', '/no/such/mt'))
    assert.match(
      (await deviceErrorOf(device.list(never))).message,
      /mt cannot be run: .*; install it \(Debian: apt-get/,
    )
  })

  test('prints where a tape is in two dialects', () => {
    assert.equal(fileNumberIn('File number=2, block number=0, partition=0.'), 2)
    assert.equal(fileNumberIn('file number = 12\nblock number = 0\n'), 12)
    assert.equal(fileNumberIn('File number=-1, block number=-1, partition=0.'), undefined)
  })
})
