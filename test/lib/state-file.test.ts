import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { brokenSentence, readState } from '../../lib/files/state-file.ts'
import { createLog } from '../../lib/log/log.ts'
import { fileStore } from '../../lib/schedule/store.ts'
import { RotationState } from '../../subagents/log/rotation/state.ts'
import { Ledger } from '../../subagents/sysappl/ledger.ts'

const folder = mkdtempSync(join(tmpdir(), 'castellan-state-'))
after(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'state.json')
const parse = (text: string): unknown => JSON.parse(text)

test('what was kept is read, and none is no error', async () => {
  assert.deepEqual(await readState(path, parse), { kind: 'none' })
  writeFileSync(path, '[1]')
  assert.deepEqual(await readState(path, parse), { kind: 'read', value: [1] })
})

test('what cannot be understood is kept aside, in the place of an earlier one', async () => {
  for (const content of ['{', 'other']) {
    writeFileSync(path, content)
    const found = await readState(path, parse)
    assert.ok(found.kind === 'broken' && found.aside === `${path}.broken`)
    assert.match(brokenSentence(path, found), /^cannot read .*state\.json: .*; it was kept as .*state\.json\.broken$/)
    assert.equal(readFileSync(`${path}.broken`, 'utf8'), content)
    assert.equal(existsSync(path), false)
  }
})

test('what cannot be read stays where it is', async () => {
  mkdirSync(join(folder, 'folder'))
  const found = await readState(join(folder, 'folder'), parse)
  assert.ok(found.kind === 'broken' && found.aside === undefined)
  assert.ok(existsSync(join(folder, 'folder')))
})

for (const [what, load] of [
  [
    'rotations',
    (file: string, log: string[]) =>
      new RotationState(file, createLog({ component: '', write: (line) => log.push(line) })).load(),
  ],
  [
    'schedules',
    (file: string, log: string[]) =>
      fileStore(file)
        .load()
        .catch((error: Error) => log.push(error.message)),
  ],
  [
    'installed packages',
    (file: string, log: string[]) => new Ledger(file).load().catch((error: Error) => log.push(error.message)),
  ],
] as const)
  test(`a broken file of ${what} is kept aside, and where is said`, async () => {
    writeFileSync(path, '{}')
    const log: string[] = []
    await load(path, log)
    assert.match(log.join(), /it was kept as .*state\.json\.broken/)
    assert.equal(readFileSync(`${path}.broken`, 'utf8'), '{}')
  })
