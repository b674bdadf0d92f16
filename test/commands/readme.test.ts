import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { programRoot } from '../../lib/program-root.ts'

test('whoever does what the README says, line by line, has sipd running when two phones are to call', () => {
  const [before = ''] = readFileSync(join(programRoot, 'README.md'), 'utf8').split('Two phones')
  // critAppAdminStatus.1, by name or number: 1 is up, 2 is down.
  const sets = [...before.matchAll(/(?:critAppAdminStatus\.1|29\.1\.1\.1\.5\.1 i) ([12])\b/g)].map(([, value]) => value)
  assert.deepEqual(sets, ['2', '1', '2', '1'])
})
