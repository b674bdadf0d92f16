import assert from 'node:assert/strict'
import { closeSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { atOnce, type Calls, finish } from '../../../lib/trust/calls.ts'
import { Folder } from '../../../lib/trust/folder.ts'
import { locate } from '../../../lib/trust/walk.ts'
import { makeFolderOf, onlyRoot, openDescriptors, ownFolder, sipdUid } from '../../support/other-owner.ts'

/** The calls of a walk, with something that happens just before the call of this number. */
function disturbed(at: number, happen: () => void): { readonly calls: Calls; count(): number } {
  let count = 0
  const before = <T>(run: () => T): T => {
    if (++count === at) happen()
    return run()
  }
  const calls: Calls = {
    lstat: (path) => before(() => atOnce.lstat(path)),
    readlink: (path) => before(() => atOnce.readlink(path)),
    openFolder: (path) => before(() => atOnce.openFolder(path)),
  }
  return { calls, count: () => count }
}

test(
  'a folder that its owner swaps for a link or another folder in the middle of a walk leads nowhere else',
  onlyRoot,
  () => {
    const top = ownFolder()
    const theirs = makeFolderOf(sipdUid, join(top, 'sipd'))
    const victim = join(top, 'victim')
    mkdirSync(join(victim, 'inner'), { recursive: true })
    const inodes = new Set([victim, join(victim, 'inner')].map((path) => statSync(path).ino))
    const path = join(theirs, 'a', 'inner', 'file')
    const swaps = [
      () => symlinkSync(victim, join(theirs, 'a')),
      () => symlinkSync('../victim', join(theirs, 'a')),
      () => symlinkSync(join(theirs, 'a.old', 'inner'), join(theirs, 'a')),
    ]
    let walks = 0
    for (const swap of swaps) {
      for (let at = 1, isDone = false; !isDone; at++) {
        rmSync(join(theirs, 'a'), { recursive: true, force: true })
        rmSync(join(theirs, 'a.old'), { recursive: true, force: true })
        mkdirSync(join(theirs, 'a', 'inner'), { recursive: true })
        const { calls, count } = disturbed(at, () => {
          renameSync(join(theirs, 'a'), join(theirs, 'a.old'))
          swap()
        })
        const before = openDescriptors()
        try {
          const { stats, descriptor } = finish(locate(path, calls))
          assert.ok(!inodes.has(stats.ino), `call ${at}: the walk led into the folder of another`)
          if (descriptor !== undefined) closeSync(descriptor)
        } catch (error) {
          assert.match(String(error), /symbolic link|ENOENT|ENOTDIR|ELOOP/)
        }
        assert.deepEqual(openDescriptors(), before, `call ${at}: nothing stays open`)
        isDone = count() < at
        walks++
      }
    }
    assert.ok(walks > 15, `${walks} walks were disturbed`)
  },
)

test('a walk through folders of this user needs no descriptor, and one through another’s has one', onlyRoot, () => {
  const top = ownFolder()
  mkdirSync(join(top, 'own'))
  makeFolderOf(sipdUid, join(top, 'theirs'))
  mkdirSync(join(top, 'theirs', 'within'))
  for (const [path, isByDescriptor] of [
    ['own', false],
    ['theirs', true],
    ['theirs/within', true],
  ] as const) {
    const folder = Folder.openSync(join(top, path))
    assert.equal(folder.at('x').startsWith('/proc/self/fd/'), isByDescriptor, path)
    assert.equal(folder.path, join(top, path))
    folder.close()
    assert.throws(() => folder.at('x'), /is closed/)
  }
})

test(
  'a folder that is held knows whether its path leads to it still, where no walk is needed for that',
  onlyRoot,
  async () => {
    const top = ownFolder()
    const path = makeFolderOf(sipdUid, join(top, 'sipd'))
    const folder = await Folder.open(path)
    assert.equal(await folder.isCurrent(), true)
    renameSync(path, `${path}.aside`)
    assert.equal(await folder.isCurrent(), false)
    mkdirSync(path)
    assert.equal(await folder.isCurrent(), false)
    folder.close()
    mkdirSync(join(`${path}.aside`, 'within'))
    const within = await Folder.open(join(`${path}.aside`, 'within'))
    assert.equal(await within.isCurrent(), false, 'its owner can put another one in its place')
    within.close()
  },
)

test('a name within a folder is one component', () => {
  const folder = Folder.openSync(ownFolder())
  for (const name of ['', '..', 'a/b', '/etc/passwd']) assert.throws(() => folder.at(name), /expected a name in/)
  folder.close()
})
