import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { programRoot } from '../../../lib/program-root.ts'
import { arc, at, bits, identifier, integer, startEvents, string, unsigned } from './support.ts'

const events = `
mteEventEntry up "" 80 true active o
mteEventEntry down "" 80 true active o
mteEventNotificationEntry 0.0 - - o up
mteEventNotificationEntry 0.0 - - o down
`
const trigger = (
  name: string,
  tests: string,
  object: string,
  wildcard: boolean,
  more = 'absoluteValue',
  extra = '- -',
) => `mteTriggerEntry o ${name} - ${tests} ${more} ${object} ${wildcard} - - false 1 ${extra} true active\n`
const threshold = (name: string, limits: string, delta = '- - - -') =>
  `mteTriggerThresholdEntry ${limits} - - o up o down ${delta} o ${name}\n`
const level = `${trigger('t', '20', 'thingLevel.0', false)}${threshold('t', 'rising 75 20 0 0')}${events}`

test('a threshold is told once when it is reached and once when it is over, with what RFC 2981 lists', async () => {
  const agent = await startEvents(level)
  assert.deepEqual(agent.complaints, [])
  agent.things.patch({}, { thingLevel: 30 })
  await agent.pass(10)
  assert.deepEqual(agent.told, [])
  agent.things.patch({}, { thingLevel: 81 })
  await agent.pass(100)
  for (const value of [74, 99, 21, 100]) {
    agent.things.patch({}, { thingLevel: value })
    await agent.pass(3)
  }
  assert.deepEqual(agent.told.splice(0), [
    {
      trapOid: 'mteTriggerRising',
      varbinds: [
        'mteHotTrigger.0 = t',
        'mteHotTargetName.0 = ',
        'mteHotContextName.0 = ',
        'mteHotOID.0 = thingLevel.0',
        'mteHotValue.0 = 81',
      ],
      sentence: 'thingLevel.0 is 81, at or above 75; it was 30 at the sample before',
    },
  ])
  agent.things.patch({}, { thingLevel: 20 })
  await agent.pass(10)
  assert.deepEqual(
    agent.told.map(({ trapOid, sentence }) => [trapOid, sentence]),
    [['mteTriggerFalling', 'thingLevel.0 is 20, at or below 20; it was 100 at the sample before']],
  )
  await agent.stop()
})

test('each instance of a wildcard stands for itself, and its state can be read', async () => {
  const agent = await startEvents(
    `${trigger('w', '20', 'partLevel', true, 'absoluteValue', 'o along')}${threshold('w', 'rising 75 20 0 0')}${events}
mteObjectsEntry along 2 partName true active o
mteObjectsEntry along 1 thingSwitch.0 false active o
mteObjectsEntry along 3 partLevel.99 false active o\n`,
  )
  for (const partIndex of [1, 2, 3])
    agent.parts.put({ partIndex, partLevel: 50, partName: `part ${partIndex}`, partSwitch: 0 })
  await agent.pass(6)
  agent.parts.patch({ partIndex: 2 }, { partLevel: 80 })
  await agent.pass(2)
  const [rising] = agent.told.splice(0)
  assert.deepEqual(
    rising!.varbinds.slice(3),
    ['mteHotOID.0 = partLevel.2', 'mteHotValue.0 = 80', 'thingSwitch.0 = 0', 'partName.2 = part 2'],
    'in the order of mteObjectsIndex, without what is not there',
  )
  const of = (part: number): string => `1.111.1.119.${arc}.2.1.2.${part}`
  assert.equal(await agent.get(`castellanEventInstanceState.${of(1)}`), 'normal(2)')
  assert.equal(await agent.get(`castellanEventInstanceState.${of(2)}`), 'rising(3)')
  assert.equal(await agent.get(`castellanEventInstanceValue.${of(2)}`), '80')
  assert.equal(await agent.get(`castellanEventInstanceDistance.${of(1)}`), '25')
  assert.equal(await agent.get(`castellanEventInstanceDistance.${of(2)}`), '60')
  assert.equal(await agent.get(`castellanEventInstanceFired.${of(2)}`), '1')
  assert.equal(await agent.get('mteResourceSampleInstances.0'), '3')
  agent.parts.delete({ partIndex: 2 })
  await agent.pass(2)
  assert.equal(await agent.get(`castellanEventInstanceState.${of(2)}`), 'noSuchInstance')
  assert.equal(await agent.get('mteResourceSampleInstances.0'), '2')
  assert.equal(await agent.get('mteResourceSampleInstancesHigh.0'), '3')
  agent.parts.put({ partIndex: 2, partLevel: 80, partName: 'again', partSwitch: 0 })
  await agent.pass(2)
  assert.deepEqual(agent.sentences(), ['partLevel.2 is 80, at or above 75'], 'a new instance may fire at once')
  await agent.stop()
})

