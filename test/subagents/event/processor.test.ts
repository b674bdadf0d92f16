import assert from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { silentLog } from '../../../lib/log/log.ts'
import { programRoot } from '../../../lib/program-root.ts'
import { ManualClock } from '../../../lib/time/clock.ts'
import { savedMachine } from './machine.ts'
import { startEvents } from './support.ts'

async function machine(lines: string) {
  const clock = new ManualClock()
  const { root, processors, host } = savedMachine()
  const stop = new AbortController()
  const upTimeTicks = (): number => Math.floor(clock.monotonicMs() / 10)
  await host.module.start!({ clock, log: silentLog, signal: stop.signal, upTimeTicks, notify: () => {} })
  const agent = await startEvents(lines, { clock, others: [host.module] })
  return {
    agent,
    async work(seconds: number, busyPercent: number): Promise<void> {
      for (let done = 0; done < seconds; done += 5) {
        processors.work(5, busyPercent)
        await agent.pass(5)
      }
    },
    async stop(): Promise<void> {
      await agent.stop()
      stop.abort()
      await host.module.stop!()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

test("the ancestor's sample: load of an hour rises once and falls once, by the mean of the last minute", async () => {
  const { agent, work, stop } = await machine(
    readFileSync(join(programRoot, 'test/fixtures/seed/eventagt.cnf'), 'utf8'),
  )
  await work(120, 30)
  assert.equal(agent.told.length, 0)
  await work(40, 100)
  assert.equal(agent.told.length, 0, 'the mean of a minute is still below')
  await work(3600, 95)
  const rising = agent.told.splice(0)
  assert.equal(rising.length, 1)
  assert.equal(rising[0]!.trapOid, 'mteTriggerRising')
  assert.deepEqual(rising[0]!.varbinds.slice(0, 4), [
    'mteHotTrigger.0 = loadTrigger',
    'mteHotTargetName.0 = ',
    'mteHotContextName.0 = ',
    'mteHotOID.0 = hrProcessorLoad.1',
  ])
  const value = /^mteHotValue\.0 = (\d+)$/.exec(rising[0]!.varbinds[4]!)![1]
  assert.ok(Number(value) >= 75 && Number(value) < 95, value)
  assert.equal(rising[0]!.varbinds[5], `hrProcessorLoad.1 = ${value}`, 'loadValue, which its event names')
  await work(1800, 40)
  assert.equal(agent.told.length, 0)
  await work(1800, 5)
  const falling = agent.told.splice(0)
  assert.deepEqual(
    falling.map(({ trapOid }) => trapOid),
    ['mteTriggerFalling'],
  )
  await work(300, 100)
  assert.equal(agent.told.splice(0).length, 1, 'and rises again')
  await stop()
})

test('the shipped file loads, and its defaults tell of each processor', async () => {
  const { agent, work, stop } = await machine(readFileSync(join(programRoot, 'conf/agent/eventagt.cnf'), 'utf8'))
  assert.deepEqual(agent.complaints, [])
  await work(120, 30)
  agent.told.length = 0
  await work(600, 100)
  const told = agent
    .sentences()
    .filter((sentence) => sentence.includes('hrProcessorLoad'))
    .sort()
  assert.equal(told.length, 2)
  assert.match(
    told[0]!,
    /^processor load in percent: hrProcessorLoad\.1 is \d+, at or above 75; it was \d+ at the sample before$/,
  )
  assert.match(told[1]!, /^processor load in percent: hrProcessorLoad\.2 is \d+/)
  assert.equal(await agent.get('mteTriggerFailures.0'), '0')
  await stop()
})
