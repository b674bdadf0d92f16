import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runProgram } from '../../../lib/program/run.ts'
import { ManualClock } from '../../../lib/time/clock.ts'
import { pause } from '../../../lib/time/pause.ts'

test('a pause is over with its time, or as soon as nobody waits any more', async () => {
  const clock = new ManualClock()
  const ended: string[] = []
  const leaving = new AbortController()
  const waits = [
    pause(clock, 100).then(() => ended.push('waited')),
    pause(clock, 1_000_000, leaving.signal).then(() => ended.push('left')),
    pause(clock, 1_000_000, AbortSignal.abort()).then(() => ended.push('never begun')),
  ]
  await waits[2]
  assert.deepEqual(ended, ['never begun'])
  clock.advance(100)
  await waits[0]
  leaving.abort()
  await waits[1]
  assert.deepEqual(ended, ['never begun', 'waited', 'left'])
})

test('a command that pauses goes on after it, and a daemon that has nothing else to do ends', async () => {
  const module = (name: string): string => JSON.stringify(new URL(`../../../lib/time/${name}.js`, import.meta.url).href)
  const printed = async (clock: string): Promise<string> => {
    const script = `
      import { ${clock} } from ${module('clock')}
      import { pause } from ${module('pause')}
      void pause(${clock}, 50).then(() => console.log('goes on'))`
    const argv = [process.execPath, '--input-type=module', '-e', script] as const
    return (await runProgram({ argv, limitMs: 20_000 })).output
  }
  assert.equal(await printed('commandClock'), 'goes on\n')
  assert.equal(await printed('systemClock'), '')
})
