/** Rotation in a folder that another user may write: only names in that folder change, and only files of who may write it. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { silentLog } from '../../lib/log/log.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { compress, isCompressedWhole } from '../../subagents/log/rotation/compress.ts'
import { planRotation } from '../../subagents/log/rotation/plan.ts'
import { type RotationPolicy, realLogPath } from '../../subagents/log/rotation/policy.ts'
import { listRotated } from '../../subagents/log/rotation/rotated-files.ts'
import { Rotator } from '../../subagents/log/rotation/rotator.ts'
import { makeFolderOf, onlyRoot, openDescriptors, ownFolder, sipdUid } from '../support/other-owner.ts'

const secret = 'of root alone\n'

/** A folder of sipd's, and one of root's with a file of every name that a rotation may come upon. */
function ground() {
  const top = ownFolder()
  const theirs = makeFolderOf(sipdUid, join(top, 'sipd'))
  const victim = join(top, 'victim')
  mkdirSync(victim, { mode: 0o700 })
  const names = ['a_log', 'a_log.1700000000', 'a_log.1700000001', 'a_log.1700000000.gz', 'a_log.1700000000.gz.tmp']
  for (const name of names) writeFileSync(join(victim, name), secret, { mode: 0o600 })
  const assertUntouched = (): void => {
    assert.deepEqual(readdirSync(victim).sort(), [...names].sort())
    for (const name of names) {
      const { uid, mode, nlink } = statSync(join(victim, name))
      assert.deepEqual(
        [readFileSync(join(victim, name), 'utf8'), uid, mode & 0o777, nlink >= 1],
        [secret, 0, 0o600, true],
      )
    }
  }
  const write = (name: string, text: string): void => {
    writeFileSync(join(theirs, name), text)
    chownSync(join(theirs, name), sipdUid, sipdUid)
  }
  return { top, theirs, victim, write, assertUntouched }
}

const policyOf = (path: string, more: Partial<RotationPolicy> = {}): RotationPolicy => ({
  name: 'a_log',
  path,
  keep: {},
  compress: true,
  owner: { kind: 'nobody' },
  ...more,
})

async function withRotator<T>(policy: RotationPolicy, use: (rotator: Rotator) => Promise<T>): Promise<T> {
  const rotator = new Rotator({ clock: systemClock, log: silentLog, policies: [policy], floorOctets: 0, retryMs: 50 })
  const keepAlive = setInterval(() => {}, 1 << 30) // the clock's timers alone do not keep a process
  try {
    return await use(rotator)
  } finally {
    await rotator.stop()
    clearInterval(keepAlive)
  }
}

const quick = { signal: new AbortController().signal, rest: async (): Promise<void> => {} }

test('a log of another user is rotated and compressed in his folder, and stays his', onlyRoot, async () => {
  const { theirs, write, assertUntouched } = ground()
  write('a_log', 'theirs\n')
  const before = openDescriptors()
  await withRotator(policyOf(join(theirs, 'a_log')), async (rotator) => {
    const outcome = await rotator.rotate('a_log')
    assert.equal(outcome.kind, 'rotated', outcome.sentence)
    await rotator.settled()
  })
  const [name] = readdirSync(theirs)
  assert.match(name!, /^a_log\.\d+\.gz$/)
  assert.equal(statSync(join(theirs, name!)).uid, sipdUid)
  assert.deepEqual(openDescriptors(), before)
  assertUntouched()
})

test('a link, a FIFO or a device in the place of a log is not rotated, and keeps its name', onlyRoot, async () => {
  const { theirs, victim, assertUntouched } = ground()
  symlinkSync(join(victim, 'a_log'), join(theirs, 'link'))
  execFileSync('mkfifo', [join(theirs, 'fifo')])
  execFileSync('mknod', [join(theirs, 'device'), 'c', '1', '3'])
  for (const name of ['link', 'fifo', 'device']) {
    const path = join(theirs, name)
    assert.equal(realLogPath(path), path)
    const outcome = await withRotator(policyOf(path), (rotator) => rotator.rotate('a_log'))
    assert.match(outcome.sentence, /is not a regular file, so it is not rotated/)
  }
  assert.deepEqual(readdirSync(theirs).sort(), ['device', 'fifo', 'link'])
  assertUntouched()
})

test(
  'what another user puts under the names of rotated files is not compressed, emptied or given away',
  onlyRoot,
  async () => {
    const { theirs, victim, write, assertUntouched } = ground()
    symlinkSync(join(victim, 'a_log.1700000000'), join(theirs, 'a_log.1700000000'))
    linkSync(join(victim, 'a_log.1700000001'), join(theirs, 'a_log.1700000001'))
    await assert.rejects(compress(join(theirs, 'a_log.1700000000'), quick), /is a symbolic link, which is not followed/)
    await assert.rejects(compress(join(theirs, 'a_log.1700000001'), quick), /has 2 names/)
    assert.equal((await listRotated(join(theirs, 'a_log'))).length, 1, 'a link is no rotated file')
    // The names that a compression writes: a draft and the end of it.
    write('a_log.1700000002', 'theirs\n')
    symlinkSync(join(victim, 'a_log'), join(theirs, 'a_log.1700000002.gz.tmp'))
    symlinkSync(join(victim, 'a_log'), join(theirs, 'a_log.1700000002.gz'))
    await assert.rejects(isCompressedWhole(join(theirs, 'a_log.1700000002')), /is a symbolic link/)
    assert.equal(await compress(join(theirs, 'a_log.1700000002'), quick), 'compressed')
    assert.ok(statSync(join(theirs, 'a_log.1700000002.gz')).isFile())
    assertUntouched()
  },
)

test(
  'a folder that its owner swaps for a link is not rotated in, and a file goes on in the folder where it was',
  onlyRoot,
  async () => {
    const { theirs, victim, assertUntouched } = ground()
    const inner = makeFolderOf(sipdUid, join(theirs, 'inner'))
    const log = join(inner, 'a_log')
    writeFileSync(log, 'theirs\n')
    chownSync(log, sipdUid, sipdUid)
    renameSync(log, `${log}.1700000000`)
    let hasSwapped = false
    const swap = async (): Promise<void> => {
      if (hasSwapped) return
      hasSwapped = true
      renameSync(inner, `${inner}.aside`)
      symlinkSync(victim, inner)
    }
    assert.equal(await compress(`${log}.1700000000`, { ...quick, rest: swap }), 'compressed')
    assert.deepEqual(readdirSync(`${inner}.aside`), ['a_log.1700000000.gz'])
    // By now the path leads into the folder of root.
    const outcome = await withRotator(policyOf(log, { keep: { files: 0 } }), async (rotator) => {
      await rotator.look()
      return rotator.rotate('a_log')
    })
    assert.equal(outcome.kind, 'failed')
    assert.match(outcome.sentence, new RegExp(`${inner} is a symbolic link of uid 0 in a folder of uid 61002`))
    const [plan] = await planRotation([policyOf(log)], { nowMs: Date.now(), floorOctets: 0 })
    assert.match(plan!, /is a symbolic link of uid 0 in a folder of uid 61002, .*; nothing would be rotated$/)
    assert.ok(existsSync(join(victim, 'a_log.1700000000')))
    assertUntouched()
  },
)
