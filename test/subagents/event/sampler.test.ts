import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '../../../lib/log/log.ts'
import type { LocalAgent, LocalObject } from '../../../lib/mib/local-agent.ts'
import { compareOid, formatOid, type Oid, oid } from '../../../lib/smi/oid.ts'
import type { Varbind } from '../../../lib/smi/value.ts'
import { ManualClock } from '../../../lib/time/clock.ts'
import { Events } from '../../../subagents/event/firing.ts'
import { Memory } from '../../../subagents/event/memory.ts'
import { Resources } from '../../../subagents/event/resources.ts'
import type { TriggerRow } from '../../../subagents/event/rows.ts'
import { type Reading, scan } from '../../../subagents/event/sampler.ts'
import { Trigger } from '../../../subagents/event/trigger.ts'

const column = oid('1.3.6.1.4.1.32473.99.5')
const as = { securityModel: 'usm', securityName: 'eventAgent', securityLevel: 'authPriv', contextName: '' } as const
type Asked = LocalObject | Promise<LocalObject>

/** An agent that answers what a test says; `told` has what was notified. */
function fakeAgent(answers: { get?(name: Oid): Asked; next?(name: Oid): Asked }) {
  const told: string[] = []
  const agent: LocalAgent = {
    get: () => assert.fail('asked one by one'),
    getNext: () => assert.fail('asked one by one'),
    getEach: (names) => names.map((name) => answers.get!(name)),
    getNextEach: (names) => names.map((name) => answers.next!(name)),
    set: () => assert.fail('nothing is to be set'),
    notify: (_, sentence) => void told.push(sentence),
    format: formatOid,
    formatValue: (_, value) => ('value' in value ? String(value.value) : value.type),
  }
  return { agent, told }
}

async function read(next: (name: Oid) => Asked, goesOn: (reading: Reading) => boolean = () => true) {
  const found: Reading[] = []
  const { agent } = fakeAgent({ next })
  const failure = await scan(
    { oid: column, isWildcard: true, discontinuity: undefined, as },
    { agent, upTimeTicks: () => 0, found: (reading) => found.push(reading) > 0 && goesOn(reading) },
  )
  return { found: found.map(({ instance }) => instance.join('.')), failure }
}

/** A table with these rows, and an object behind it. */
const table =
  (...instances: number[]) =>
  (name: Oid): Varbind => {
    const rows = instances.map((instance) => [...column, instance])
    const next = rows.find((row) => compareOid(row, name) > 0) ?? [...column.slice(0, -1), 6, 0]
    return { name: next, value: { type: 'Integer32', value: 1 } }
  }

test('a wildcard is walked to its end, and what lies behind is not touched', async () => {
  assert.deepEqual(await read(table(1, 2, 70_000)), { found: ['1', '2', '70000'], failure: undefined })
  assert.deepEqual(await read(() => ({ name: column, value: { type: 'endOfMibView' } })), {
    found: [],
    failure: undefined,
  })
  assert.deepEqual((await read(table(1, 2, 3), ({ instance }) => instance[0] !== 2)).found, ['1', '2'])
})

test('a walk that fails on its way, goes round in circles or never ends is given up with a sentence', async () => {
  const walked = await read((name) =>
    name.at(-1) === 2 ? { status: 'genErr', position: 1, sentence: 'no answer' } : table(1, 2, 3)(name),
  )
  assert.deepEqual([walked.found, walked.failure?.sentence], [['1', '2'], 'no answer'])
  const circle = await read((name) => (name.at(-1) === 2 ? table(1)(column) : table(1, 2)(name)))
  assert.deepEqual(circle.found, ['1', '2'])
  assert.match(circle.failure!.sentence, /is followed by .*99\.5\.1, which comes before it/)
  const endless = await read((name) => ({
    name: [...column, (name.length > column.length ? name.at(-1)! : 0) + 1],
    value: { type: 'Integer32', value: 1 },
  }))
  assert.equal(endless.found.length, 10_001)
  assert.match(endless.failure!.sentence, /has more than 10000 instances/)
})

test('a long walk leaves room for others between its slices', async () => {
  let turns = 0
  let isOver = false
  const others = (): void => {
    turns++
    if (!isOver) setImmediate(others)
  }
  setImmediate(others)
  await read(table(...Array.from({ length: 3000 }, (_, i) => i + 1)))
  isOver = true
  assert.ok(turns > 3, `${turns} turns`)
})

const row: TriggerRow = {
  mteOwner: 'o',
  mteTriggerName: 't',
  mteTriggerComment: '',
  mteTriggerTest: new Set(['boolean'] as const),
  mteTriggerSampleType: 'absoluteValue',
  mteTriggerValueID: [...column, 0],
  mteTriggerValueIDWildcard: false,
  mteTriggerTargetTag: '',
  mteTriggerContextName: '',
  mteTriggerContextNameWildcard: false,
  mteTriggerFrequency: 1,
  mteTriggerObjectsOwner: '',
  mteTriggerObjects: '',
  mteTriggerEnabled: true,
  mteTriggerEntryStatus: 'active',
  mteTriggerBooleanComparison: 'equal',
  mteTriggerBooleanValue: 7,
  mteTriggerBooleanStartup: true,
  castellanEventTriggerSecurityModel: 'usm',
  castellanEventTriggerSecurityName: 'eventAgent',
  castellanEventTriggerSecurityLevel: 'authPriv',
}

test('a sample that is due before the last one ended is an overrun, told once, and is over with the next good one', async () => {
  let answer: (varbind: LocalObject) => void = () => {}
  const { agent, told } = fakeAgent({
    get: () =>
      new Promise<LocalObject>((resolve) => {
        answer = resolve
      }),
  })
  let failures = 0
  const trigger = new Trigger(row, {
    agent,
    events: new Events({ agent, context: { event: () => undefined, objects: () => [] } }),
    resources: new Resources(() => 0),
    memory: await Memory.load({ clock: new ManualClock(), log: silentLog }),
    clock: new ManualClock(),
    log: silentLog,
    upTimeTicks: () => 0,
    failed: () => failures++,
    changed: () => {},
  })
  trigger.run()
  trigger.run()
  trigger.run()
  assert.equal(failures, 2)
  assert.deepEqual(told, ['trigger o/t failed: the sample before has not come to its end'])
  answer({ name: row.mteTriggerValueID, value: { type: 'Integer32', value: 7 } })
  await new Promise(setImmediate)
  trigger.run()
  answer({ name: row.mteTriggerValueID, value: { type: 'Integer32', value: 7 } })
  await new Promise(setImmediate)
  assert.equal(trigger.lastError, '')
  assert.equal(trigger.failures, 2)
  trigger.run()
  trigger.stop()
  answer({ name: row.mteTriggerValueID, value: { type: 'Integer32', value: 8 } })
  await new Promise(setImmediate)
  assert.equal(trigger.instanceCount, 0, 'what comes after the end finds nobody')
})
