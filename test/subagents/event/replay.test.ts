import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { declaredNames } from '../../../catalogue.ts'
import { readTriggers } from '../../../commands/events/trial.ts'
import { oid } from '../../../lib/smi/oid.ts'
import type { SnmpValue } from '../../../lib/smi/value.ts'
import { replay } from '../../../subagents/event/replay.ts'
import { parseSamplesCsv } from '../../../subagents/event/samples/csv.ts'
import { adviseFalling, flaps } from '../../../subagents/event/samples/hysteresis.ts'
import { openRing } from '../../../subagents/event/samples/read.ts'
import type { Sample } from '../../../subagents/event/samples/sample.ts'
import { arc, startEvents } from './support.ts'

const load = oid('1.3.6.1.2.1.25.3.3.1.2.1')
const minuteMs = 60_000

/** Values a minute, of one instance. */
function series(
  values: readonly (number | 'absent')[],
  { name = 'cpu', runMs = 0, fromMs = 0, of = load } = {},
): Sample[] {
  const instance = { owner: 'o', name, oid: of }
  return values.map((value, at) => ({
    of: instance,
    runMs,
    timeMs: fromMs + at * minuteMs,
    upTimeTicks: at * 6000,
    value: value === 'absent' ? value : ({ type: 'Integer32', value } as SnmpValue),
  }))
}

async function rows(text: string) {
  const path = join(mkdtempSync(join(tmpdir(), 'replay-')), 'eventagt.cnf')
  writeFileSync(path, text)
  return (await readTriggers({ path })).triggers
}

const threshold = (rising: number, falling: number, startup = 'rising'): Promise<Awaited<ReturnType<typeof rows>>> =>
  rows(`mteTriggerEntry o cpu "load" 20 absoluteValue hrProcessorLoad true - - false 60 - - true active
mteTriggerThresholdEntry ${startup} ${rising} ${falling} 0 0 - - o tell o tell - - - - o cpu
`)

async function replayed(triggers: Awaited<ReturnType<typeof rows>>, samples: readonly Sample[]) {
  return replay(triggers, () => samples, declaredNames)
}

test('what would have fired is told with its time, its value and the sentence of the notification', async () => {
  const [found] = await replayed(await threshold(75, 20), series([50, 80, 90, 70, 76, 20, 19, 75]))
  assert.deepEqual(
    found!.firings.map(({ timeMs, fired, value, sentence }) => [timeMs / minuteMs, fired, value, sentence]),
    [
      [1, 'rising', '80', 'load: hrProcessorLoad.1 is 80, at or above 75; it was 50 at the sample before'],
      [5, 'falling', '20', 'load: hrProcessorLoad.1 is 20, at or below 20; it was 76 at the sample before'],
      [7, 'rising', '75', 'load: hrProcessorLoad.1 is 75, at or above 75; it was 19 at the sample before'],
    ],
  )
  assert.deepEqual([found!.samples, found!.instances, found!.periodMs], [8, 1, minuteMs])
  assert.equal(found!.flapping, undefined)
})

test('nothing that fires, and no samples at all, are no trouble', async () => {
  const [quiet] = await replayed(await threshold(75, 20), series([30, 40, 50]))
  assert.deepEqual([quiet!.firings, quiet!.flapping], [[], undefined])
  const [none] = await replayed(await threshold(75, 20), [])
  assert.deepEqual([none!.samples, none!.periodMs, none!.firings], [0, undefined, []])
})

test('a value that flaps: the advice is the nearest falling threshold that ends it, and following it gives the count it says', async () => {
  // Fourteen times across 75, twelve of them from no lower than 56; twice it was really over.
  const flapping = [10, 80, 69, 78, 60, 77, 56, 79, 66, 81, 70, 76, 68, 90, 12]
  const samples = series([...flapping, 80, 65, 76, 58, 79, 62, 80, 64, 76, 63, 80, 69, 77, 15])
  const [found] = await replayed(await threshold(75, 70), samples)
  const { risings, mostInAnHour, advice } = found!.flapping!
  assert.deepEqual([risings, mostInAnHour], [14, 14])
  assert.deepEqual(advice, { falling: 35, isReached: true, risings: 2 })
  const [followed] = await replayed(await threshold(75, advice!.falling), samples)
  assert.equal(followed!.firings.filter(({ fired }) => fired === 'rising').length, 2)
  assert.equal(followed!.flapping, undefined)
  const [nearer] = await replayed(await threshold(75, 56), samples)
  assert.equal(nearer!.flapping!.risings, 3, 'from the first low that it passes over on it flaps')
})

test('the advice passes over no more lows than it must', async () => {
  // The lows 68 and 66 are enough to pass over: the risings that are left are further apart.
  const calm = Array.from({ length: 61 }, () => 70)
  const samples = series([10, 80, 68, 80, 66, 80, 40, ...calm, 80, 30, ...calm, 80])
  const [found] = await replayed(await threshold(75, 69), samples)
  assert.deepEqual(found!.flapping, {
    risings: 5,
    worst: load,
    mostInAnHour: 3,
    advice: { falling: 67, isReached: true, risings: 4 },
  })
})

