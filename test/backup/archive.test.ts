/** Archives: what goes in comes out, for us and for Debian's tools by hand, and what was changed is refused. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import {
  closeSync,
  ftruncateSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { entriesOf } from '../../backup/archive/manifest.ts'
import { type ArchiveVisitor, readArchive, readOnly } from '../../backup/archive/read-archive.ts'
import type { SourceEntry } from '../../backup/archive/source.ts'
import { textOfOctets } from '../../lib/text/lossless-text.ts'
import {
  archiveOf,
  fileEntry,
  folderEntry,
  linkEntry,
  makeTestKeys,
  piecesOf,
  type TestKeys,
  traits,
} from '../support/archive.ts'

const folder = mkdtempSync(join(tmpdir(), 'archive-'))
after(() => rmSync(folder, { recursive: true }))
let keys: TestKeys
before(async () => {
  keys = await makeTestKeys()
  writeFileSync(join(folder, 'key'), `${keys.identity}\n`, { mode: 0o600 })
})
const { signal } = new AbortController()
const options = () => ({ identities: [keys.identity], signers: [keys.signer], signal })

let made = 0
function fileOf(content: string | Buffer): string {
  const path = join(folder, `source-${made++}`)
  writeFileSync(path, content)
  return path
}

/** 40 MiB of which three pieces are there. */
function sparseFile(): string {
  const path = join(folder, `source-${made++}`)
  const descriptor = openSync(path, 'w')
  ftruncateSync(descriptor, 40 << 20)
  for (const at of [0, 5 << 20, (20 << 20) + 4095]) writeSync(descriptor, `piece at ${at}`, at)
  closeSync(descriptor)
  return path
}

/** What a reader is given, by path: content, target, or `folder`. */
function memory(): { readonly found: Map<string, string | Buffer>; readonly visitor: ArchiveVisitor } {
  const found = new Map<string, string | Buffer>()
  return {
    found,
    visitor: {
      directory: async (path) => void found.set(path, 'folder'),
      link: async (path, target) => void found.set(path, `-> ${target}`),
      async file(path, octets, pieces) {
        const content = Buffer.alloc(octets)
        for await (const piece of pieces) piece.octets.copy(content, piece.at)
        found.set(path, content)
      },
    },
  }
}

const oddNames = [
  'home/with space',
  'home/"quotes\' and \\backslash',
  'home/line\nbreak',
  'home/über-日本語',
  `home/${'long'.repeat(20)}/${'path'.repeat(60)}`,
  `home/${'ü'.repeat(120)}`,
  textOfOctets(Buffer.from('home/\xff\xfe broken', 'latin1')),
  textOfOctets(Buffer.from(`home/${'\xff'.repeat(150)}`, 'latin1')),
]

test('odd names, links and holes come out as they went in, and tar finds the same by hand', async () => {
  const sparse = sparseFile()
  const entries: SourceEntry[] = [
    folderEntry('home/folder'),
    ...oddNames.map((path) => fileEntry(path, fileOf(path))),
    linkEntry('home/link', '/etc/passwd'),
    linkEntry('home/long link', `../${'x'.repeat(180)}`),
    fileEntry('home/sparse', sparse),
    fileEntry('home/empty', fileOf('')),
  ]
  const archive = await archiveOf(entries, keys)
  assert.ok(archive.length < 1 << 20, 'holes are not stored')

  const { found, visitor } = memory()
  const { manifest, sha256 } = await readArchive(piecesOf(archive), options(), visitor)
  assert.equal(sha256, createHash('sha256').update(archive).digest('hex'))
  for (const path of oddNames) assert.equal(found.get(path)?.toString(), Buffer.from(path).toString())
  assert.equal(found.get('home/link'), '-> /etc/passwd')
  assert.equal(found.get('home/long link'), `-> ../${'x'.repeat(180)}`)
  assert.ok(readFileSync(sparse).equals(Buffer.from(found.get('home/sparse') ?? '')))
  assert.deepEqual(
    entriesOf(manifest).map(({ path }) => path),
    entries.map(({ traits }) => traits.path),
  )

  const out = mkdtempSync(join(folder, 'out-'))
  writeFileSync(join(folder, 'archive.age'), archive)
  const said = execFileSync(
    '/bin/sh',
    ['-c', 'age -d -i "$1/key" "$1/archive.age" | gunzip | tar -xp -C "$2" 2>&1', 'sh', folder, out],
    { encoding: 'utf8' },
  )
  assert.equal(said, '')
  for (const path of oddNames.filter((one) => !/[\udc80-\udcff]/u.test(one)))
    assert.equal(readFileSync(join(out, path), 'utf8'), path)
  assert.ok(readFileSync(Buffer.from(`${out}/home/\xff\xfe broken`, 'latin1')).length > 0)
  assert.equal(readlinkSync(join(out, 'home/link')), '/etc/passwd')
  assert.ok(readFileSync(join(out, 'home/sparse')).equals(readFileSync(sparse)))
  assert.ok(statSync(join(out, 'home/sparse')).blocks < 1000, 'tar makes the holes again')
  const { mode, mtimeMs } = lstatSync(join(out, 'home/with space'))
  assert.deepEqual([mode & 0o777, mtimeMs], [traits.mode, traits.mtimeMs])
})