test('an existence test tells of instances that appear, change and vanish', async () => {
  const agent = await startEvents(
    `${trigger('e', '80', 'partName', true)}mteTriggerExistenceEntry e0 00 - - o up o e\n${events}`,
  )
  agent.parts.put({ partIndex: 1, partLevel: 0, partName: 'one', partSwitch: 0 })
  await agent.pass(8)
  assert.deepEqual(agent.sentences(), [], 'startup bits are clear')
  agent.parts.put({ partIndex: 2, partLevel: 0, partName: 'two', partSwitch: 0 })
  await agent.pass(2)
  agent.parts.patch({ partIndex: 1 }, { partName: 'uno' })
  await agent.pass(2)
  agent.parts.delete({ partIndex: 2 })
  await agent.pass(2)
  assert.deepEqual(
    agent.told.map(({ trapOid, varbinds, sentence }) => [trapOid, varbinds[4], sentence]),
    [
      ['mteTriggerFired', 'mteHotValue.0 = 0', 'partName.2 appeared, with two'],
      ['mteTriggerFired', 'mteHotValue.0 = 0', 'partName.1 changed from one to uno'],
      ['mteTriggerFired', 'mteHotValue.0 = 0', 'partName.2 is gone'],
    ],
  )
  await agent.stop()
})

test('a single object that is not there at the start is told, with the startup bits', async () => {
  const agent = await startEvents(
    `${trigger('e', '80', 'thingName.0', false)}mteTriggerExistenceEntry c0 c0 - - o up o e\n${events}`,
  )
  await agent.pass(7)
  agent.things.patch({}, { thingName: 'x' })
  await agent.pass(2)
  assert.deepEqual(agent.sentences(), ['thingName.0 is not there', 'thingName.0 appeared, with x'])
  assert.equal(await agent.get('mteTriggerFailures.0'), '0')
  await agent.stop()
})

test('differences of a counter: tested from the second sample on, through its wrap, not across a discontinuity', async () => {
  const agent = await startEvents(
    `${trigger('d', '20', 'thingCount.0', false, 'deltaValue')}mteTriggerDeltaEntry thingRestarted.0 false timeStamp o d
${threshold('d', 'rising 100 10 0 0')}${events}`,
  )
  agent.things.patch({}, { thingCount: 0xffff_ff00, thingRestarted: 1 })
  await agent.pass(6)
  assert.equal(await agent.get(`castellanEventInstanceValue.1.111.1.100.${arc}.1.2.0`), '0')
  agent.things.patch({}, { thingCount: 50 })
  await agent.pass(1)
  assert.deepEqual(agent.sentences(), [
    'thingCount.0 changed by 306 in 1 s, at or above 100; it was 0 at the sample before',
  ])
  agent.things.patch({}, { thingCount: 51 })
  await agent.pass(1)
  assert.match(agent.sentences()[0]!, /^thingCount.0 changed by 1 in 1 s, at or below 10/)
  agent.things.patch({}, { thingCount: 20, thingRestarted: 2 })
  await agent.pass(2)
  assert.deepEqual(agent.sentences(), [], 'the counter began again: 20 - 51 is no growth')
  agent.things.patch({}, { thingCount: 200 })
  await agent.pass(1)
  assert.match(agent.sentences()[0]!, /changed by 180/)
  await agent.stop()
})

test('a discontinuity object that is a wildcard too is that of the same instance', async () => {
  const agent = await startEvents(
    `${trigger('d', '20', 'partCount', true, 'deltaValue')}mteTriggerDeltaEntry partRestarted true timeStamp o d
${threshold('d', 'rising 100 10 0 0')}${events}`,
  )
  const part = { partLevel: 0, partName: '', partSwitch: 0 }
  for (const partIndex of [1, 2]) agent.parts.put({ ...part, partIndex, partCount: 1000, partRestarted: 1 })
  await agent.pass(6)
  agent.parts.patch({ partIndex: 1 }, { partCount: 500, partRestarted: 2 })
  agent.parts.patch({ partIndex: 2 }, { partCount: 500 })
  await agent.pass(1)
  assert.deepEqual(agent.sentences(), [
    'partCount.2 changed by 4294966796 in 1 s, at or above 100; it was 0 at the sample before',
  ])
  await agent.stop()
})

