import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openFileLimit, parseLimit } from '../../../lib/proc/limits.ts'
import { runProgram } from '../../../lib/program/run.ts'

const saved = `Limit                     Soft Limit           Hard Limit           Units
Max cpu time              unlimited            unlimited            seconds
Max processes             63473                63473                processes
Max open files            1024                 524288               files
Max nice priority         0                    0
`

test('limits are read from the columns of /proc/self/limits, whose names have blanks and whose units may be missing', () => {
  assert.deepEqual(parseLimit(saved, 'Max open files'), { soft: 1024, hard: 524_288 })
  assert.deepEqual(parseLimit(saved, 'Max nice priority'), { soft: 0, hard: 0 })
  const none = { soft: Number.POSITIVE_INFINITY, hard: Number.POSITIVE_INFINITY }
  assert.deepEqual(parseLimit(saved, 'Max cpu time'), none)
  assert.equal(parseLimit(saved, 'Max open'), undefined)
})

test('a process knows how many descriptors `ulimit -n` leaves it', async () => {
  const ask = `import('${new URL('../../../lib/proc/limits.js', import.meta.url)}').then((m) => console.log(m.openFileLimit()))`
  const argv = ['sh', '-c', 'ulimit -n 77; exec "$0" -e "$1"', process.execPath, ask] as const
  const { output, errors } = await runProgram({ argv, limitMs: 20_000 })
  assert.equal(output, '77\n', errors)
  assert.ok(openFileLimit()! > 0)
})