test('whatever the names and contents, they come out as they went in', async () => {
  const name = fc
    .uint8Array({ minLength: 1, maxLength: 200 })
    .map((octets) => octets.map((one) => (one === 0x2f || one === 0 ? 0x61 : one)))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(name, fc.uint8Array({ maxLength: 3000 })), { maxLength: 8 }), async (files) => {
      const contents = new Map(
        files.map(([octets, content], i) => [`home/${i}${textOfOctets(octets)}`, Buffer.from(content)]),
      )
      const archive = await archiveOf(
        [...contents].map(([path, content]) => fileEntry(path, fileOf(content))),
        keys,
      )
      const { found, visitor } = memory()
      await readArchive(piecesOf(archive), options(), visitor)
      assert.deepEqual(found, contents)
    }),
    { numRuns: 60 },
  )
})

test('one octet changed anywhere, and the archive is refused', async () => {
  const archive = await archiveOf([fileEntry('home/a', fileOf(randomBytes(300))), linkEntry('home/b', 'a')], keys)
  for (let at = 0; at < archive.length; at++) {
    const changed = Buffer.from(archive)
    changed[at]! ^= 1 << (at % 8)
    await assert.rejects(readArchive(piecesOf(changed), options(), readOnly), { name: 'ArchiveError' }, `octet ${at}`)
  }
})

test('an archive that is cut off anywhere is refused', async () => {
  const archive = await archiveOf([fileEntry('home/a', fileOf(randomBytes(200_000)))], keys)
  for (let octets = 0; octets < archive.length; octets += 997)
    await assert.rejects(readArchive(piecesOf(archive.subarray(0, octets)), options(), readOnly), {
      name: 'ArchiveError',
    })
})

test('an archive to other keys, or signed by another, is refused', async () => {
  const stranger = await makeTestKeys()
  const archive = await archiveOf([fileEntry('home/a', fileOf('a'))], keys)
  const check = (identity: string, signer: TestKeys['signer']) =>
    readArchive(piecesOf(archive), { identities: [identity], signers: [signer], signal }, readOnly)
  await assert.rejects(check(stranger.identity, keys.signer), { fault: 'wrongKey' })
  await assert.rejects(check(keys.identity, stranger.signer), { fault: 'notSigned' })
})

test('a file that grows or shrinks while it is read keeps the length of its header, and the component a warning', async () => {
  const path = fileOf(Buffer.alloc(3 << 20, 'a'))
  const entry = fileEntry('home/log', path)
  assert.ok('open' in entry)
  const shrinking: SourceEntry = {
    ...entry,
    async open() {
      const file = await entry.open()
      const read = file!.read.bind(file)
      let reads = 0
      Object.assign(file!, {
        read: (...args: Parameters<typeof read>) => {
          if (++reads === 2) writeFileSync(path, 'short')
          return read(...args)
        },
      })
      return file
    },
  }
  const { found, visitor } = memory()
  const { manifest } = await readArchive(piecesOf(await archiveOf([shrinking], keys)), options(), visitor)
  assert.equal(found.get('home/log')?.length, 3 << 20)
  assert.match(manifest.components[0]?.warnings[0] ?? '', /home\/log was changed while it was read/)
})

test('a file that vanished is left out, with a warning', async () => {
  const entry: SourceEntry = { traits: { ...traits, type: 'file', path: 'home/gone' }, open: async () => undefined }
  const archive = await archiveOf([entry, fileEntry('home/a', fileOf('a'))], keys)
  const { manifest } = await readArchive(piecesOf(archive), options(), readOnly)
  assert.deepEqual(manifest.components[0]?.warnings, ['home/gone was removed before it could be read'])
  assert.deepEqual(
    entriesOf(manifest).map(({ path }) => path),
    ['home/a'],
  )
})