test('counters of 64 bits are watched too; mteHotValue is the nearest it can be, and the sentence exact', async () => {
  const agent = await startEvents(
    `${trigger('w', '20', 'thingWide.0', false)}${threshold('w', 'rising 75 20 0 0')}${events}`,
  )
  agent.things.patch({}, { thingWide: 2n ** 63n + 1n })
  await agent.pass(6)
  const [rising] = agent.told
  assert.equal(rising!.varbinds[4], 'mteHotValue.0 = 2147483647')
  assert.match(rising!.sentence, /^thingWide\.0 is 9223372036854775809, at or above 75/)
  await agent.stop()
})

test('a discontinuity object that is not there, or of another type, fails the sample', async () => {
  const agent = await startEvents(
    `${trigger('d', '20', 'thingCount.0', false, 'deltaValue')}mteTriggerDeltaEntry thingRestarted.0 false timeStamp o d
${threshold('d', 'rising 100 10 0 0')}${trigger('b', '20', 'thingCount.0', false, 'deltaValue')}mteTriggerDeltaEntry thingSwitch.0 false timeTicks o b
${threshold('b', 'rising 100 10 0 0')}${events}`,
  )
  agent.things.patch({}, { thingCount: 5 })
  await agent.pass(9)
  assert.deepEqual(
    agent.told.map(({ trapOid, varbinds, sentence }) => [trapOid, varbinds[4], sentence]),
    [
      [
        'mteTriggerFailure',
        'mteFailedReason.0 = badType(-5)',
        'trigger o/b failed: thingCount.0 has no value that its tests could use',
      ],
      [
        'mteTriggerFailure',
        'mteFailedReason.0 = noSuchName(2)',
        'trigger o/d failed: thingRestarted.0, which would tell a discontinuity, is not there',
      ],
    ],
    'told once each, however often it fails',
  )
  assert.equal(await agent.get('mteTriggerFailures.0'), '10')
  assert.equal(await agent.get(`castellanEventInstanceState.1.111.1.100.${arc}.1.2.0`), 'failed(9)')
  agent.things.patch({}, { thingRestarted: 1 })
  await agent.pass(2)
  assert.equal(await agent.get(`castellanEventTriggerLastError.${at('d')}`), '')
  await agent.stop()
})

test('a boolean test fires when it becomes true; a text is badType to it', async () => {
  const agent = await startEvents(
    `${trigger('b', '40', 'thingLevel.0', false)}mteTriggerBooleanEntry greater 5 true - - o up o b
${trigger('n', '40', 'thingName.0', false)}mteTriggerBooleanEntry greater 5 true - - o up o n\n${events}`,
  )
  agent.things.patch({}, { thingName: 'text' })
  await agent.pass(6)
  for (const value of [6, 7, 5, 6]) {
    agent.things.patch({}, { thingLevel: value })
    await agent.pass(2)
  }
  assert.deepEqual(agent.sentences(), [
    'trigger o/n failed: thingName.0 has no value that its tests could use',
    'thingLevel.0 is 6, greater than 5',
    'thingLevel.0 is 6, greater than 5',
  ])
  await agent.stop()
})

test('changes from one sample to the next have thresholds of their own', async () => {
  const agent = await startEvents(
    `${trigger('g', '20', 'thingLevel.0', false)}${threshold('g', 'rising 9000 -9000 0 -100', '- - o down')}${events}`,
  )
  agent.things.patch({}, { thingLevel: 500 })
  await agent.pass(6)
  agent.things.patch({}, { thingLevel: 350 })
  await agent.pass(3)
  assert.deepEqual(
    agent.told.map(({ trapOid, sentence }) => [trapOid, sentence]),
    [['mteTriggerFalling', 'thingLevel.0 went from 500 to 350 from one sample to the next, by -150, at or below -100']],
  )
  await agent.stop()
})

