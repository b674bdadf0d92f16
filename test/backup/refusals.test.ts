/** Archives that somebody made who has the recipients, and perhaps a manifest that was signed: refused for what they have. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import tar from 'tar-stream'
import { encryptTo } from '../../backup/archive/age.ts'
import { type Entry, manifestName, serializeManifest, signatureName } from '../../backup/archive/manifest.ts'
import { readArchive, readOnly } from '../../backup/archive/read-archive.ts'
import { signOctets } from '../../backup/archive/signature.ts'
import { makeTestKeys, piecesOf, type TestKeys, traits } from '../support/archive.ts'

let keys: TestKeys
before(async () => {
  keys = await makeTestKeys()
})

type Forged = Parameters<tar.Pack['entry']>[0] & { readonly content?: string }

/** A tar of these entries as they are, with a manifest that is signed, and lists what it is told. */
async function forge(
  entries: readonly Forged[],
  listed: readonly Entry[],
  after: readonly Forged[] = [],
): Promise<Buffer> {
  const pack = tar.pack()
  const add = ({ content = '', ...header }: Forged): void => void pack.entry(header, content)
  for (const entry of entries) add(entry)
  const manifest = serializeManifest({
    ...{ format: 1, product: 'castellan', version: '1.0.0', node: 'test', timeMs: 0, zone: 'UTC' },
    ...{ features: ['AGENT'], result: 'succeeded' },
    components: [{ feature: 'AGENT', component: 'all', kind: 'files', warnings: [], entries: listed }],
  })
  add({ name: manifestName, content: manifest.toString() })
  add({ name: signatureName, content: `${signOctets(manifest, keys.signingKey)}\n` })
  for (const entry of after) add(entry)
  pack.finalize()
  const pieces: Uint8Array[] = []
  for await (const piece of pack) if (piece instanceof Uint8Array) pieces.push(piece)
  const sealed: Buffer[] = []
  for await (const piece of encryptTo([keys.recipient], piecesOf(gzipSync(Buffer.concat(pieces))))) sealed.push(piece)
  return Buffer.concat(sealed)
}

const emptySum = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const listedFile = (path: string): Entry => ({ ...traits, type: 'file', path, octets: 0, sha256: emptySum })
const listedLink = (path: string, target: string): Entry => ({ ...traits, type: 'link', path, target })

async function check(archive: Buffer): Promise<void> {
  const { signal } = new AbortController()
  await readArchive(piecesOf(archive), { identities: [keys.identity], signers: [keys.signer], signal }, readOnly)
}

test('what its manifest lists and nothing else is taken', async () => {
  await check(await forge([{ name: 'home/a' }], [listedFile('home/a')]))
})

for (const name of [
  'home/../../etc/passwd',
  '../etc/passwd',
  '/etc/passwd',
  'home//a',
  'home/./a',
  'elsewhere/a',
  'home',
])
  test(`the path ${name} is refused, though its manifest lists it`, async () => {
    const archive = await forge([{ name }], [listedFile(name)])
    if (name === 'home') await check(archive)
    else await assert.rejects(check(archive), { fault: 'forbidden' })
  })

for (const type of ['link', 'character-device', 'block-device', 'fifo'] as const)
  test(`a ${type} is refused`, async () => {
    const archive = await forge([{ name: 'home/a', type, linkname: '/etc/shadow' }], [listedFile('home/a')])
    await assert.rejects(check(archive), { fault: 'forbidden' })
  })

test('an entry that would be written through a link is refused, and so is a link in the place of a folder', async () => {
  const link: Forged = { name: 'home/a', type: 'symlink', linkname: '/etc' }
  const listed = [listedLink('home/a', '/etc'), listedFile('home/a/passwd')]
  await assert.rejects(check(await forge([link, { name: 'home/a/passwd' }], listed)), /written through the link/)
  await assert.rejects(check(await forge([{ name: 'home/a/passwd' }, link], listed)), { fault: 'forbidden' })
  await assert.rejects(check(await forge([link, link], listed)), /is there twice/)
})

test('what the signed manifest does not list is refused, and what it lists and is not there', async () => {
  const both = [{ name: 'home/a' }, { name: 'home/b' }]
  await assert.rejects(check(await forge(both, [listedFile('home/a')])), { fault: 'notListed' })
  await assert.rejects(check(await forge([], [listedFile('home/a')])), { fault: 'notListed' })
  const other = await forge([{ name: 'home/a', content: 'other' }], [listedFile('home/a')])
  await assert.rejects(check(other), { fault: 'notListed' })
  const elsewhere = await forge([{ name: 'home/a', type: 'symlink', linkname: 'b' }], [listedLink('home/a', 'c')])
  await assert.rejects(check(elsewhere), { fault: 'notListed' })
})

test('nothing comes behind the manifest but its signature', async () => {
  const archive = await forge([{ name: 'home/a' }], [listedFile('home/a')], [{ name: 'home/b' }])
  await assert.rejects(check(archive), { fault: 'notListed' })
})
