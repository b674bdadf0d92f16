import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  linkSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { boundOutput, openOutput } from '../../lib/log/output-file.ts'
import { lastWords } from '../../lib/program/last-words.ts'
import { makeFolderOf, onlyRoot, openDescriptors, ownFolder, sipdUid } from '../support/other-owner.ts'

const tooMuch = 'x'.repeat(2 * 1024 * 1024)

test('a file for output is emptied at each start, and what was printed before it was cut stays beside it', () => {
  const path = join(ownFolder(), 'a.out')
  for (const words of ['the first words', 'the second']) {
    const descriptor = openOutput(path)
    writeSync(descriptor, words)
    closeSync(descriptor)
    assert.equal(readFileSync(path, 'utf8'), words)
  }
  writeFileSync(path, `${tooMuch}the end`)
  boundOutput(path)
  assert.equal(statSync(path).size, 0)
  assert.match(readFileSync(`${path}.1`, 'utf8'), /x{1000}the end$/)
  assert.equal(lastWords(`${path}.1`).length, 64 * 1024)
})

test(
  'links, hard links and FIFOs in the place of a file for output leave what they lead to as it was',
  onlyRoot,
  () => {
    const top = ownFolder()
    const theirs = makeFolderOf(sipdUid, join(top, 'sipd'))
    const victim = join(top, 'victim')
    writeFileSync(victim, tooMuch, { mode: 0o600 })
    symlinkSync(victim, join(theirs, 'link.out'))
    linkSync(victim, join(theirs, 'second.out'))
    execFileSync('mkfifo', [join(theirs, 'fifo.out')])
    symlinkSync(join(top, 'not-there'), join(theirs, 'dangling.out'))
    const before = openDescriptors()
    for (const name of ['link', 'second', 'fifo', 'dangling']) {
      const path = join(theirs, `${name}.out`)
      assert.throws(() => openOutput(path), /is a symbolic link|has 2 names|is a FIFO/, name)
      assert.equal(lastWords(path), '', `${name} is not read either`)
    }
    assert.throws(() => boundOutput(join(theirs, 'second.out')), /has 2 names/)
    boundOutput(join(theirs, 'link.out')) // the link itself is short
    assert.equal(readFileSync(victim, 'utf8'), tooMuch)
    assert.equal(existsSync(join(top, 'not-there')), false)
    assert.deepEqual(openDescriptors(), before)
  },
)

test('the part that is kept goes to a new file, not to where a link of its name leads', onlyRoot, () => {
  const top = ownFolder()
  const theirs = makeFolderOf(sipdUid, join(top, 'sipd'))
  const target = join(top, 'cron.d-evil')
  symlinkSync(target, join(theirs, 'a.out.1'))
  writeFileSync(join(theirs, 'a.out'), tooMuch)
  boundOutput(join(theirs, 'a.out'))
  assert.equal(existsSync(target), false)
  assert.equal(statSync(join(theirs, 'a.out.1')).size, 1024 * 1024)
  assert.equal(statSync(join(theirs, 'a.out')).size, 0)
})

test('a secret of root that lost its first name is not copied to who linked it', onlyRoot, () => {
  const top = ownFolder()
  const theirs = makeFolderOf(sipdUid, join(top, 'sipd'))
  writeFileSync(join(top, 'shadow'), 'secret\n', { mode: 0o600 })
  linkSync(join(top, 'shadow'), join(theirs, 'sipd.out'))
  rmSync(join(top, 'shadow'))
  assert.throws(() => openOutput(join(theirs, 'sipd.out')), /belongs to uid 0/)
  assert.equal(existsSync(join(theirs, 'sipd.out.1')), false)
  assert.equal(lastWords(join(theirs, 'sipd.out')), '')
})
