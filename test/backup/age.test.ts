/** The age format, held against Debian's `age` in both directions. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import {
  type AgeIdentity,
  decryptWith,
  encryptTo,
  makeAgeIdentity,
  openWithPassphrase,
  sealWithPassphrase,
} from '../../backup/archive/age.ts'
import { piecesOf } from '../support/archive.ts'

const chunk = 64 * 1024
const folder = mkdtempSync(join(tmpdir(), 'age-'))
after(() => rmSync(folder, { recursive: true }))
let keys: AgeIdentity
before(async () => {
  keys = await makeAgeIdentity()
  writeFileSync(join(folder, 'key'), `${keys.identity}\n`, { mode: 0o600 })
})

async function collect(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = []
  for await (const piece of pieces) all.push(piece)
  return Buffer.concat(all)
}
const seal = (plain: Buffer, length?: number) => collect(encryptTo([keys.recipient], piecesOf(plain, length)))
const open = (sealed: Buffer, length?: number) => collect(decryptWith([keys.identity], piecesOf(sealed, length)))

for (const octets of [0, 1, chunk - 1, chunk, chunk + 1, 3 * chunk, 1_000_000])
  test(`age opens what we sealed, and we open what age sealed: ${octets} octets`, async () => {
    const plain = randomBytes(octets)
    const ours = execFileSync('age', ['-d', '-i', join(folder, 'key')], { input: await seal(plain) })
    assert.ok(ours.equals(plain))
    const theirs = execFileSync('age', ['-r', keys.recipient], { input: plain })
    assert.ok((await open(theirs)).equals(plain))
  })

test('whatever the pieces, what was sealed comes out again', async () => {
  const sizes = fc.integer({ min: 700, max: 200_000 })
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 200_000 }), sizes, sizes, async (octets, written, read) => {
      const plain = randomBytes(octets)
      assert.ok((await open(await seal(plain, written), read)).equals(plain))
    }),
    { numRuns: 40 },
  )
})

test('each of several recipients opens it, and nobody else', async () => {
  const [first, second, stranger] = await Promise.all([makeAgeIdentity(), makeAgeIdentity(), makeAgeIdentity()])
  const sealed = await collect(encryptTo([first.recipient, second.recipient], piecesOf(Buffer.from('text'))))
  for (const { identity } of [first, second])
    assert.equal((await collect(decryptWith([stranger.identity, identity], piecesOf(sealed)))).toString(), 'text')
  await assert.rejects(collect(decryptWith([stranger.identity], piecesOf(sealed))), { fault: 'wrongKey' })
})

test('a file that is cut off anywhere is refused', async () => {
  const sealed = await seal(randomBytes(2 * chunk))
  for (const octets of [0, 10, 21, 100, 200, 230, 240, chunk, chunk + 300, sealed.length - chunk, sealed.length - 1])
    await assert.rejects(open(sealed.subarray(0, octets)), { fault: 'damaged' }, `${octets} octets`)
})

test('a file with more behind its end is refused', async () => {
  const sealed = await seal(randomBytes(100))
  await assert.rejects(open(Buffer.concat([sealed, Buffer.alloc(1)])), { fault: 'damaged' })
})

test('a recovery file opens with its passphrase, with no other, and with age as well', async () => {
  const sealed = await sealWithPassphrase(`${keys.identity}\n`, 'a long passphrase')
  assert.equal(await openWithPassphrase(sealed, 'a long passphrase'), `${keys.identity}\n`)
  await assert.rejects(openWithPassphrase(sealed, 'a wrong passphrase'), { fault: 'wrongKey' })
  const broken = Buffer.from(sealed)
  broken[broken.length - 1]! ^= 1
  await assert.rejects(openWithPassphrase(broken, 'a long passphrase'), { fault: 'damaged' })
  const path = join(folder, 'recovery.age')
  writeFileSync(path, sealed)
  // age asks its terminal alone; script(1) is one.
  const asked = join(folder, 'asked')
  execFileSync('script', ['-qec', `age -d -o ${asked} ${path}`, '/dev/null'], { input: 'a long passphrase\n' })
  assert.equal(readFileSync(asked, 'utf8'), `${keys.identity}\n`)
})
