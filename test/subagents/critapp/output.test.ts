import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { boundOutput } from '../../../lib/log/output-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'critapp-output-'))
after(() => rmSync(folder, { recursive: true }))

test('output that outgrew its bound at once is cut to its last part', () => {
  const path = join(folder, 'x.out')
  writeFileSync(path, `${'x'.repeat(5 * 1024 * 1024)}the end`)
  boundOutput(path)
  assert.equal(statSync(path).size, 0)
  const kept = readFileSync(`${path}.1`, 'utf8')
  assert.equal(kept.length, 1024 * 1024)
  assert.ok(kept.endsWith('the end'))
})

test('output that cannot be kept is cut all the same', () => {
  const path = join(folder, 'y.out')
  writeFileSync(path, 'x'.repeat(2 * 1024 * 1024))
  mkdirSync(`${path}.1`) // stands for a disk without room
  boundOutput(path)
  assert.equal(statSync(path).size, 0)
})