test('an event sets an object of the instance that fired, with the rights of who activated the trigger', async () => {
  const agent = await startEvents(
    `${events}mteEventEntry act "" 40 true active o\nmteEventSetEntry partSwitch true 7 - - false o act\n`,
  )
  agent.parts.put({ partIndex: 1, partLevel: 0, partName: '', partSwitch: 0 })
  agent.parts.put({ partIndex: 2, partLevel: 0, partName: '', partSwitch: 0 })
  const made = await agent.set({
    [`mteTriggerTest.${at('s')}`]: bits(0x40),
    [`mteTriggerValueID.${at('s')}`]: identifier(`${arc}.2.1.2`),
    [`mteTriggerValueIDWildcard.${at('s')}`]: integer(1),
    [`mteTriggerFrequency.${at('s')}`]: unsigned(1),
    [`mteTriggerEnabled.${at('s')}`]: integer(1),
    [`mteTriggerEntryStatus.${at('s')}`]: integer(4),
    [`mteTriggerBooleanComparison.${at('s')}`]: integer(5),
    [`mteTriggerBooleanValue.${at('s')}`]: integer(3),
    [`mteTriggerBooleanEventOwner.${at('s')}`]: string('o'),
    [`mteTriggerBooleanEvent.${at('s')}`]: string('act'),
  })
  assert.equal(made, 'noError', 'a trigger with all its parts in one SET')
  assert.equal(await agent.get(`castellanEventTriggerSecurityName.${at('s')}`), 'writer')
  await agent.pass(2)
  agent.parts.patch({ partIndex: 2 }, { partLevel: 4 })
  await agent.pass(2)
  assert.equal(agent.parts.get({ partIndex: 2 })!.partSwitch, 7)
  assert.equal(agent.parts.get({ partIndex: 1 })!.partSwitch, 0)
  assert.deepEqual(agent.sentences(), [])
  await agent.stop()
})

test('a set that fails is counted and told (mteEventSetFailure), whoever may not write or whatever value does not fit', async () => {
  const agent = await startEvents(
    `${trigger('s', '40', 'thingLevel.0', false)}mteTriggerBooleanEntry greater 5 true - - o act o s
mteEventEntry act "" 40 true active o\nmteEventSetEntry thingSwitch.0 false 7 - - false o act\n`,
  )
  agent.things.patch({}, { thingLevel: 6 })
  await agent.pass(6)
  assert.deepEqual(agent.told.splice(0), [
    {
      trapOid: 'mteEventSetFailure',
      varbinds: [
        'mteHotTrigger.0 = s',
        'mteHotTargetName.0 = ',
        'mteHotContextName.0 = ',
        'mteHotOID.0 = thingSwitch.0',
        'mteFailedReason.0 = authorizationError(16)',
      ],
      sentence:
        'event o/act of trigger o/s could not set: eventAgent (usm, authPriv) has no write view (noSuchView); ' +
        'vacmSecurityToGroupEntry and vacmAccessEntry in snmpd.cnf give one',
    },
  ])
  assert.equal(await agent.get('mteEventFailures.0'), '1')
  assert.match(String(await agent.get(`castellanEventTriggerLastError.${at('s')}`)), /could not set/)
  await agent.stop()
})

test('an active trigger may only be switched on and off or deleted, and so may the rows that depend on it', async () => {
  const agent = await startEvents(level)
  assert.equal(await agent.set({ [`mteTriggerFrequency.${at('t')}`]: unsigned(5) }), 'inconsistentValue 1')
  assert.equal(await agent.set({ [`mteTriggerThresholdRising.${at('t')}`]: integer(5) }), 'inconsistentValue 1')
  assert.equal(await agent.set({ [`mteTriggerEntryStatus.${at('t')}`]: integer(2) }), 'inconsistentValue 1')
  assert.equal(await agent.set({ [`mteEventComment.${at('up')}`]: string('x') }), 'inconsistentValue 1')
  assert.equal(await agent.set({ [`mteTriggerEnabled.${at('t')}`]: integer(2) }), 'noError')
  agent.things.patch({}, { thingLevel: 90 })
  await agent.pass(10)
  assert.deepEqual(agent.sentences(), [], 'it is not sampled')
  assert.equal(await agent.set({ [`mteTriggerEnabled.${at('t')}`]: integer(1) }), 'noError')
  await agent.pass(2)
  assert.equal(agent.sentences().length, 1)
  assert.equal(await agent.set({ [`mteTriggerEntryStatus.${at('t')}`]: integer(6) }), 'noError')
  assert.equal(await agent.get(`mteTriggerThresholdRising.${at('t')}`), 'noSuchInstance')
  assert.equal(await agent.get('mteResourceSampleInstances.0'), '0')
  agent.things.patch({}, { thingLevel: 10 })
  await agent.pass(5)
  assert.deepEqual(agent.sentences(), [])
  await agent.stop()
})

