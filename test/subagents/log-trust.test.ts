/** Logs in a folder that another user may write: what he puts there leads to no line, and no size, of a file that is not his. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chownSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { Follower } from '../../lib/follow/follower.ts'
import type { FollowerState, PollResult } from '../../lib/follow/follower-result.ts'
import { Patterns } from '../../lib/follow/patterns.ts'
import { silentLog } from '../../lib/log/log.ts'
import { ManualClock, systemClock } from '../../lib/time/clock.ts'
import { Monitor } from '../../subagents/log/monitor.ts'
import type { MonitorSpec } from '../../subagents/log/monitor-state.ts'
import { agentUid, makeFolderOf, onlyRoot, openDescriptors, ownFolder, sipdUid } from '../support/other-owner.ts'

const secretLine = 'root:$6$secretline-1:19000::'

/** A folder of sipd's with an access_log, and a file of root's that nobody else may read. */
function ground() {
  const top = ownFolder()
  const theirs = makeFolderOf(sipdUid, join(top, 'sipd'))
  const secret = join(top, 'shadow')
  writeFileSync(secret, `${secretLine}\n`, { mode: 0o600 })
  return { top, theirs, secret, path: join(theirs, 'access_log') }
}

function write(path: string, text: string): void {
  writeFileSync(path, text)
  chownSync(path, sipdUid, sipdUid)
}

function follow(path: string, state?: FollowerState) {
  const lines: string[] = []
  const follower = new Follower({
    path,
    clock: new ManualClock(),
    startAt: 'beginning',
    ...(state ? { state: JSON.parse(JSON.stringify(state)) as FollowerState } : {}),
  })
  let last: PollResult | undefined
  const seen = async (): Promise<string[]> => {
    for (let i = 0; i < 4; i++)
      last = await follower.poll(async (found) => () => {
        lines.push(...found)
      })
    return lines.splice(0)
  }
  return { follower, seen, condition: () => last?.condition, reason: () => last?.reason, last: () => last }
}

test(
  'a follower reads neither through a link nor by a second name, and says which part of the path it is',
  onlyRoot,
  async () => {
    const { top, secret, path } = ground()
    for (const [make, reason] of [
      [() => symlinkSync(secret, path), `${path} is a symbolic link, which is not followed; it must be a regular file`],
      [
        () => linkSync(secret, path),
        `${path} has 2 names (hard links) in a folder that others may write, and is not used`,
      ],
      [
        () => {
          write(path, `${secretLine}\n`)
          chownSync(path, agentUid, agentUid)
        },
        `${path} belongs to uid 61001, and its folder to uid 61002; it is not used`,
      ],
    ] as const) {
      make()
      const before = openDescriptors()
      const { follower, seen, last } = follow(path)
      assert.deepEqual(await seen(), [])
      const { condition, reason: said, sizeOctets } = last()!
      assert.deepEqual([condition, said], ['refused', reason])
      if (condition === 'refused' && reason.includes('symbolic')) assert.equal(sizeOctets, 0)
      // What is put in its place is followed again.
      unlinkSync(path)
      write(path, 'theirs\n')
      assert.deepEqual(await seen(), ['theirs'])
      await follower.close()
      assert.deepEqual(openDescriptors(), before)
      rmSync(path)
    }
    rmSync(top, { recursive: true })
  },
)

test(
  'FIFOs, sockets and devices that another user puts in the place of a log are not waited for',
  onlyRoot,
  async () => {
    const { path } = ground()
    const server = createServer()
    for (const make of [
      () => execFileSync('mkfifo', [path]),
      () => execFileSync('mknod', [path, 'c', '1', '5']),
      () => mkdirSync(path),
      () => once(server.listen(path), 'listening'),
    ]) {
      await make()
      const { follower, seen, condition } = follow(path)
      assert.deepEqual(await seen(), [])
      assert.equal(condition(), 'notRegular')
      await follower.close()
      rmSync(path, { recursive: true })
    }
    server.close()
  },
)

