import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { LogPlace } from '../../lib/follow/log-place.ts'
import { Folder, inFolder } from '../../lib/trust/folder.ts'
import { RefusedPathError } from '../../lib/trust/refused-path.ts'
import { moveAside } from '../../subagents/log/rotation/rotated-files.ts'

const root = mkdtempSync(join(tmpdir(), 'castellan-crowd-'))
const live = join(root, 'access_log')
before(() => {
  for (const name of ['access_log', 'access_log.1', 'access_log.2', 'other']) writeFileSync(join(root, name), 'x\n')
})
after(() => rmSync(root, { recursive: true, force: true }))

const isCrowded = (error: unknown): boolean => error instanceof RefusedPathError && error.kind === 'crowded'
const ofLog = (name: string): boolean => name.startsWith('access_log.')

test('a folder that others may write gives so many names and no more, and so many that are wanted', async () => {
  chmodSync(root, 0o777)
  const folder = await Folder.open(root)
  assert.deepEqual((await folder.readNames(ofLog, { names: 4, wanted: 2 })).sort(), ['access_log.1', 'access_log.2'])
  await assert.rejects(folder.readNames(ofLog, { names: 3, wanted: 2 }), isCrowded)
  await assert.rejects(
    folder.readNames(ofLog, { names: 4, wanted: 1 }),
    /has more than 1 files of this log, and others may write it/,
  )
  folder.close()
})

test('a folder of our own has as many as it has', async () => {
  chmodSync(root, 0o755)
  const names = await inFolder(root, (folder) => folder.readNames(ofLog, { names: 1, wanted: 1 }))
  assert.deepEqual(names.sort(), ['access_log.1', 'access_log.2'])
})

test('where somebody made ten thousand rotated files they are not looked at, which the follower says, and nothing is rotated', async () => {
  chmodSync(root, 0o777)
  const place = new LogPlace(live)
  assert.equal((await place.siblings()).plain.length, 2)
  assert.equal(place.crowd, undefined)
  for (let i = 0; i < 10_001; i++) writeFileSync(join(root, `access_log.9${i}`), '')
  assert.deepEqual(await place.siblings(), { plain: [], gzipped: [] })
  assert.match(place.crowd ?? '', /has more than 10000 files of this log, and others may write it/)
  await assert.rejects(moveAside(live, 1_700_000_000), isCrowded)
  for (let i = 0; i < 10_001; i++) rmSync(join(root, `access_log.9${i}`))
  assert.equal((await place.siblings()).plain.length, 2)
  assert.equal(place.crowd, undefined)
  place.close()
})
