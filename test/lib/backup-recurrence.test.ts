/** When backup schedules run: two years of local time in three zones, against what the wall's clock shows minute by minute. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Recurrence, scheduleOf, upcomingRuns } from '../../lib/backup/recurrence.ts'
import { silentLog } from '../../lib/log/log.ts'
import { Scheduler } from '../../lib/schedule/scheduler.ts'
import type { SavedSchedules } from '../../lib/schedule/store.ts'
import { ManualClock } from '../../lib/time/clock.ts'
import type { Zone } from '../../lib/time/zone.ts'
import { zoneNamed } from '../subagents/schedule/local-minutes.ts'

const none: ReadonlySet<number> = new Set()
const utc: Zone = { offsetMs: () => 0 }
/** Friday, 1 January 2027. */
const fromMs = Date.UTC(2027, 0, 1)
const untilMs = Date.UTC(2029, 0, 1)
const recurrence = (startMs: number, more: Partial<Recurrence>): Recurrence => ({
  startMs,
  frequency: 'daily',
  weekDays: none,
  runsLate: false,
  ...more,
})

/** The moment at which a zone's clocks show that time first. */
function moment(zone: Zone, year: number, month: number, day: number, hour: number, minute: number): number {
  const local = Date.UTC(year, month - 1, day, hour, minute)
  return local - zone.offsetMs(local - zone.offsetMs(local))
}

/** All runs of two years, driven through the scheduler a quarter of an hour at a time. */
async function drive(recurrences: Readonly<Record<string, Recurrence>>, zone: Zone): Promise<Map<string, number[]>> {
  const clock = new ManualClock(fromMs)
  const runs = new Map<string, number[]>()
  const scheduler = new Scheduler({
    clock,
    zone,
    log: silentLog,
    store: { load: async () => undefined, save: async () => {} },
    run: async ({ schedule: { key }, lastMs = 0 }) => {
      runs.set(key, [...(runs.get(key) ?? []), lastMs])
      return undefined
    },
    events: {
      failed: ({ lastError }) => assert.fail(lastError),
      missed: ({ lastError }) => assert.fail(lastError),
    },
  })
  await scheduler.start()
  for (const [key, one] of Object.entries(recurrences)) scheduler.configure(scheduleOf(key, one, true, zone), true)
  while (clock.now() < untilMs) {
    clock.advance(900_000)
    while (scheduler.isBusy) await new Promise((resolve) => setImmediate(resolve))
  }
  await scheduler.stop()
  return runs
}

const localText = (zone: Zone, ms: number): string => new Date(ms + zone.offsetMs(ms)).toISOString().slice(0, 16)