test('rows of dependent tables appear and go with what the trigger asks for', async () => {
  const agent = await startEvents('')
  const name = (column: string): string => `${column}.${at('t')}`
  assert.equal(await agent.set({ [name('mteTriggerThresholdRising')]: integer(1) }), 'inconsistentName 1')
  assert.equal(await agent.set({ [name('mteTriggerEntryStatus')]: integer(5) }), 'noError')
  assert.equal(await agent.get(name('mteTriggerBooleanComparison')), 'unequal(1)', 'boolean is the default')
  assert.equal(await agent.get(name('mteTriggerThresholdRising')), 'noSuchInstance')
  assert.equal(await agent.set({ [name('mteTriggerThresholdRising')]: integer(1) }), 'inconsistentName 1')
  assert.equal(
    await agent.set({ [name('mteTriggerTest')]: bits(0x20), [name('mteTriggerThresholdRising')]: integer(7) }),
    'noError',
  )
  assert.equal(await agent.get(name('mteTriggerBooleanComparison')), 'noSuchInstance')
  assert.equal(await agent.get(name('mteTriggerThresholdRising')), '7')
  assert.equal(await agent.get(name('mteTriggerThresholdStartup')), 'risingOrFalling(3)')
  assert.equal(await agent.get(name('mteTriggerDeltaDiscontinuityIDType')), 'noSuchInstance')
  assert.equal(await agent.set({ [name('mteTriggerSampleType')]: integer(2) }), 'noError')
  assert.equal(await agent.get(name('mteTriggerDeltaDiscontinuityID')), 'sysUpTime.0')
  assert.equal(await agent.set({ [name('mteTriggerTargetTag')]: string('elsewhere') }), 'wrongValue 1')
  assert.equal(await agent.set({ [name('mteTriggerContextName')]: string('elsewhere') }), 'wrongValue 1')
  assert.equal(await agent.set({ [name('mteTriggerFrequency')]: unsigned(0) }), 'wrongValue 1')
  await agent.stop()
})

test('limits: a trigger may not sample too often, and instances beyond the maximum are not sampled', async () => {
  const agent = await startEvents(
    `${trigger('w', '20', 'partLevel', true)}${threshold('w', 'rising 75 20 0 0')}${events}`,
  )
  assert.equal(await agent.set({ 'mteResourceSampleMinimum.0': integer(10) }), 'noError')
  const make = (seconds: number) =>
    agent.set({
      [`mteTriggerFrequency.${at('n')}`]: unsigned(seconds),
      [`mteTriggerEntryStatus.${at('n')}`]: integer(4),
    })
  assert.equal(await make(9), 'inconsistentValue 1')
  assert.equal(await make(10), 'noError')
  assert.equal(await agent.set({ 'mteResourceSampleInstanceMaximum.0': unsigned(2) }), 'noError')
  for (const partIndex of [1, 2, 3]) agent.parts.put({ partIndex, partLevel: 80, partName: '', partSwitch: 0 })
  await agent.pass(7)
  assert.equal(await agent.get('mteResourceSampleInstances.0'), '2')
  assert.equal(await agent.get('mteResourceSampleInstanceLacks.0'), '3', 'one more with each sample')
  const [first, second, lack, ...rest] = agent.sentences()
  assert.match(`${first} ${second}`, /^partLevel.1 is 80.*partLevel.2 is 80/)
  assert.equal(
    lack,
    'trigger o/w failed: there is no room to sample partLevel.3: mteResourceSampleInstanceMaximum is reached',
  )
  assert.deepEqual(rest, [])
  agent.parts.delete({ partIndex: 1 })
  await agent.pass(2)
  assert.deepEqual(agent.sentences(), ['partLevel.3 is 80, at or above 75'])
  await agent.stop()
})

test('what eventAgent may not read is not there for its triggers', async () => {
  const agent = await startEvents(level, { hidden: [[1, 3, 6, 1, 4, 1, 32473, 99, 1, 1]] })
  agent.things.patch({}, { thingLevel: 99 })
  await agent.pass(8)
  assert.deepEqual(agent.sentences(), [])
  assert.equal(await agent.get(`castellanEventInstanceState.1.111.1.116.${arc}.1.1.0`), 'absent(8)')
  await agent.stop()
})

