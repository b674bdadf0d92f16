import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { declaredNames } from '../../catalogue.ts'
import { formatEvents } from '../../commands/events/list.ts'
import { watchedOf } from '../../views/events.ts'
import { runBin } from '../support/appliance.ts'

type Trigger = Parameters<typeof watchedOf>[0][number]
type Instance = Parameters<typeof watchedOf>[1][number]

const now = Date.UTC(2026, 0, 2, 3, 4, 15)
const load = declaredNames.resolve('hrProcessorLoad')!

function trigger(name: string, others: Partial<Trigger> = {}): Trigger {
  return {
    mteOwner: 'o',
    mteTriggerName: name,
    mteTriggerTest: new Set(['threshold']),
    mteTriggerSampleType: 'absoluteValue',
    mteTriggerValueID: load,
    mteTriggerValueIDWildcard: true,
    mteTriggerFrequency: 10,
    mteTriggerEnabled: true,
    mteTriggerEntryStatus: 'active',
    mteTriggerThresholdRising: 75,
    mteTriggerThresholdFalling: 20,
    mteTriggerThresholdRisingEvent: 'tell',
    ...others,
  } as Trigger
}

function instance(name: string, index: number, value: number, others: Partial<Instance> = {}): Instance {
  return {
    mteOwner: 'o',
    mteTriggerName: name,
    castellanEventInstanceOID: [...load, index],
    castellanEventInstanceValue: String(value),
    ...(others.castellanEventInstanceState === 'absent' ? {} : { castellanEventInstanceDistance: 75 - value }),
    castellanEventInstanceState: 'normal',
    castellanEventInstanceSampled: new Date(now - 3000),
    castellanEventInstanceLastFired: 'never',
    ...others,
  } as Instance
}

test('what failed comes first, then what is beyond a threshold, then what is nearest to one; what is off comes last', () => {
  const fired = new Date(now - 60_000)
  const watched = watchedOf(
    [
      trigger('off', { mteTriggerEnabled: false }),
      trigger('cpu'),
      trigger('broken', { castellanEventTriggerLastError: 'the subagent did not answer' }),
      trigger('low', { mteTriggerThresholdRisingEvent: '', mteTriggerThresholdFallingEvent: 'tell' }),
      trigger('rare', {
        mteTriggerTest: new Set(['boolean']),
        mteTriggerBooleanComparison: 'less',
        mteTriggerBooleanValue: 100,
      }),
    ],
    [
      instance('cpu', 1, 30),
      instance('cpu', 2, 74),
      instance('cpu', 3, 80, {
        castellanEventInstanceState: 'rising',
        castellanEventInstanceDistance: 60,
        castellanEventInstanceLastFired: fired,
      }),
      instance('off', 1, 99),
      instance('low', 1, 5, {
        castellanEventInstanceState: 'falling',
        castellanEventInstanceLastFired: fired,
        castellanEventInstanceDistance: 70,
      }),
      instance('rare', 1, 120, { castellanEventInstanceState: 'isFalse', castellanEventInstanceDistance: -20 }),
    ],
    now,
  )
  const lines = formatEvents(watched, false, 200)
    .split('\n')
    .map((line) => line.replace(/ {2,}/g, ' | '))
  assert.deepEqual(lines, [
    'o/broken | hrProcessorLoad | rising 75, falling 20 | failed: the subagent did not answer',
    'o/cpu | hrProcessorLoad.3 | 80 | rising 75, falling 20 | 60 above 20 | above since 2026-01-02T03:03:15Z | 3 s ago',
    'o/low | hrProcessorLoad.1 | 5 | rising 75, falling 20 | 70 below 75 | below since 2026-01-02T03:03:15Z | 3 s ago',
    'o/cpu | hrProcessorLoad.2 | 74 | rising 75, falling 20 | 1 below 75 | armed | 3 s ago',
    'o/rare | hrProcessorLoad.1 | 120 | < 100 | 20 above 100 | armed | 3 s ago',
    'o/cpu | hrProcessorLoad.1 | 30 | rising 75, falling 20 | 45 below 75 | armed | 3 s ago',
    'o/off | hrProcessorLoad.1 | 99 | rising 75, falling 20 | 24 above 75 | off',
    '',
  ])
  assert.ok(formatEvents(watched, true, 200).includes('\u001b[31mfailed: the subagent did not answer'))
  for (const line of formatEvents(watched, false, 80).split('\n')) assert.ok(line.length <= 80, line)
  assert.match(formatEvents([], true), /there are no triggers/)
})

