import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { FollowedLog } from '../../support/followed-log.ts'

let log: FollowedLog
let folder: string
let path: string

beforeEach(() => {
  log = new FollowedLog()
  folder = log.folder
  path = log.path
})
afterEach(() => log.end())

const follow = () => log.follow()

/** As a rotator compresses: the times stay, the name gets an end, the inode is another. */
function compress(name: string): void {
  const { atime, mtime } = statSync(name)
  writeFileSync(`${name}.gz`, gzipSync(readFileSync(name)))
  utimesSync(`${name}.gz`, atime, mtime)
  rmSync(name)
}

const second = 1_800_000_000
const program = fileURLToPath(new URL('../../support/log-burst.js', import.meta.url))

for (const { pauseMs, isRestarted } of [
  { pauseMs: 0, isRestarted: false },
  { pauseMs: 20, isRestarted: false },
  { pauseMs: 100, isRestarted: false },
  { pauseMs: 20, isRestarted: true },
])
  test(`bursts of five renames, looked at every ${pauseMs} ms${isRestarted ? ' with a restart between' : ''}: each line once, and in order`, async (t) => {
    const { lines, poll, restart, filesLost } = follow()
    let polls = 0
    await poll()
    const child = spawn(process.execPath, [program, path, '40', '5', '20'], { stdio: ['ignore', 'pipe', 'inherit'] })
    let out = ''
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    let isOver = false
    const over = once(child, 'close').then(() => {
      isOver = true
    })
    while (!isOver) {
      await poll()
      polls++
      if (isRestarted) await restart()
      await Promise.race([over, new Promise((resolve) => setTimeout(resolve, pauseMs))])
    }
    for (let i = 0; i < 3; i++) await poll()
    const { written, tookMs } = JSON.parse(out) as { written: number; tookMs: number[] }
    const seen = lines.map((line) => Number(/^line (\d+)$/.exec(line)![1]))
    const lost = written - new Set(seen).size
    const medianMs = tookMs.sort((a, b) => a - b)[tookMs.length >> 1]!
    t.diagnostic(
      JSON.stringify({
        written,
        polls,
        lost,
        twice: seen.length - new Set(seen).size,
        medianMs,
        longestMs: tookMs.at(-1),
      }),
    )
    assert.deepEqual(
      seen,
      Array.from({ length: written }, (_, i) => i),
    )
    assert.equal(filesLost(), 0)
  })

test('renames within one tick of the clock of file times are read in the order of their names, not of the folder', async () => {
  writeFileSync(path, 'a\n')
  const { lines, poll } = follow()
  await poll()
  const together = new Date()
  const expected = ['a']
  for (let number = 11; number >= 0; number--) {
    const name = `${path}.${second}${number === 0 ? '' : `.${number}`}`
    writeFileSync(name, `${number}\n`)
    utimesSync(name, together, together)
    expected.splice(1, 0, String(number))
  }
  renameSync(path, `${path}.${second - 1}`)
  writeFileSync(path, 'live\n')
  await poll()
  assert.deepEqual(lines, [...expected, 'live'])
})

test('a late line in the file that we knew does not hide those that came after it', async () => {
  writeFileSync(path, 'a\n')
  const { lines, poll } = follow()
  await poll()
  const writer = openSync(path, 'a')
  renameSync(path, `${path}.${second}`)
  writeFileSync(path, 'b\n')
  renameSync(path, `${path}.${second + 1}`)
  writeFileSync(path, 'c\n')
  await new Promise((resolve) => setTimeout(resolve, 10)) // file times are that coarse
  writeSync(writer, 'late\n')
  closeSync(writer)
  await poll()
  assert.deepEqual(lines, ['a', 'late', 'b', 'c'])
})

test('a file that was renamed while it was empty, and written after that, is read too', async () => {
  writeFileSync(path, 'a\n')
  const { lines, poll } = follow()
  await poll()
  renameSync(path, `${path}.${second}`)
  const writer = openSync(path, 'a')
  renameSync(path, `${path}.${second + 1}`)
  writeFileSync(path, 'c\n')
  await poll()
  writeSync(writer, 'b\n')
  closeSync(writer)
  await poll()
  assert.deepEqual(lines, ['a', 'c', 'b'])
})

