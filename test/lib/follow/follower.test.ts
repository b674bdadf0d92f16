import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  copyFileSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import type { FollowerOptions, FollowerState } from '../../../lib/follow/follower-result.ts'
import { FollowedLog, keptAs } from '../../support/followed-log.ts'

let log: FollowedLog
let folder: string
let path: string

beforeEach(() => {
  log = new FollowedLog()
  folder = log.folder
  path = log.path
})
afterEach(() => log.end())

const follow = (options?: Partial<FollowerOptions>) => log.follow(options)
const restarted = (state: FollowerState | undefined) => log.follow({ startAt: 'beginning', ...keptAs(state) })

test('a file that is there is followed from its end, and a line that is half written is seen whole', async () => {
  writeFileSync(path, 'old\nhalf')
  const { seen } = follow({ startAt: 'end' })
  assert.deepEqual(await seen(), [])
  appendFileSync(path, ' and whole\nnew\r\n')
  assert.deepEqual(await seen(), ['half and whole', 'new'])
})

test('a file that appears late is read from its beginning', async () => {
  const { seen, poll } = follow({ startAt: 'end' })
  assert.equal((await poll()).condition, 'noFile')
  writeFileSync(path, 'first\n')
  assert.deepEqual(await seen(), ['first'])
})

test('after a rename the old file is read to its end, the new one from its beginning, and the last line without an end too', async () => {
  writeFileSync(path, 'a\n')
  const { seen, poll } = follow()
  assert.deepEqual(await seen(), ['a'])
  renameSync(path, `${path}.1`)
  writeFileSync(path, 'b\n')
  assert.equal((await poll()).rotations, 1)
  appendFileSync(`${path}.1`, 'late\nno end')
  assert.deepEqual(await seen(), ['b', 'late'])
  log.clock.advance(5_000)
  assert.deepEqual(await seen(), ['no end'])
  assert.equal((await poll()).isBehind, false)
})

test('files that had the name between two looks are read too, in their order', async () => {
  writeFileSync(path, 'a\n')
  const { seen } = follow()
  assert.deepEqual(await seen(), ['a'])
  for (const name of ['b', 'c', 'd']) {
    renameSync(path, `${path}.before-${name}`)
    await new Promise((resolve) => setTimeout(resolve, 10)) // file times are that coarse
    writeFileSync(path, `${name}\n`)
  }
  assert.deepEqual(await seen(), ['b', 'c', 'd'])
})

test('truncation, also when the file has grown beyond where we stood, begins again', async () => {
  writeFileSync(path, 'one\ntwo\n')
  const { seen, poll } = follow()
  assert.deepEqual(await seen(), ['one', 'two'])
  truncateSync(path)
  assert.equal((await poll()).rotations, 1)
  writeFileSync(path, 'three\nfour\nfive\nsix\n')
  assert.deepEqual(await seen(), ['three', 'four', 'five', 'six'])
  writeFileSync(path, 'other\nlines\nand many more of them than before\n')
  assert.deepEqual(await seen(), ['other', 'lines', 'and many more of them than before'])
})

test('what a copy has that we had not seen before the file was truncated is read from the copy', async () => {
  writeFileSync(path, 'one\n')
  const { seen } = follow()
  assert.deepEqual(await seen(), ['one'])
  appendFileSync(path, 'two\n')
  copyFileSync(path, `${path}.1`)
  truncateSync(path)
  appendFileSync(path, 'three\n')
  assert.deepEqual((await seen()).sort(), ['three', 'two'])
})

test('a writer that does not append leaves a hole, which is no line', async () => {
  const writer = openSync(path, 'w')
  writeSync(writer, `${'x'.repeat(100_000)}\n`)
  const { seen } = follow()
  assert.equal((await seen()).length, 1)
  truncateSync(path)
  writeSync(writer, 'after\n')
  assert.deepEqual(await seen(), ['after'])
})

