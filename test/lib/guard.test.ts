import assert from 'node:assert/strict'
import { test } from 'node:test'
import { guarded } from '../../lib/guarded.ts'
import { createLog } from '../../lib/log/log.ts'
import { guardProcess } from '../../lib/process/guard.ts'
import { runProgram } from '../../lib/program/run.ts'
import { ManualClock, systemClock } from '../../lib/time/clock.ts'

test('without a guard, as in commands, what is thrown is thrown', () => {
  const fail = guarded('a test', () => {
    throw new Error('seen')
  })
  assert.throws(() => fail(), /seen/)
})

test('a guarded process goes on after a timer or message that throws, and says so a few times with the stack', async () => {
  const lines: string[] = []
  const clock = new ManualClock()
  guardProcess(() => createLog({ component: 'test', write: (line) => lines.push(line) }), clock)
  const alive = setInterval(() => {}, 1000)
  const times = await new Promise<number>((resolve) => {
    let count = 0
    const timer = systemClock.every(1, () => {
      if (++count === 3) {
        timer.cancel()
        resolve(count)
      }
      throw new Error('no descriptor is left')
    })
  })
  clearInterval(alive)
  assert.equal(times, 3, 'a timer that throws goes on')
  assert.match(
    lines[0]!,
    /error {2}test: "?bug: a timer failed; the process goes on"? error=.*no descriptor is left\\n +at /,
  )
  const fail = guarded('a message', (number: number) => {
    throw new Error(`bad message ${number}`)
  })
  for (let number = 0; number < 1000; number++) fail(number)
  assert.ok(lines.length <= 20, `${lines.length} lines`)
  const before = lines.length
  clock.advance(10_000)
  fail(1000)
  assert.equal(lines.length, before + 1)
  assert.match(lines.at(-1)!, /more=9\d\d/)
})

test('a guarded process goes on after a promise that nobody waits for was rejected', async () => {
  const module = (name: string): string => JSON.stringify(new URL(`../../lib/${name}.js`, import.meta.url).href)
  const script = `
    import { guardProcess } from ${module('process/guard')}
    import { systemClock } from ${module('time/clock')}
    guardProcess(() => ({ error: (sentence, { error }) => console.log(sentence, error.message) }), systemClock)
    setTimeout(() => console.log('goes on'), 10)
    void Promise.reject(new Error('rejected'))`
  const argv = [process.execPath, '--input-type=module', '-e', script] as const
  const { output, errors } = await runProgram({ argv, limitMs: 20_000 })
  assert.equal(output, 'bug: a promise that nobody waits for failed; the process goes on rejected\ngoes on\n', errors)
})