test('where the value never came lower, the advice says that it would not have been over; where nothing helps there is none', async () => {
  const [never] = await replayed(await threshold(75, 70), series([72, 80, 60, 80, 61, 80, 62, 80]))
  assert.deepEqual(never!.flapping!.advice, { falling: 60, isReached: true, risings: 2 })
  const [unreached] = await replayed(await threshold(75, 70), series([72, 80, 60, 80, 60, 80, 60, 80]))
  assert.deepEqual(unreached!.flapping!.advice, { falling: 59, isReached: false, risings: 1 })
  const [returns] = await replayed(await threshold(75, 70), series([80, 'absent', 80, 'absent', 80]))
  assert.deepEqual(returns!.flapping, { risings: 3, worst: load, mostInAnHour: 3, advice: undefined })
})

test('of any series the advice ends the flapping, and the first threshold nearer that leaves more does not', () => {
  const instances = fc.array(fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 80 }), {
    minLength: 1,
    maxLength: 3,
  })
  const source = threshold(75, 70)
  return fc.assert(
    fc.asyncProperty(instances, async (many) => {
      const triggers = await source
      const samples = many
        .flatMap((values, at) => series(values, { of: [...load.slice(0, -1), at + 1] }))
        .sort((a, b) => a.timeMs - b.timeMs)
      const under = (falling: number) =>
        replay([{ ...triggers[0]!, mteTriggerThresholdFalling: falling }], () => samples, declaredNames)[0]!
      const { flapping } = under(70)
      if (!flapping) return
      const { advice } = flapping
      assert.ok(advice, 'without restarts there is always one')
      const after = under(advice.falling)
      assert.equal(after.flapping, undefined)
      assert.equal(after.firings.filter(({ fired }) => fired === 'rising').length, advice.risings)
      const lowest = samples
        .map(({ value }) => (value as { value: number }).value)
        .filter((one) => one > advice.falling)
      const nearer = Math.min(...lowest.filter((one) => one <= 70))
      if (Number.isFinite(nearer) && advice.isReached) {
        // Between it and the lows it passes over nothing changes; from the nearest of those on it flaps.
        const counts = Array.from({ length: 70 - advice.falling + 1 }, (_, up) => under(advice.falling + up))
        const firstFlap = counts.findIndex((one) => one.flapping !== undefined)
        assert.ok(firstFlap > 0)
        for (const one of counts.slice(0, firstFlap))
          assert.equal(one.firings.filter(({ fired }) => fired === 'rising').length, advice.risings)
      }
    }),
    { numRuns: 60 },
  )
})

test('three risings within an hour flap, three within more than an hour do not', () => {
  const at = (...minutes: number[]) => minutes.map((minute) => ({ timeMs: minute * minuteMs, low: 0 }))
  assert.equal(flaps(at(0, 30, 60)), true)
  assert.equal(flaps(at(0, 30, 61)), false)
  assert.equal(flaps(at(0, 1)), false)
  assert.equal(adviseFalling([{ risings: [], ends: [] }]), undefined)
})

test('what was raised stays so over a restart of the agent, and an instance that comes back low ends it', async () => {
  const firings = async (samples: readonly Sample[]) => {
    const [found] = await replayed(await threshold(75, 20), samples)
    return found!.firings.map(({ fired }) => fired)
  }
  const restart = (values: number[]) => series(values, { runMs: 1, fromMs: 10 * minuteMs })
  assert.deepEqual(await firings([...series([80, 85]), ...restart([85, 85])]), ['rising'])
  assert.deepEqual(await firings([...series([80, 85]), ...restart([10, 85])]), ['rising', 'falling', 'rising'])
  assert.deepEqual(await firings([...series([50]), ...restart([10])]), [], 'nothing was raised')
  assert.deepEqual(await firings(series([80, 'absent', 80])), ['rising', 'rising'], 'a new instance')
  assert.deepEqual(await firings(series([80, 'absent', 10])), ['rising', 'falling'])
})

test('a row of another name tries the samples of who sampled its object the most, and says whose they are', async () => {
  const triggers =
    await rows(`mteTriggerEntry me try - 40 absoluteValue hrProcessorLoad.1 false - - false 10 - - true active
mteTriggerBooleanEntry greater 60 true - - me tell me try
mteTriggerEntry me other - 40 absoluteValue hrProcessorLoad.2 false - - false 10 - - true active
mteTriggerBooleanEntry greater 60 true - - me tell me other
`)
  const found = await replayed(triggers, [...series([50, 61]), ...series([99], { name: 'less' })])
  const [other, tried] = [
    found.find(({ row }) => row.mteTriggerName === 'other'),
    found.find(({ row }) => row.mteTriggerName === 'try'),
  ]
  assert.equal(tried!.borrowedFrom, 'o/cpu')
  assert.deepEqual(
    tried!.firings.map(({ fired, value }) => [fired, value]),
    [['isTrue', '61']],
  )
  assert.deepEqual([other!.samples, other!.borrowedFrom], [0, undefined])
})