test('deletion, recreation and a link that is turned to another file are followed', async () => {
  writeFileSync(path, 'a\n')
  const link = join(folder, 'current')
  symlinkSync(path, link)
  const { seen, poll } = follow({ path: link })
  assert.deepEqual(await seen(), ['a'])
  unlinkSync(path)
  assert.equal((await poll()).condition, 'noFile')
  writeFileSync(path, 'b\n')
  assert.deepEqual(await seen(), ['b'])
  writeFileSync(join(folder, 'other'), 'c\n')
  unlinkSync(link)
  symlinkSync(join(folder, 'other'), link)
  assert.deepEqual(await seen(), ['c'])
})

test('a file that is renamed away and back goes on where it was left', async () => {
  writeFileSync(path, 'a\n')
  const { seen } = follow()
  assert.deepEqual(await seen(), ['a'])
  renameSync(path, `${path}.1`)
  writeFileSync(path, 'b\n')
  assert.deepEqual(await seen(), ['b'])
  renameSync(`${path}.1`, path)
  appendFileSync(path, 'c\n')
  assert.deepEqual(await seen(), ['c'])
})

const many = (from: number, count: number): string =>
  Array.from({ length: count }, (_, i) => `line ${from + i} of a log with lines that differ\n`).join('')

test('a copy that is put in the place of the file goes on where the file was, over a restart too', async () => {
  writeFileSync(path, many(0, 10))
  const { seen, follower, poll } = follow()
  assert.equal((await seen()).length, 10)
  // As rsync does it: a new file with what was there and what came since, renamed over the old one.
  const replace = (lines: number): void => {
    writeFileSync(join(folder, '.access_log.Xy12'), many(0, lines))
    renameSync(join(folder, '.access_log.Xy12'), path)
  }
  replace(12)
  assert.deepEqual(await seen(), many(10, 2).trimEnd().split('\n'))
  assert.equal((await poll()).rotations, 0)
  await follower.close()
  replace(13)
  const again = restarted(follower.state)
  assert.deepEqual(await again.seen(), many(12, 1).trimEnd().split('\n'))
  assert.equal((await again.poll()).filesLost, 0)
})

test('a new file that begins like the renamed one is read whole', async () => {
  writeFileSync(path, many(0, 10))
  const { seen } = follow()
  assert.equal((await seen()).length, 10)
  renameSync(path, `${path}.1`)
  writeFileSync(path, many(0, 10))
  assert.equal((await seen()).length, 10)
  rmSync(path)
  writeFileSync(path, many(100, 10))
  assert.equal((await seen()).length, 10, 'deleted and made again with other lines')
})

test('a file that came and was renamed while we were down is read, although the clock was behind then', async () => {
  writeFileSync(path, 'one\n')
  const { seen, follower } = follow()
  assert.deepEqual(await seen(), ['one'])
  await follower.close()
  renameSync(path, `${path}.1800000000`)
  writeFileSync(path, 'two\n')
  utimesSync(path, 60, 60)
  renameSync(path, `${path}.1800000000.1`)
  writeFileSync(path, 'three\n')
  assert.deepEqual(await restarted(follower.state).seen(), ['two', 'three'])
})

test('octets that are not UTF-8 become U+FFFD in a line, and the place in the file stays right', async () => {
  writeFileSync(path, Buffer.from('caf\u00e9 1\n', 'latin1'))
  const { seen, follower } = follow()
  assert.deepEqual(await seen(), ['caf\ufffd 1'])
  assert.equal(follower.position.offset, 7)
  appendFileSync(path, Buffer.from('caf\u00e9 2\ncaf\u00e9 3\n', 'utf8'))
  assert.deepEqual(await seen(), ['caf\u00e9 2', 'caf\u00e9 3'])
  appendFileSync(path, Buffer.from([0x61, 0xff, 0x62, 0x0a, 0xc3, 0xa9, 0x0a]))
  assert.deepEqual(await seen(), ['a\uFFFDb', '\u00e9'], 'in the middle of a line too, and only there')
})