test('an object that is not there needs attention where somebody asked to be told, and nowhere else', () => {
  const gone = { castellanEventInstanceState: 'absent' } as const satisfies Partial<Instance>
  const [first, second] = watchedOf(
    [
      trigger('asked', { mteTriggerTest: new Set(['existence']), mteTriggerExistenceTest: new Set(['absent']) }),
      trigger('count'),
    ],
    [instance('count', 1, 0, gone), instance('asked', 1, 0, gone)],
    now,
  )
  assert.deepEqual([first!.name, first!.attention, second!.attention], ['asked', 'alarm', 'waiting'])
})

test('figures from elsewhere are replayed through a draft, without any home: text, JSON, and what is said once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'events-'))
  const [draft, samples] = [join(folder, 'draft.cnf'), join(folder, 'figures.csv')]
  writeFileSync(
    draft,
    `mteTriggerEntry o cpu "load" 20 absoluteValue hrProcessorLoad true - - false 5 - - true active
mteTriggerThresholdEntry rising 75 70 0 0 - - o tell o over - - - - o cpu
mteTriggerEntry o off "" 20 absoluteValue hrProcessorLoad true - - false 60 - - false active
mteTriggerThresholdEntry rising 75 70 0 0 - - o tell o tell - - - - o off
mteEventEntry tell "" 80 false active o
mteEventNotificationEntry 0.0 - - o tell
`,
  )
  const values = [50, 80, 69, 80, 65, 80, 30, 80]
  const lines = values.map((value, minute) => `2026-01-02T03:0${minute}:00Z,hrProcessorLoad.1,${value}`)
  writeFileSync(samples, `time,object,value\n${lines.join('\n')}\n`)
  const run = (...args: string[]) => runBin('castellan', ['events', 'test', '--home', join(folder, 'none'), ...args])
  const { code, out, err } = await run('--file', draft, '--samples', samples)
  assert.equal(code, 0, err)
  assert.deepEqual(out.split('\n'), [
    'samples from 2026-01-02T03:00:00Z to 2026-01-02T03:07:00Z',
    'samples are used as they were taken: o/cpu every 60 s rather than 5 s',
    '',
    'o/cpu  hrProcessorLoad, rising 75, falling 70',
    '  8 samples of 1 instance: 4 rising, 3 falling',
    ...[
      '01:00Z  rising  80 75 50',
      '02:00Z  falling 69 70 80',
      '03:00Z  rising  80 75 69',
      '04:00Z  falling 65 70 80',
    ].map(said),
    ...['05:00Z  rising  80 75 65', '06:00Z  falling 30 70 80', '07:00Z  rising  80 75 30'].map(said),
    '  the event o/tell is off, so nothing would be told',
    '  there is no active event o/over, so nothing would be told',
    '  flaps: 4 risings, 4 of hrProcessorLoad.1 within an hour; falling at 57 instead of 70 leaves 2 of 4 crossings',
    '',
  ])
  const since = JSON.parse(
    (await run('--file', draft, '--samples', samples, '--since', '2026-01-02T03:05:00Z', '--json', 'off')).out,
  )
  assert.deepEqual(
    since.triggers.map((one: { trigger: string; isEnabled: boolean; samples: number; firings: unknown[] }) => [
      one.trigger,
      one.isEnabled,
      one.samples,
      one.firings.length,
    ]),
    [['o/off', false, 3, 3]],
  )
  for (const [args, expected, what] of [
    [['--since', 'soon'], 2, /is invalid/],
    [['--samples', join(folder, 'nothing')], 1, /samples could not be read: ENOENT/],
    [['--samples', draft], 1, /draft\.cnf:1: there is no column time/],
    [['--file', samples], 1, /figures\.csv:1:/],
    [['--file', draft, 'nonsense'], 1, /draft\.cnf has no active trigger nonsense; there are: o\/cpu, o\/off/],
    [['--file', draft], 0, undefined],
  ] as const) {
    const done = await run(...(args[0] === '--file' ? [] : ['--file', draft]), ...args)
    assert.equal(done.code, expected, done.err)
    if (what) assert.match(done.err, what)
    else assert.match(done.out, /there are no samples in .*event-samples/)
  }
})

function said(line: string): string {
  const [time, fired, value, limit, before] = line.split(/ +/)
  const beyond = fired === 'rising' ? 'above' : 'below'
  return `  2026-01-02T03:${time}  ${fired!.padEnd(12)}  load: hrProcessorLoad.1 is ${value}, at or ${beyond} ${limit}; it was ${before} at the sample before`
}