describe('two years of backup schedules', () => {
  const nights: Readonly<Record<string, readonly (readonly [day: string, run: string])[]>> = {
    // 02:30 is left out on the first night and comes twice on the second.
    'Europe/Berlin': [
      ['2027-03-28', '01:00Z'],
      ['2027-10-31', '00:30Z'],
    ],
    'America/New_York': [
      ['2027-03-14', '07:00Z'],
      ['2027-11-07', '07:30Z'],
    ],
    UTC: [
      ['2027-03-28', '02:30Z'],
      ['2027-10-31', '02:30Z'],
    ],
  }
  for (const [name, expected] of Object.entries(nights)) {
    test(`in ${name} they run exactly as their rows say, 02:30 on both nights of a clock change included`, async () => {
      const zone = zoneNamed(name)
      const start = (day: number, hour: number, minute: number) => moment(zone, 2027, 1, day, hour, minute)
      const runs = await drive(
        {
          nightly: recurrence(start(2, 2, 30), {}),
          default: recurrence(start(2, 2, 30), { frequency: 'weekly', weekDays: new Set([2, 3, 4, 5, 6]) }),
          monthEnd: recurrence(start(31, 2, 30), { frequency: 'monthly' }),
          thirtieth: recurrence(start(30, 4, 0), { frequency: 'monthly' }),
          once: recurrence(moment(zone, 2028, 2, 29, 12, 0), { frequency: 'once' }),
        },
        zone,
      )
      const nightly = runs.get('nightly') ?? []
      const days = nightly.map((run) => localText(zone, run).slice(0, 10))
      assert.equal(new Set(days).size, days.length, 'once a day')
      // Two years have 731 nights, and the first of them was before the start.
      assert.equal(days.length, 730)
      for (const [day, time] of expected)
        assert.deepEqual(
          nightly.map((run) => new Date(run).toISOString()).filter((run) => run.startsWith(day)),
          [`${day}T${time.replace('Z', ':00.000Z')}`],
          day,
        )
      const isDefaultDay = (run: number) => ![0, 1].includes(new Date(run + zone.offsetMs(run)).getUTCDay())
      assert.deepEqual(runs.get('default'), nightly.filter(isDefaultDay), 'Tuesday to Saturday')
      const ends = (runs.get('monthEnd') ?? []).map((run) => localText(zone, run))
      assert.deepEqual(
        ends.slice(0, 4).map((run) => run.slice(0, 10)),
        ['2027-01-31', '2027-02-28', '2027-03-31', '2027-04-30'],
      )
      assert.equal(ends.length, 24)
      const thirtieths = (runs.get('thirtieth') ?? []).map((run) => localText(zone, run).slice(5, 10))
      assert.deepEqual(thirtieths.slice(0, 3), ['01-30', '02-28', '03-30'])
      assert.ok(thirtieths.includes('02-29'), 'the last day of February 2028')
      assert.equal(thirtieths.length, 24)
      assert.deepEqual(
        (runs.get('once') ?? []).map((run) => localText(zone, run)),
        ['2028-02-29T12:00'],
      )
    })
  }
})

test('a schedule that runs once, in the past, never runs', () => {
  const past = scheduleOf('once', recurrence(fromMs - 60_000, { frequency: 'once' }), true, utc)
  assert.deepEqual(upcomingRuns(past, fromMs, 5, utc), [])
})

test('the next five runs are shown, none of them before the start', () => {
  const weekly = scheduleOf(
    'w',
    recurrence(fromMs + 90_000_000, { frequency: 'weekly', weekDays: new Set([1, 6]) }),
    true,
    utc,
  )
  assert.deepEqual(
    upcomingRuns(weekly, fromMs, 5, utc).map((run) => new Date(run).toISOString().slice(0, 16)),
    ['2027-01-02T01:00', '2027-01-04T01:00', '2027-01-09T01:00', '2027-01-11T01:00', '2027-01-16T01:00'],
  )
})

for (const [runsLate, expected] of [
  [true, { ran: ['2027-01-05T13:59'], missed: 2 }],
  [false, { ran: [], missed: 3 }],
] as const) {
  test(`three runs were missed while nobody was there: ${runsLate ? 'the last takes place late' : 'all are left out'}`, async () => {
    const nightly = scheduleOf('n', recurrence(fromMs + 2.5 * 3_600_000, { runsLate }), true, utc)
    const clock = new ManualClock(fromMs + 36 * 3_600_000)
    let saved: SavedSchedules | undefined
    const ran: string[] = []
    let missed = 0
    const newScheduler = () =>
      new Scheduler({
        clock,
        zone: utc,
        log: silentLog,
        store: {
          load: async () => saved,
          save: async (next) => {
            saved = next
          },
        },
        run: async ({ lastMs = 0 }) => {
          ran.push(new Date(lastMs).toISOString().slice(0, 16))
          return undefined
        },
        events: {
          failed: ({ lastError }) => assert.fail(lastError),
          missed: (state) => {
            missed = state.missed
          },
        },
      })
    const before = newScheduler()
    await before.start()
    before.configure(nightly, true)
    await before.stop()
    clock.advance(74 * 3_600_000 - 10_000)
    const after = newScheduler()
    await after.start()
    after.configure(nightly, true)
    clock.advance(10_000)
    while (after.isBusy) await new Promise((resolve) => setImmediate(resolve))
    await after.stop()
    assert.deepEqual({ ran, missed }, expected)
  })
}