test('files of the same content are different files where a rotator renamed them', async () => {
  writeFileSync(path, 'same\n')
  const { lines, poll } = follow()
  await poll()
  for (let i = 0; i < 3; i++) {
    renameSync(path, `${path}.${second + i}`)
    writeFileSync(path, 'same\n')
  }
  await poll()
  assert.deepEqual(lines, ['same', 'same', 'same', 'same'])
})

test('a log that appears and is renamed before the next look is read from its beginning; what was there before is not', async () => {
  writeFileSync(`${path}.${second}`, 'old\n')
  const { lines, poll } = follow()
  await poll()
  await new Promise((resolve) => setTimeout(resolve, 10))
  writeFileSync(path, 'a\n')
  renameSync(path, `${path}.${second + 1}`)
  writeFileSync(path, 'b\n')
  await poll()
  assert.deepEqual(lines, ['a', 'b'])
})

test('a log that came and was renamed is read also while there is none of its name', async () => {
  writeFileSync(path, 'a\n')
  const { lines, poll, filesLost } = follow()
  await poll()
  renameSync(path, `${path}.${second}`)
  await poll()
  writeFileSync(path, 'b\n')
  renameSync(path, `${path}.${second + 1}`)
  await poll()
  assert.deepEqual(lines, ['a', 'b'])
  log.clock.advance(5_000)
  await poll()
  for (const at of [0, 1]) compress(`${path}.${second + at}`)
  await poll()
  assert.equal(filesLost(), 0)
})

test('another log whose name begins with the same letters is none of its rotated files', async () => {
  writeFileSync(path, 'a\n')
  const { lines, poll } = follow()
  await poll()
  renameSync(path, `${path}.${second}`)
  writeFileSync(path, 'b\n')
  writeFileSync(`${path}2`, 'of another log\n')
  await poll()
  assert.deepEqual(lines, ['a', 'b'])
})

test('what was compressed between two looks is read where it is still open, and the rest is counted, once', async () => {
  writeFileSync(path, 'a\n')
  const { lines, poll, filesLost } = follow()
  await poll()
  for (const name of ['b', 'c', 'd']) {
    appendFileSync(path, `${name}\n`)
    renameSync(path, `${path}.${second}.${name.charCodeAt(0)}`)
    writeFileSync(path, '')
  }
  for (const name of ['b', 'c', 'd']) compress(`${path}.${second}.${name.charCodeAt(0)}`)
  appendFileSync(path, 'e\n')
  await poll()
  assert.deepEqual(lines, ['a', 'b', 'e'], 'b is in the file that we had open')
  assert.equal(filesLost(), 2, 'c and d')
  renameSync(path, `${path}.${second + 1}`)
  writeFileSync(path, 'f\n')
  await poll()
  compress(`${path}.${second + 1}`)
  await poll()
  assert.deepEqual(lines.slice(3), ['f'])
  assert.equal(filesLost(), 2)
})

test('what was read to its end is not lost when it is compressed or deleted later, also over a restart', async () => {
  writeFileSync(path, 'a\n')
  const { lines, poll, restart, filesLost } = follow()
  await poll()
  renameSync(path, `${path}.${second}`)
  writeFileSync(path, 'b\n')
  await poll()
  log.clock.advance(5_000)
  await poll()
  await restart()
  compress(`${path}.${second}`)
  await poll()
  await restart()
  renameSync(path, `${path}.${second + 1}`)
  compress(`${path}.${second + 1}`)
  writeFileSync(path, 'c\n')
  await poll()
  assert.deepEqual(lines, ['a', 'b', 'c'])
  assert.equal(filesLost(), 0)
})

test('what went while we were down is counted: compressed with more than we had read, and deleted', async () => {
  writeFileSync(path, 'a\n')
  const { lines, poll, restart, filesLost } = follow()
  await poll()
  await restart()
  appendFileSync(path, 'b\n')
  renameSync(path, `${path}.${second}`)
  compress(`${path}.${second}`)
  writeFileSync(path, 'c\n')
  await poll()
  assert.deepEqual([lines, filesLost()], [['a', 'c'], 1])
  await restart()
  appendFileSync(path, 'd\n')
  writeFileSync(join(folder, 'other'), 'e\n')
  renameSync(join(folder, 'other'), path) // the one that was there is gone
  await poll()
  assert.deepEqual([lines, filesLost()], [['a', 'c', 'e'], 2])
})