test('comma-separated values are read with their types; what is wrong is told with its line', () => {
  const names = {
    resolve: (name: string) => declaredNames.resolve(name),
    typeOf: (one: readonly number[]) => declaredNames.objectOf(one)?.syntax.base,
  }
  const read = (text: string) => parseSamplesCsv(text, 'f.csv', names)
  const samples = read(`value,object,time,trigger
"7",hrProcessorLoad.1,2026-01-02T03:04:06Z,
,ifHCInOctets.1,1767323045.5,"a ""b"", c"
18446744073709551615,ifHCInOctets.1,1767323044,"a ""b"", c"
-5,1.3.6.1.4.1.8072.1,2026-01-02T03:04:05Z,
text,1.3.6.1.4.1.8072.1,2026-01-02T03:04:05Z,
`)
  assert.deepEqual(
    samples.map(({ timeMs, upTimeTicks, value, of }) => [timeMs - 1767323044000, upTimeTicks, value, of.name]),
    [
      [0, 0, { type: 'Counter64', value: 2n ** 64n - 1n }, 'a "b", c'],
      [1000, 100, { type: 'Integer32', value: -5 }, ''],
      [1000, 100, { type: 'OctetString', value: Buffer.from('text') }, ''],
      [1500, 150, 'absent', 'a "b", c'],
      [2000, 200, { type: 'Integer32', value: 7 }, ''],
    ],
  )
  assert.equal(samples[0]!.of, samples[3]!.of)
  assert.throws(() => read('a,b\n'), /f\.csv:1: there is no column time/)
  assert.throws(() => read('time,object,value\nsoon,x,1'), /f\.csv:2: expected a time such as .*, got soon/)
  assert.throws(() => read('time,object,value\n1,nonsense,1'), /f\.csv:2: nonsense is the name of no object/)
  assert.throws(
    () => read('time,object,value\n1,hrProcessorLoad.1,high'),
    /f\.csv:2: expected a value of hrProcessorLoad\.1, which is Integer32, got high/,
  )
  assert.throws(() => read('time,object,value\n1,"x,1'), /f\.csv:2: a quoted field has no end/)
})

test('a replay says just what the agent said when it took the samples: thresholds, growth, wildcards, existence', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'replay-')), 'event-samples')
  const end = '- - false 1 - - true active'
  const agent = await startEvents(
    `mteEventEntry tell "" 80 true active o
mteEventNotificationEntry 0.0 - - o tell
mteTriggerEntry o level "" 20 absoluteValue ${arc}.1.1.0 false ${end}
mteTriggerThresholdEntry risingOrFalling 75 20 30 -30 - - o tell o tell o tell o tell o level
mteTriggerEntry o count "" 60 deltaValue ${arc}.1.2.0 false ${end}
mteTriggerThresholdEntry rising 100 10 0 0 - - o tell o tell - - - - o count
mteTriggerBooleanEntry equal 7 false - - o tell o count
mteTriggerEntry o name "" 80 absoluteValue ${arc}.1.3.0 false ${end}
mteTriggerExistenceEntry e0 c0 - - o tell o name
mteTriggerEntry o parts "" a0 absoluteValue ${arc}.2.1.2 true ${end}
mteTriggerThresholdEntry rising 75 20 0 0 - - o tell o tell - - - - o parts
mteTriggerExistenceEntry c0 00 - - o tell o parts
`,
    { samplesPath: path },
  )
  assert.deepEqual(agent.complaints, [])
  let random = 1
  const next = (below: number): number => {
    random = (random * 48271) % 2147483647
    return random % below
  }
  // A wildcard that nothing fills leaves no sample, and so what comes first is not known to have come.
  agent.parts.put({ partIndex: 9, partLevel: 50, partName: '', partSwitch: 0 })
  let thingCount = 0
  for (let second = 0; second < 300; second++) {
    thingCount = (thingCount + [0, 7, 50, 150][next(4)]!) >>> 0
    agent.things.patch({}, { thingLevel: next(100), thingCount, thingName: ['a', 'b', undefined][next(3)] })
    const partIndex = 1 + next(4)
    if (next(5) === 0) agent.parts.delete({ partIndex })
    else agent.parts.put({ partIndex, partLevel: next(100), partName: '', partSwitch: 0 })
    await agent.pass(1)
  }
  const said = agent.sentences()
  await agent.stop()
  assert.ok(said.length > 300, `${said.length} sentences`)
  const { triggers } = await readTriggers({ path: agent.path })
  const found = replay(triggers, openRing(path), {
    format: (name) => agent.names.format(name),
    formatValue: (name, value) => agent.names.formatValue(name, value),
  })
  const again = found.flatMap(({ firings }) => firings).map(({ sentence }) => sentence)
  assert.deepEqual(again.sort(), said.sort())
})
