import assert from 'node:assert/strict'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { memoryUse } from '../../lib/proc/memory.ts'
import { SpareDescriptors } from '../../lib/process/spare-descriptors.ts'
import { runProgram } from '../../lib/program/run.ts'
import { withoutDescriptors } from '../support/descriptors.ts'

test('where no descriptor is left, the spare ones are for what has to be done, and are taken back after it', async () => {
  const spare = new SpareDescriptors(6)
  const none = new SpareDescriptors(0)
  await withoutDescriptors(async () => {
    assert.equal(spare.size, 6)
    assert.throws(() => none.retry(() => readFileSync('/proc/self/stat')), /EMFILE/)
    assert.ok(spare.retry(() => readFileSync('/proc/self/stat')).length > 0)
    assert.equal(spare.size, 6)
    const { exit, output } = await spare.lend(() => runProgram({ argv: ['echo', 'here'], limitMs: 10_000 }))
    assert.deepEqual([exit, output], [{ kind: 'exited', code: 0 }, 'here\n'])
    // The streams of the program had some of them, and are closed by now.
    spare.retry(() => {})
    assert.equal(spare.size, 6)
  })
  spare.release()
  assert.equal(spare.size, 0)
})

test('what is thrown for another reason is not tried again, and costs no spare descriptor', () => {
  const spare = new SpareDescriptors(2)
  let times = 0
  const fail = (): void => {
    times++
    throw new Error('another')
  }
  assert.throws(() => spare.retry(fail), /another/)
  assert.equal(times, 1)
  assert.throws(() => spare.lend(fail), /another/)
  assert.equal(spare.size, 2)
  spare.release()
})

test('without a descriptor the memory of a process is still known', async () => {
  const before = memoryUse()
  assert.ok(before.rss > 0)
  await withoutDescriptors(() => {
    assert.throws(() => process.memoryUsage(), /EMFILE/)
    const { rss, heapUsed } = memoryUse()
    assert.equal(rss, before.rss)
    assert.ok(heapUsed > 0)
  })
  closeSync(openSync('/dev/null', 'r'))
})