test('rotated names that lead elsewhere are not read, at a restart neither', onlyRoot, async () => {
  const { secret, path } = ground()
  write(path, 'a\n')
  const first = follow(path)
  assert.deepEqual(await first.seen(), ['a'])
  const { state } = first.follower
  await first.follower.close()
  renameSync(path, `${path}.1700000000`)
  appendFileSync(`${path}.1700000000`, 'b\n')
  symlinkSync(secret, `${path}.1700000001`)
  linkSync(secret, `${path}.1700000002`)
  writeFileSync(`${secret}.gz`, gzipSync(`${secretLine}\n`))
  symlinkSync(`${secret}.gz`, `${path}.1700000003.gz`)
  write(path, 'c\n')
  const again = follow(path, state)
  assert.deepEqual(await again.seen(), ['b', 'c'])
  await again.follower.close()
})

test('a folder that its owner swaps for a link while its log is followed leads nowhere else', onlyRoot, async () => {
  const { top, theirs, path } = ground()
  const inner = makeFolderOf(sipdUid, join(theirs, 'inner'))
  mkdirSync(join(top, 'private'))
  writeFileSync(join(top, 'private', 'access_log'), `${secretLine}\n`)
  for (const [folder, log] of [
    [inner, join(inner, 'access_log')],
    [theirs, path],
  ] as const) {
    write(log, 'a\n')
    const { follower, seen, condition } = follow(log)
    assert.deepEqual(await seen(), ['a'])
    renameSync(folder, `${folder}.aside`)
    // Only root could put it in the place of its own folder, and then means it.
    symlinkSync(join(top, 'private'), folder)
    const isRoots = folder === theirs
    assert.deepEqual(await seen(), isRoots ? [secretLine] : [])
    if (!isRoots) assert.equal(condition(), 'refused')
    unlinkSync(folder)
    renameSync(`${folder}.aside`, folder)
    appendFileSync(log, 'b\n')
    assert.deepEqual(await seen(), ['b'])
    await follower.close()
  }
})

test('in a folder of another user no line is lost over renaming, truncation and a new folder', onlyRoot, async () => {
  const { theirs, path } = ground()
  const before = openDescriptors()
  write(path, 'a\n')
  const { follower, seen } = follow(path)
  assert.deepEqual(await seen(), ['a'])
  appendFileSync(path, 'b\n')
  renameSync(path, `${path}.1`)
  write(path, 'c\n')
  assert.deepEqual(await seen(), ['b', 'c'])
  write(path, 'd\n')
  assert.deepEqual(await seen(), ['d'])
  renameSync(theirs, `${theirs}.old`)
  makeFolderOf(sipdUid, theirs)
  write(path, 'e\n')
  assert.deepEqual(await seen(), ['e'])
  await follower.close()
  assert.deepEqual(openDescriptors(), before)
})

const row: MonitorSpec = {
  index: 1,
  descr: 'a log',
  fileName: '',
  regExp: '',
  matchStart: 0,
  matchStop: 0,
  matchCommand: '',
  matchTrap: true,
  maxSizeOctets: 0,
  maxSizeCommand: '',
  maxSizeTrap: false,
  pollSeconds: 0,
  seed: { offset: 0, tail: new Uint8Array(0) },
}

test(
  'a row says that its file is refused and why, with a pattern or without, and shows neither line nor size',
  onlyRoot,
  async () => {
    const { secret, path } = ground()
    symlinkSync(secret, path)
    const patterns = new Patterns({ clock: systemClock })
    for (const regExp of ['.', '']) {
      const problems: string[] = []
      const monitor = new Monitor(
        { ...row, fileName: path, regExp },
        {
          clock: systemClock,
          log: silentLog,
          patterns,
          maxNotifications: () => 10,
          commit: async () => {},
          events: {
            happened: () => assert.fail('nothing of it is told'),
            problem: (_, sentence) => problems.push(sentence),
          },
        },
      )
      monitor.start()
      await monitor.poll()
      assert.deepEqual(
        [monitor.operState, monitor.sizeOctets, monitor.matches, monitor.lastMatch],
        ['refused', 0, 0, ''],
      )
      const sentence = `${path} is a symbolic link, which is not followed; it must be a regular file`
      assert.equal(monitor.lastError, sentence)
      assert.deepEqual(problems, [sentence])
      await monitor.stop()
    }
    await patterns.close()
  },
)
