import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { LogFile } from '../../lib/log/log-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'castellan-log-file-'))
after(() => rmSync(folder, { recursive: true }))

/** A disk with so much room; what does not fit is refused as the kernel refuses it. */
class Disk {
  roomOctets: number

  constructor(roomOctets: number) {
    this.roomOctets = roomOctets
  }

  readonly put = (descriptor: number, octets: Uint8Array): number => {
    if (this.roomOctets === 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    const taken = octets.subarray(0, this.roomOctets)
    this.roomOctets -= taken.length
    return writeSync(descriptor, taken)
  }
}

describe('the log file of a daemon', () => {
  test('a full disk loses whole lines, never the daemon, and the next line tells how many', () => {
    const path = join(folder, 'full.log')
    const disk = new Disk(14)
    const lost: number[] = []
    const file = new LogFile({ path, put: disk.put, onRecovery: (lines) => lost.push(lines) })
    for (const line of ['one\n', 'two\n', 'three three\n', 'four\n', 'five\n']) file.write(line)
    disk.roomOctets = 1000
    file.write('six\n')
    file.write('seven\n')
    file.close()
    assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\nthree three\nsix\nseven\n')
    assert.deepEqual(lost, [2])
  })

  test('after a rename, lines go to the new file from reopen on, and a line that was begun is whole in it', () => {
    const path = join(folder, 'moved.log')
    const disk = new Disk(6)
    const file = new LogFile({ path, put: disk.put })
    file.write('old\n')
    file.write('begun\n')
    renameSync(path, `${path}.1`)
    disk.roomOctets = 1000
    file.reopen()
    file.write('new\n')
    file.close()
    assert.equal(readFileSync(`${path}.1`, 'utf8'), 'old\nbe')
    assert.equal(readFileSync(path, 'utf8'), 'begun\nnew\n')
  })

  test('what cannot be opened again stays open', () => {
    const before = join(folder, 'before')
    mkdirSync(before)
    const file = new LogFile({ path: join(before, 'a.log') })
    renameSync(before, join(folder, 'after'))
    assert.throws(() => file.reopen(), /ENOENT/)
    file.write('still here\n')
    file.close()
    assert.equal(readFileSync(join(folder, 'after', 'a.log'), 'utf8'), 'still here\n')
  })

  test('a FIFO in its place is no log, and nobody waits for its other end, at start or when it is opened again', () => {
    execFileSync('mkfifo', [join(folder, 'fifo.log')])
    const message = `${join(folder, 'fifo.log')} is a FIFO; it must be a regular file`
    assert.throws(() => new LogFile({ path: join(folder, 'fifo.log') }), { message })
    const path = join(folder, 'live.log')
    const file = new LogFile({ path })
    renameSync(path, `${path}.1`)
    execFileSync('mkfifo', [path])
    assert.throws(() => file.reopen(), { message: `${path} is a FIFO; it must be a regular file` })
    file.write('still here\n')
    file.close()
    assert.equal(readFileSync(`${path}.1`, 'utf8'), 'still here\n')
  })

  test('a link that somebody put in its place is not followed', () => {
    const target = join(folder, 'target')
    symlinkSync(target, join(folder, 'link.log'))
    assert.throws(
      () => new LogFile({ path: join(folder, 'link.log') }),
      /link\.log is a symbolic link, which is not followed/,
    )
    assert.equal(existsSync(target), false)
  })
})
