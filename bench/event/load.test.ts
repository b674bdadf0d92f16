import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { startEvents } from '../../test/subagents/event/support.ts'
import { until } from '../../test/support/appliance.ts'
import { SliceWatch } from '../slices.ts'
import { judge, pause, sized } from '../smoke.ts'

const triggers = 200
const measuredMs = sized(20_000, 2_000)
const instances = 20

/** Of every ten, six thresholds on an object, two on the growth of a counter, one on all rows of a table, one boolean and existence. */
function lines(): string {
  let text = 'mteEventEntry tell "" 80 true active o\nmteEventNotificationEntry 0.0 - - o tell\n'
  for (let i = 0; i < triggers; i++) {
    const name = `t${i}`
    const kind = i % 10
    const end = '- - false 1 - - true active'
    const threshold = `mteTriggerThresholdEntry rising 75 20 0 0 - - o tell o tell - - - - o ${name}\n`
    if (kind < 6) text += `mteTriggerEntry o ${name} - 20 absoluteValue thingLevel.0 false ${end}\n${threshold}`
    else if (kind < 8) text += `mteTriggerEntry o ${name} - 20 deltaValue thingCount.0 false ${end}\n${threshold}`
    else if (kind < 9) text += `mteTriggerEntry o ${name} - 20 absoluteValue partLevel true ${end}\n${threshold}`
    else
      text += `mteTriggerEntry o ${name} - c0 absoluteValue thingLevel.0 false ${end}
mteTriggerBooleanEntry equal 99 false - - o tell o ${name}\nmteTriggerExistenceEntry 40 00 - - o tell o ${name}\n`
  }
  return text
}

test('200 triggers at 1 s cost less than 3 % of a core, and 99 of 100 slices of the work take less than 2 ms', async (context) => {
  const slices = new SliceWatch()
  const expected = triggers * 0.9 + triggers * 0.1 * instances
  const agent = await startEvents(lines(), { clock: slices.clock, onSlice: slices.onSlice })
  assert.deepEqual(agent.complaints, [])
  const sampledInstances = async (): Promise<number> => Number(await agent.get('mteResourceSampleInstances.0'))
  for (let partIndex = 1; partIndex <= instances; partIndex++)
    agent.parts.put({ partIndex, partLevel: 50, partName: '', partSwitch: 0 })
  agent.things.patch({}, { thingLevel: 50, thingCount: 0 })
  const growing = setInterval(() => {
    const { thingCount = 0 } = agent.things.get({})!
    agent.things.patch({}, { thingCount: thingCount + 50 })
  }, 1000)
  await until(async () => (await sampledInstances()) === expected, 20_000, 'a sample of every instance')
  await pause(sized(6_000, 0)) // it settles, and is compiled
  slices.forget()
  const before = process.cpuUsage()
  const mainBeforeMs = mainThreadMs()
  const sinceMs = performance.now()
  await pause(measuredMs)
  const { user, system } = process.cpuUsage(before)
  const tookMs = performance.now() - sinceMs
  const percent = (user + system) / 10 / tookMs
  const mainPercent = ((mainThreadMs() - mainBeforeMs) * 100) / tookMs
  clearInterval(growing)
  const sampled = await sampledInstances()
  context.diagnostic(
    `${percent.toFixed(2)} % of a core (${mainPercent.toFixed(2)} % in the thread that serves) for ${triggers} triggers with ${sampled} instances; ${slices}`,
  )
  assert.equal(sampled, expected)
  assert.equal(await agent.get('mteTriggerFailures.0'), '0')
  judge(percent < 3, `${percent.toFixed(2)} % of a core`)
  judge(slices.count > 50, String(slices))
  judge(slices.most99Ms < 2, String(slices))
  await agent.stop()
})

/** Processor time of this thread, in nanoseconds the first field of schedstat. */
function mainThreadMs(): number {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[0]) / 1e6
}