test('an event that is missing is a failure of the event, one that is switched off is not', async () => {
  const agent = await startEvents(
    `${trigger('t', '20', 'thingLevel.0', false)}${threshold('t', 'rising 75 20 0 0')}mteEventEntry down "" 80 false active o\n`,
  )
  agent.things.patch({}, { thingLevel: 99 })
  await agent.pass(6)
  assert.equal(await agent.get('mteEventFailures.0'), '1')
  assert.equal(await agent.get(`castellanEventTriggerLastError.${at('t')}`), 'there is no active event o/up')
  agent.things.patch({}, { thingLevel: 1 })
  await agent.pass(2)
  assert.equal(await agent.get('mteEventFailures.0'), '1')
  assert.deepEqual(agent.sentences(), [])
  await agent.stop()
})

test("the ancestor's repaired sample loads, and reads as it was meant", async () => {
  const agent = await startEvents(readFileSync(join(programRoot, 'test/fixtures/seed/eventagt.cnf'), 'utf8'))
  assert.deepEqual(agent.complaints, [])
  const name = `2.54.49.${[...Buffer.from('loadTrigger')].join('.')}`
  const expected = {
    mteTriggerComment: ' ',
    mteTriggerTest: 'threshold(2)',
    mteTriggerSampleType: 'absoluteValue(1)',
    mteTriggerValueID: 'hrProcessorLoad.1',
    mteTriggerValueIDWildcard: 'false(2)',
    mteTriggerFrequency: '5',
    mteTriggerEnabled: 'true(1)',
    mteTriggerThresholdStartup: 'rising(1)',
    mteTriggerThresholdRising: '75',
    mteTriggerThresholdFalling: '20',
    mteTriggerThresholdRisingEvent: 'rising',
    mteTriggerThresholdFallingEventOwner: '61',
    castellanEventTriggerSecurityName: 'eventAgent',
  }
  for (const [column, value] of Object.entries(expected))
    assert.equal(await agent.get(`${column}.${name}`), value, column)
  assert.equal(await agent.get('mteEventNotification.2.54.49.114.105.115.105.110.103'), '0.0')
  await agent.stop()
})

test('lines that belong to no row, or that their row has no place for, are complained of with their places', async () => {
  const agent = await startEvents(
    `${trigger('t', '40', 'thingLevel.0', false)}${threshold('t', 'rising 75 20 0 0')}${threshold('u', 'rising 75 20 0 0')}`,
  )
  assert.deepEqual(
    agent.complaints.map(({ line, message }) => [line, message]),
    [
      [
        2,
        'the mteTriggerEntry of this mteTriggerThresholdEntry leaves it no place; change that, or take this line out',
      ],
      [3, 'there is no mteTriggerEntry that this mteTriggerThresholdEntry belongs to'],
    ],
  )
  const other = await startEvents('mteTriggerEntry o t - 40 1 0.0 2 elsewhere - 2 0 - - 1 1\n')
  assert.deepEqual(
    other.complaints.map(({ message }) => message),
    [
      'mteTriggerTargetTag must be -, for nothing else is supported, got "elsewhere"',
      'mteTriggerFrequency must be a number within 1 to 4294967295, got "0"',
    ],
  )
  const idle = await startEvents('mteTriggerEntry o t - 40 1 0.0 2 - - 2 5 - - 1 2\n')
  assert.deepEqual(
    idle.complaints.map(({ message }) => message),
    ['mteTriggerEntryStatus must be active(1); a row that is out of service has no line here'],
  )
  await idle.stop()
  await agent.stop()
  await other.stop()
})

test('a file that is read again leaves triggers alone that did not change, and takes those that did', async () => {
  const agent = await startEvents(level)
  agent.things.patch({}, { thingLevel: 90 })
  await agent.pass(6)
  assert.equal(agent.sentences().length, 1)
  assert.deepEqual(await agent.file.load(), [])
  await agent.pass(3)
  assert.deepEqual(agent.sentences(), [], 'it was told already')
  writeFileSync(agent.path, level.replace('75 20', '85 20'))
  assert.deepEqual(await agent.file.load(), [])
  await agent.pass(3)
  assert.deepEqual(agent.sentences(), ['thingLevel.0 is 90, at or above 85'])
  writeFileSync(agent.path, '')
  assert.deepEqual(await agent.file.load(), [])
  assert.equal(await agent.get('mteResourceSampleInstances.0'), '0')
  await agent.stop()
})
