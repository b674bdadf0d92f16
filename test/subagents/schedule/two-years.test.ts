import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { silentLog } from '../../../lib/log/log.ts'
import type { Schedule } from '../../../lib/schedule/schedule.ts'
import { Scheduler } from '../../../lib/schedule/scheduler.ts'
import type { Calendar } from '../../../lib/time/calendar.ts'
import { ManualClock } from '../../../lib/time/clock.ts'
import { machineZone } from '../../../lib/time/zone.ts'
import { everyMinute, expectedRuns, range, zoneNamed } from './local-minutes.ts'

/** 2028 has a 29 February. */
const fromMs = Date.UTC(2027, 0, 1) + 17_300
const untilMs = Date.UTC(2029, 0, 1)
const none: ReadonlySet<number> = new Set()
const at = (hour: number, minute: number, more: Partial<Calendar> = {}): Calendar => ({
  ...everyMinute,
  hours: new Set([hour]),
  minutes: new Set([minute]),
  ...more,
})

const calendars: Readonly<Record<string, Calendar>> = {
  nightly: at(2, 30),
  halfPastOne: at(1, 30),
  twoOClock: at(2, 0),
  threeOClock: at(3, 0),
  midnight: at(0, 0),
  tenMinutesOfTwo: at(2, 0, { minutes: new Set([0, 10, 20, 30, 40, 50]) }),
  everyQuarter: { ...everyMinute, minutes: new Set([0, 15, 30, 45]) },
  workdays: at(8, 5, { weekDays: range(1, 5) }),
  sundays: at(2, 30, { weekDays: new Set([0]) }),
  lastOfMonth: at(23, 59, { days: none, daysFromEnd: new Set([1]) }),
  firstOfMonth: at(0, 0, { days: new Set([1]) }),
  thirdLastOrTenth: at(12, 0, { days: new Set([10]), daysFromEnd: new Set([3]) }),
  friday13th: at(13, 13, { days: new Set([13]), weekDays: new Set([5]) }),
  leapDay: at(2, 30, { days: new Set([29]), months: new Set([1]) }),
  thirtyFirst: at(2, 30, { days: new Set([31]) }),
  thirtieth_of_february: at(2, 30, { days: new Set([30]), months: new Set([1]) }),
}

/** Runs of the nights that matter, from the zones' own rules. */
const changes: Readonly<
  Record<string, readonly (readonly [schedule: string, day: string, runs: readonly string[]])[]>
> = {
  'Europe/Berlin': [
    ['nightly', '2027-03-28', ['01:00']], // 02:30 is not; 01:00Z is when 02:00 became 03:00
    ['twoOClock', '2027-03-28', ['01:00']],
    ['threeOClock', '2027-03-28', ['01:00']],
    ['tenMinutesOfTwo', '2027-03-28', ['01:00']],
    ['nightly', '2027-10-31', ['00:30']], // 02:30 comes at 00:30Z and at 01:30Z
    ['tenMinutesOfTwo', '2027-10-31', ['00:00', '00:10', '00:20', '00:30', '00:40', '00:50']],
    ['threeOClock', '2027-10-31', ['02:00']],
    ['nightly', '2028-03-26', ['01:00']],
    ['nightly', '2028-10-29', ['00:30']],
  ],
  'America/New_York': [
    ['nightly', '2027-03-14', ['07:00']],
    ['halfPastOne', '2027-03-14', ['06:30']],
    ['nightly', '2027-11-07', ['07:30']], // the hour that comes twice begins at 01:00
    ['halfPastOne', '2027-11-07', ['05:30']],
    ['twoOClock', '2027-11-07', ['07:00']],
    ['nightly', '2028-03-12', ['07:00']],
    ['nightly', '2028-11-05', ['07:30']],
  ],
  UTC: [
    ['nightly', '2027-03-28', ['02:30']],
    ['nightly', '2027-10-31', ['02:30']],
  ],
  'Australia/Lord_Howe': [
    ['twoOClock', '2027-10-03', ['15:00']], // UTC's day: the next night, at eleven hours
    ['twoOClock', '2027-10-02', ['15:30']], // 02:00 became 02:30
  ],
}

describe('two years of time by hand', () => {
  const machine = process.env.TZ
  for (const [name, nights] of Object.entries(changes)) {
    test(`in ${name} schedules run exactly as their rows say, through all changes of the clock`, async () => {
      process.env.TZ = name
      try {
        const runs = await drive()
        const zone = zoneNamed(name)
        for (const [key, calendar] of Object.entries(calendars)) {
          assert.deepEqual(runs.get(key) ?? [], expectedRuns(calendar, fromMs, untilMs, zone), `${name} ${key}`)
        }
        for (const [key, day, times] of nights) {
          const ofDay = runs.get(key)!.map((run) => new Date(run).toISOString())
          assert.deepEqual(
            ofDay.filter((run) => run.startsWith(day)).map((run) => run.slice(11, 16)),
            times,
            `${key} on ${day}`,
          )
        }
        assert.equal(runs.get('nightly')!.length, 731)
        assert.equal(runs.get('leapDay')!.length, 1)
        assert.equal(runs.get('once')!.length, 1)
        const hourly = runs.get('everyHour')!
        assert.equal(hourly.length, Math.floor((untilMs - fromMs) / 3_600_000), 'an interval knows no clock change')
      } finally {
        if (machine === undefined) delete process.env.TZ
        else process.env.TZ = machine
      }
    })
  }
})

/** Runs everything from fromMs to untilMs, a minute at a time; gives the moments at which each schedule ran. */
async function drive(): Promise<Map<string, number[]>> {
  const clock = new ManualClock(fromMs)
  const runs = new Map<string, number[]>()
  const scheduler = new Scheduler({
    clock,
    zone: machineZone,
    log: silentLog,
    store: { load: async () => undefined, save: async () => {} },
    run: async ({ schedule: { key }, lastMs }) => {
      const before = runs.get(key)
      if (before) before.push(lastMs!)
      else runs.set(key, [lastMs!])
      return undefined
    },
    events: {
      failed: ({ lastError }) => assert.fail(lastError),
      missed: ({ lastError }) => assert.fail(lastError),
    },
  })
  await scheduler.start()
  const plain = { intervalSeconds: 0, calendar: everyMinute, isKept: true } as const
  for (const [key, calendar] of Object.entries(calendars))
    scheduler.configure({ ...plain, key, type: 'calendar', calendar }, true)
  scheduler.configure({ ...plain, key: 'once', type: 'oneshot', calendar: at(2, 30) }, true)
  scheduler.configure({ ...plain, key: 'everyHour', type: 'periodic', intervalSeconds: 3600 } satisfies Schedule, true)
  scheduler.configure({ ...plain, key: 'never', type: 'periodic' }, true)
  while (clock.now() < untilMs) {
    clock.advance(Math.min(60_000, untilMs - clock.now()))
    while (scheduler.isBusy) await new Promise((resolve) => setImmediate(resolve))
  }
  await scheduler.stop()
  assert.equal(runs.has('never'), false)
  return runs
}
