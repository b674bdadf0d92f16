import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { arc, at, integer, startEvents } from './support.ts'

const folder = mkdtempSync(join(tmpdir(), 'castellan-alarms-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const event = `mteEventEntry tell "" 80 true active o
mteEventNotificationEntry 0.0 - - o tell
`
const trigger = (name: string, object: string, limits: string, more = 'false', events = 'o tell o tell - - - -') =>
  `mteTriggerEntry o ${name} - 20 ${object} ${more} - - false 1 - - true active
mteTriggerThresholdEntry ${limits} - - ${events} o ${name}
`
const level = trigger('t', 'absoluteValue thingLevel.0', 'rising 75 20 0 0')
let files = 0
const alarmsPath = (): string => join(folder, `${++files}.json`)

/** The agent that is started next, with the values that it finds. */
async function run(path: string, lines: string, values: Record<string, number>, seconds = 8) {
  const agent = await startEvents(lines + event, { alarmsPath: path })
  assert.deepEqual(agent.complaints, [])
  agent.things.patch({}, values)
  await agent.pass(seconds)
  return agent
}

async function sentences(...given: Parameters<typeof run>): Promise<string[]> {
  const agent = await run(...given)
  const said = agent.sentences()
  await agent.stop()
  return said
}

test('a threshold that fell while the agent was down is notified after the restart', async () => {
  const path = alarmsPath()
  assert.deepEqual(await sentences(path, level, { thingLevel: 81 }), ['thingLevel.0 is 81, at or above 75'])
  assert.deepEqual(await sentences(path, level, { thingLevel: 10 }), ['thingLevel.0 is 10, at or below 20'])
  assert.deepEqual(await sentences(path, level, { thingLevel: 10 }), [], 'once')
})

test('one that is still above is not notified again, and its end is, whenever it comes', async () => {
  const path = alarmsPath()
  await sentences(path, level, { thingLevel: 81 })
  assert.deepEqual(await sentences(path, level, { thingLevel: 90 }), [])
  assert.deepEqual(await sentences(path, level, { thingLevel: 50 }), [])
  assert.deepEqual(await sentences(path, level, { thingLevel: 20 }), ['thingLevel.0 is 20, at or below 20'])
})

test('a new row, and one with other thresholds, begins with mteTriggerThresholdStartup', async () => {
  const path = alarmsPath()
  await sentences(path, level, { thingLevel: 81 })
  const other = level.replace('75 20', '80 20')
  assert.deepEqual(await sentences(path, other, { thingLevel: 85 }), ['thingLevel.0 is 85, at or above 80'])
  assert.deepEqual(await sentences(path, level, { thingLevel: 10 }), [], 'the first row is gone, with its alarm')
  const agent = await run(path, level, { thingLevel: 81 })
  assert.equal(agent.sentences().length, 1)
  assert.equal(await agent.set({ [`mteTriggerEntryStatus.${at('t')}`]: integer(6) }), 'noError')
  await agent.stop()
  assert.deepEqual(await sentences(path, level, { thingLevel: 10 }), [], 'deleted, and made again')
})

test('growth starts again, and its alarm does not', async () => {
  const path = alarmsPath()
  const growth = trigger('g', 'deltaValue thingCount.0', 'rising 100 0 0 0')
  const agent = await run(path, growth, { thingCount: 1000 })
  agent.things.patch({}, { thingCount: 1500 })
  await agent.pass(1)
  assert.deepEqual(agent.sentences(), [
    'thingCount.0 changed by 500 in 1 s, at or above 100; it was 0 at the sample before',
  ])
  await agent.stop()
  assert.deepEqual(await sentences(path, growth, { thingCount: 9000 }), [
    'thingCount.0 changed by 0 in 1 s, at or below 0',
  ])
})

test('a difference is not taken to the value of the run before', async () => {
  const path = alarmsPath()
  const step = trigger('s', 'absoluteValue thingLevel.0', 'rising 75 20 0 -10', 'false', 'o tell - - - - o tell')
  await sentences(path, step, { thingLevel: 81 })
  assert.deepEqual(await sentences(path, step, { thingLevel: 30 }), [])
})

test('an instance that went while it was above, and comes back low, ends its alarm', async () => {
  const lines = trigger('w', `absoluteValue ${arc}.2.1.2`, 'rising 75 20 0 0', 'true')
  const agent = await run(alarmsPath(), lines + level, { thingLevel: 81 })
  const part = { partIndex: 1, partName: '', partSwitch: 0 }
  agent.parts.put({ ...part, partLevel: 90 })
  await agent.pass(2)
  agent.sentences()
  // As with a subagent that is restarted.
  agent.parts.delete({ partIndex: 1 })
  agent.things.patch({}, { thingLevel: undefined })
  await agent.pass(2)
  agent.parts.put({ ...part, partLevel: 10 })
  agent.things.patch({}, { thingLevel: 10 })
  await agent.pass(2)
  assert.deepEqual(agent.sentences().sort(), [
    'partLevel.1 is 10, at or below 20',
    'thingLevel.0 is 10, at or below 20',
  ])
  await agent.stop()
})

test('a file that cannot be understood is kept aside with a line in the log, and the triggers go on', async () => {
  const path = alarmsPath()
  for (const content of ['{', '17', '[["x"]]', '[["x",{"definition":"","instances":[["",{"threshold":{}}]]}]]']) {
    writeFileSync(path, content)
    const agent = await run(path, level, { thingLevel: 81 })
    assert.equal(agent.sentences().length, 1, content)
    assert.match(agent.logged.join(''), /cannot read which alarms were raised/)
    await agent.stop()
    assert.equal(readFileSync(`${path}.broken`, 'utf8'), content)
  }
  assert.ok(existsSync(path))
})
