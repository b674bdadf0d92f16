import assert from 'node:assert/strict'
import {
  chmodSync,
  chownSync,
  lchownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { pathMistake, treeMistakes } from '../../../lib/trust/own-path.ts'
import { agentUser, stranger } from '../../support/laid-out.ts'

const root = { uid: 0, gid: 0 }
const agent = { uid: agentUser, gid: agentUser }

describe('a path is believed', { skip: process.getuid?.() !== 0 && 'only root can give files away' }, () => {
  let folder: string
  let file: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'own-path-'))
    chmodSync(folder, 0o755)
    file = join(folder, 'a', 'b', 'file')
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 })
    writeFileSync(file, '', { mode: 0o644 })
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  /** The component that is wrong, as seen from the folder of the test. */
  const wrong = (path: string, reader = root): string | undefined => {
    const found = pathMistake(path, reader)
    return found && (relative(folder, found.component) || '.')
  }

  test('where every part of it is root’s and for nobody else to write, /tmp being sticky', () => {
    assert.equal(wrong(file), undefined)
    assert.equal(wrong(join(folder, 'not', 'there')), undefined)
  })

  test('by its own user as well, and not by root or a third one', () => {
    chownSync(file, agent.uid, agent.gid)
    chownSync(dirname(file), agent.uid, agent.gid)
    assert.equal(wrong(file, agent), undefined)
    assert.equal(wrong(file), 'a/b')
    assert.equal(wrong(file, { uid: stranger, gid: stranger }), 'a/b')
  })

  for (const part of ['.', 'a', 'a/b', 'a/b/file']) {
    test(`not where another user owns a part of it: ${part}`, () => {
      chownSync(join(folder, part), stranger, 0)
      assert.equal(wrong(file), part)
      assert.equal(wrong(file, agent), part)
    })

    for (const [who, bits] of [
      ['its group', 0o020],
      ['everybody', 0o002],
    ] as const)
      test(`not where ${who} can write a part of it: ${part}`, () => {
        chmodSync(join(folder, part), 0o755 | bits)
        assert.equal(wrong(file), part)
        assert.match(
          pathMistake(file, root)!.sentence,
          new RegExp(` can be written by ${who}, .*; run: chmod g?o?-w /`),
        )
      })
  }

  test('where the group that can write it is the user’s own; root has no such group', () => {
    chownSync(file, agent.uid, agent.gid)
    chmodSync(file, 0o664)
    assert.equal(wrong(file, agent), undefined)
    assert.equal(wrong(file, { ...agent, gid: stranger }), 'a/b/file')
    chownSync(file, 0, 0)
    assert.equal(wrong(file), 'a/b/file')
  })

  test('not where its last folder is sticky and for all to write: others can put files there', () => {
    chmodSync(join(folder, 'a'), 0o1777)
    assert.equal(wrong(file), undefined, 'on the way each part is its owner’s')
    assert.equal(wrong(join(folder, 'a')), 'a')
  })

  test('through a link of root’s as its target is, and through nobody else’s link', () => {
    const link = join(folder, 'link')
    symlinkSync('a/b', link)
    assert.equal(wrong(join(link, 'file')), undefined)
    chmodSync(join(folder, 'a'), 0o777)
    assert.equal(wrong(join(link, 'file')), 'a')
    chmodSync(join(folder, 'a'), 0o755)
    lchownSync(link, stranger, stranger)
    assert.equal(wrong(join(link, 'file')), 'link')
    assert.match(pathMistake(link, root)!.sentence, /link belongs to 61003, .*; run: chown -h root \/.*link$/)
  })

  test('not through its user’s link to what others can change, which nobody is told to change', () => {
    const link = join(folder, 'link')
    symlinkSync('/dev/null', link)
    lchownSync(link, agent.uid, agent.gid)
    const { component, sentence } = pathMistake(link, agent)!
    assert.equal(component, link)
    assert.match(sentence, /link leads to \/dev\/null, which others can change, .*; run: rm \/.*link$/)
  })

  test('not as a second name of another user’s file, which nobody is told to give away', () => {
    linkSync(file, join(folder, 'second'))
    chownSync(file, stranger, stranger)
    assert.match(
      pathMistake(join(folder, 'second'), agent)!.sentence,
      /second has 2 hard links .*; run: rm \/.*second$/,
    )
  })

  test('not through links that lead in a circle', () => {
    symlinkSync('two', join(folder, 'one'))
    symlinkSync('one', join(folder, 'two'))
    assert.notEqual(wrong(join(folder, 'one')), undefined)
  })

  test('as a folder only with all that lies in it, of which folders alone may count', () => {
    assert.deepEqual(treeMistakes(folder, root), [])
    chownSync(file, stranger, 0)
    chmodSync(join(folder, 'a'), 0o775)
    assert.deepEqual(
      treeMistakes(folder, root).map(({ component }) => relative(folder, component)),
      ['a'],
    )
    chmodSync(join(folder, 'a'), 0o755)
    assert.deepEqual(
      treeMistakes(folder, root).map(({ component }) => relative(folder, component)),
      ['a/b/file'],
    )
    assert.deepEqual(treeMistakes(folder, root, 'folders'), [])
  })
})
