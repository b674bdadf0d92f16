import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSmoke, isSoak } from '../../bench/smoke.ts'
import { stress } from '../support/log-stress.ts'

const size = isSoak ? { seconds: 120, rotations: 100 } : { seconds: isSmoke ? 2 : 8, rotations: isSmoke ? 2 : 10 }
const pace = { ...size, linesPerSecond: 1000 }
const ends: NodeJS.Signals[] = ['SIGTERM', 'SIGKILL', 'SIGTERM']

test('1,000 lines/s with renames, two restarts and a kill -9 of the follower: none lost, none twice', async (t) => {
  const result = await stress({ ...pace, by: 'rename', ends })
  t.diagnostic(JSON.stringify(result))
  assert.deepEqual([result.lost, result.twice], [0, 0])
})

test('1,000 lines/s copied and truncated: none twice, and none lost that is in a copy or in the log', async (t) => {
  const result = await stress({ ...pace, by: 'copytruncate', ends: [] })
  t.diagnostic(JSON.stringify(result))
  assert.deepEqual([result.lost, result.twice], [0, 0])
})