test('a byte order mark is no part of a line, nor is a hole before one', async () => {
  writeFileSync(path, '\ufefffirst\n\ufeffsecond\n')
  const { seen } = follow()
  assert.deepEqual(await seen(), ['first', 'second'])
  appendFileSync(path, `third\n${'\0'.repeat(1000)}fourth\nfifth\n`)
  assert.deepEqual(await seen(), ['third', 'fourth', 'fifth'])
})

for (const [name, mark] of [
  ['little-endian', [0xff, 0xfe]],
  ['big-endian', [0xfe, 0xff]],
] as const)
  test(`a file in ${name} UTF-16 is found to be one, over a restart too`, async () => {
    writeFileSync(path, Buffer.from([...mark, ...Buffer.from('error\nmore\n', 'utf16le')]))
    const { poll, follower } = follow()
    assert.equal((await poll()).condition, 'badEncoding')
    await follower.close()
    assert.equal((await restarted(follower.state).poll()).condition, 'badEncoding')
    assert.equal((await follow({ startAt: 'end' }).poll()).condition, 'badEncoding')
  })

test('a line of 1 MB is seen whole; of a longer one the beginning, and the next line as ever', async () => {
  const long = 'm'.repeat(1024 * 1024)
  writeFileSync(path, `${long}\nshort\n${'n'.repeat(3_000_000)}\nlast\n`)
  const { seen } = follow()
  const lines = await seen()
  assert.deepEqual(
    lines.map(({ length }) => length),
    [long.length, 5, 2 * 1024 * 1024, 4],
  )
  assert.equal(lines.at(-1), 'last')
})

test('a directory is no log, and a FIFO is not waited for', async () => {
  assert.equal((await follow({ path: folder }).poll()).condition, 'notRegular')
  execFileSync('mkfifo', [path])
  assert.equal((await follow().poll()).condition, 'notRegular')
})

test('over a restart it goes on where it stood: in the same file, in renamed ones, and in those that came between', async () => {
  writeFileSync(path, 'a\n')
  const first = follow()
  assert.deepEqual(await first.seen(), ['a'])
  appendFileSync(path, 'b\n')
  const second = restarted(first.follower.state)
  assert.deepEqual(await second.seen(), ['b'])
  appendFileSync(path, 'c\n')
  renameSync(path, `${path}.1`)
  await new Promise((resolve) => setTimeout(resolve, 10))
  writeFileSync(path, 'd\n')
  renameSync(path, `${path}.2`)
  await new Promise((resolve) => setTimeout(resolve, 10))
  writeFileSync(path, 'e\n')
  const third = restarted(second.follower.state)
  assert.deepEqual(await third.seen(), ['c', 'd', 'e'])
  assert.deepEqual(await restarted(third.follower.state).seen(), [])
})

test('over a restart a file that was copied and truncated meanwhile is read from its copy, then from its beginning', async () => {
  writeFileSync(path, 'a\n')
  const first = follow()
  assert.deepEqual(await first.seen(), ['a'])
  appendFileSync(path, 'b\n')
  copyFileSync(path, `${path}.1`)
  truncateSync(path)
  appendFileSync(path, 'c\n')
  assert.deepEqual(await restarted(first.follower.state).seen(), ['b', 'c'])
})

test('what cannot be delivered is delivered again', async () => {
  writeFileSync(path, 'a\n')
  const { follower, seen } = follow()
  await assert.rejects(follower.poll(() => Promise.reject(new Error('no'))))
  assert.deepEqual(await seen(), ['a'])
})

test('5 GB are followed from their end', async () => {
  writeFileSync(path, '')
  truncateSync(path, 5 * 1024 ** 3)
  appendFileSync(path, '\n')
  const { poll, seen } = follow({ startAt: 'end' })
  const { sizeOctets } = await poll()
  assert.equal(sizeOctets, 5 * 1024 ** 3 + 1)
  appendFileSync(path, 'new\n')
  assert.deepEqual(await seen(), ['new'])
})
