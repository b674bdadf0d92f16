import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { silentLog } from '../../../lib/log/log.ts'
import type { RunFailure, Schedule, ScheduleState } from '../../../lib/schedule/schedule.ts'
import { Scheduler } from '../../../lib/schedule/scheduler.ts'
import { fileStore, type SavedSchedules, type ScheduleStore } from '../../../lib/schedule/store.ts'
import { type Calendar, firstMatch } from '../../../lib/time/calendar.ts'
import { ManualClock } from '../../../lib/time/clock.ts'
import { nextRun } from '../../../lib/time/next-run.ts'
import type { Zone } from '../../../lib/time/zone.ts'
import { everyMinute, expectedRuns, range, zoneNamed } from './local-minutes.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const utc: Zone = { offsetMs: () => 0 }
const noonMs = Date.UTC(2026, 10, 20, 12)
const at = (hour: number, minute = 0): Calendar => ({
  ...everyMinute,
  hours: new Set([hour]),
  minutes: new Set([minute]),
})

/** A clock whose hands can be set, and that stands still for timers while the machine sleeps. */
class SettableClock extends ManualClock {
  setByMs = 0

  override now(): number {
    return super.now() + this.setByMs
  }
}

class MemoryStore implements ScheduleStore {
  saved: SavedSchedules | undefined
  saves = 0

  async load(): Promise<SavedSchedules | undefined> {
    return this.saved
  }

  async save(saved: SavedSchedules): Promise<void> {
    this.saved = saved
    this.saves++
  }
}

function bench(startMs = noonMs) {
  const clock = new SettableClock(startMs)
  const store = new MemoryStore()
  const ran: string[] = []
  const told: string[] = []
  let answer: () => Promise<RunFailure | undefined> = async () => undefined
  const show = (timeMs: number | undefined) => new Date(timeMs!).toISOString().slice(5, 19)
  const newScheduler = () =>
    new Scheduler({
      clock,
      zone: utc,
      log: silentLog,
      store,
      run: ({ schedule: { key }, lastMs }) => {
        ran.push(`${key} ${show(lastMs)}`)
        return answer()
      },
      events: {
        failed: ({ schedule: { key }, failures, lastFailure }) => told.push(`${key} failed ${failures} ${lastFailure}`),
        missed: ({ schedule: { key }, missed, lastMissedMs }) =>
          told.push(`${key} missed ${missed} ${show(lastMissedMs)}`),
      },
    })
  let scheduler = newScheduler()
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    clock,
    store,
    ran,
    told,
    settle,
    get scheduler() {
      return scheduler
    },
    answerWith(next: typeof answer): void {
      answer = next
    },
    /** In steps of a minute, with what runs meanwhile ended before the next. */
    async advance(byMs: number): Promise<void> {
      for (let left = byMs; left > 0; left -= minuteMs) {
        clock.advance(Math.min(left, minuteMs))
        await settle()
      }
    },
    /** The agent ends, and comes back after a while. */
    async restart(afterMs: number): Promise<void> {
      await scheduler.stop()
      clock.advance(afterMs)
      scheduler = newScheduler()
      await scheduler.start()
    },
    state: (key = 'one'): ScheduleState => scheduler.find(key)!,
  }
}

const schedule = (more: Partial<Schedule>): Schedule => ({
  key: 'one',
  type: 'calendar',
  intervalSeconds: 0,
  calendar: everyMinute,
  isKept: true,
  ...more,
})

test('a periodic schedule runs after each interval, and never before it has passed, whatever is done to the clock', async () => {
  const { scheduler, clock, ran, advance } = bench()
  await scheduler.start()
  scheduler.configure(schedule({ type: 'periodic', intervalSeconds: 90 }), true)
  await advance(90_000)
  clock.setByMs = 6 * hourMs
  await advance(89_000)
  assert.deepEqual(ran, ['one 11-20T12:01:30'])
  clock.setByMs = -6 * hourMs
  await advance(1000)
  assert.deepEqual(ran, ['one 11-20T12:01:30', 'one 11-20T06:03:00'])
})

test('a changed interval or calendar counts from its change, and other changes leave the next run where it is', async () => {
  const { scheduler, ran, advance, state } = bench()
  await scheduler.start()
  scheduler.configure(schedule({ type: 'periodic', intervalSeconds: 3600 }), true)
  await advance(30 * minuteMs)
  scheduler.configure(schedule({ type: 'periodic', intervalSeconds: 3600 }), true)
  assert.equal(state().nextMs, noonMs + hourMs)
  scheduler.configure(schedule({ type: 'periodic', intervalSeconds: 600 }), true)
  assert.equal(state().nextMs, noonMs + 40 * minuteMs)
  scheduler.configure(schedule({ calendar: at(12, 35) }), true)
  await advance(10 * minuteMs)
  assert.deepEqual(ran, ['one 11-20T12:35:00'])
})

test('what is disabled or removed runs no more', async () => {
  const { scheduler, ran, advance, state } = bench()
  await scheduler.start()
  scheduler.configure(schedule({}), true)
  scheduler.configure(schedule({ key: 'two' }), true)
  await advance(minuteMs)
  scheduler.configure(schedule({}), false)
  assert.equal(state().status, 'disabled')
  assert.equal(state().nextMs, undefined)
  scheduler.remove('two')
  await advance(hourMs)
  assert.equal(ran.length, 2)
})

test('a one-shot runs once and is finished, over a restart too, until it is enabled again', async () => {
  const it = bench()
  const once = schedule({ type: 'oneshot', calendar: at(13) })
  await it.scheduler.start()
  it.scheduler.configure(once, true)
  await it.advance(hourMs)
  assert.equal(it.state().status, 'finished')
  await it.advance(48 * hourMs)
  await it.restart(minuteMs)
  it.scheduler.configure(once, true)
  assert.equal(it.state().status, 'finished')
  assert.equal(it.state().lastMs, noonMs + hourMs)
  await it.advance(48 * hourMs)
  assert.deepEqual(it.ran, ['one 11-20T13:00:00'])
  it.scheduler.configure(once, true, true)
  assert.equal(it.state().status, 'enabled')
  await it.advance(24 * hourMs)
  assert.equal(it.ran.length, 2)
})

test('a run that was due while the agent was away is made up for within five minutes, and not before subagents are back', async () => {
  const it = bench()
  await it.scheduler.start()
  it.scheduler.configure(schedule({ calendar: at(13) }), true)
  await it.advance(hourMs - minuteMs)
  await it.restart(4 * minuteMs)
  it.scheduler.configure(schedule({ calendar: at(13) }), true)
  await it.advance(4000)
  assert.deepEqual(it.ran, [])
  await it.advance(1000)
  assert.deepEqual(it.ran, ['one 11-20T13:03:05'])
  assert.deepEqual(it.told, [])
})

test('a run that was due longer ago is missed: counted, told, and not made up for', async () => {
  const it = bench()
  await it.scheduler.start()
  it.scheduler.configure(schedule({ calendar: at(13) }), true)
  it.scheduler.configure(schedule({ key: 'six', type: 'periodic', intervalSeconds: 6 * 3600 }), true)
  await it.advance(minuteMs)
  await it.restart(3 * 24 * hourMs)
  it.scheduler.configure(schedule({ calendar: at(13) }), true)
  it.scheduler.configure(schedule({ key: 'six', type: 'periodic', intervalSeconds: 6 * 3600 }), true)
  await it.advance(10_000)
  // The last of what an interval lost is made up for: it has no time of the day to be too late for.
  assert.deepEqual(it.told, ['six missed 11 11-23T06:00:00', 'one missed 3 11-22T13:00:00'])
  assert.deepEqual(it.ran, ['six 11-23T12:01:05'])
  assert.match(it.state().lastError, /^3 runs were missed, the last due at 2026-11-22T13:00:00.000Z: Castellan did not/)
  assert.equal(it.state().nextMs, Date.UTC(2026, 10, 23, 13))
  await it.advance(hourMs)
  assert.equal(it.ran.at(-1), 'one 11-23T13:00:00')
  assert.equal(it.state().lastError, '', 'a run that went well leaves no complaint')
})

test('a file with another timing than what was saved starts again, with nothing missed', async () => {
  const it = bench()
  await it.scheduler.start()
  it.scheduler.configure(schedule({ calendar: at(13) }), true)
  await it.restart(3 * 24 * hourMs)
  it.scheduler.configure(schedule({ calendar: at(14) }), true)
  await it.advance(3 * hourMs)
  assert.deepEqual([it.ran, it.told], [['one 11-23T14:00:00'], []])
})

test('a machine that slept through a run misses it and says so; one that slept for a minute runs late', async () => {
  const it = bench()
  await it.scheduler.start()
  it.scheduler.configure(schedule({ calendar: at(13) }), true)
  await it.advance(59 * minuteMs + 30_000)
  it.clock.setByMs = 90_000
  await it.advance(30_000)
  assert.deepEqual(it.ran, ['one 11-20T13:01:30'])
  it.clock.setByMs += 3 * 24 * hourMs + hourMs
  await it.advance(minuteMs)
  assert.deepEqual(it.told, ['one missed 3 11-23T13:00:00'])
  assert.equal(it.ran.length, 1)
  it.clock.setByMs += 2 * 24 * hourMs - hourMs
  await it.advance(minuteMs)
  assert.equal(it.told.at(-1), 'one missed 4 11-24T13:00:00', 'of two that were due the later one is not too late')
  assert.deepEqual(it.ran, ['one 11-20T13:01:30', 'one 11-25T13:03:30'])
})

test('hours that come again because the clock was set back are not run twice; a clock that was days ahead is believed', async () => {
  const it = bench()
  await it.scheduler.start()
  it.scheduler.configure(schedule({ calendar: at(13) }), true)
  await it.advance(hourMs + 10 * minuteMs)
  it.clock.setByMs = -30 * minuteMs
  await it.advance(hourMs)
  assert.deepEqual(it.ran, ['one 11-20T13:00:00'])
  it.clock.setByMs = -30 * 24 * hourMs
  await it.advance(24 * hourMs)
  assert.deepEqual(it.ran, ['one 11-20T13:00:00', 'one 10-22T13:00:00'])
})

test('a clock that begins at 1970 until it is set makes nothing run, and misses what was missed', async () => {
  const it = bench()
  await it.scheduler.start()
  it.scheduler.configure(schedule({ calendar: at(13) }), true)
  await it.advance(minuteMs)
  await it.scheduler.stop()
  const sameStore = bench(0)
  sameStore.store.saved = it.store.saved
  await sameStore.scheduler.start()
  sameStore.scheduler.configure(schedule({ calendar: at(13) }), true)
  await sameStore.advance(24 * hourMs)
  assert.deepEqual([sameStore.ran, sameStore.told], [[], []])
  sameStore.clock.setByMs = Date.UTC(2026, 10, 20, 14) - 24 * hourMs
  await sameStore.advance(minuteMs)
  assert.deepEqual([sameStore.ran, sameStore.told], [[], ['one missed 1 11-20T13:00:00']])
})

test('a process that ends before the clock is set hands on what was saved: 56 years are not missed', async () => {
  const it = bench()
  await it.scheduler.start()
  it.scheduler.configure(schedule({ calendar: at(13) }), true)
  await it.advance(minuteMs)
  await it.scheduler.stop()
  const atBoot = bench(0)
  atBoot.store.saved = it.store.saved
  await atBoot.scheduler.start()
  atBoot.scheduler.configure(schedule({ calendar: at(13) }), true)
  await atBoot.advance(minuteMs)
  await atBoot.restart(minuteMs)
  atBoot.scheduler.configure(schedule({ calendar: at(13) }), true)
  await atBoot.advance(minuteMs)
  atBoot.clock.setByMs = Date.UTC(2026, 10, 20, 12, 30) - 3 * minuteMs
  await atBoot.advance(hourMs)
  assert.deepEqual([atBoot.ran, atBoot.told], [['one 11-20T13:00:00'], []])
})

for (const [clockMs, name] of [
  [0, '1970'],
  [Date.UTC(2024, 0, 1), 'the day its system was built'],
] as const)
  test(`what a process planned while the clock showed ${name} was not missed by the next one`, async () => {
    const it = bench()
    await it.scheduler.start()
    await it.scheduler.stop()
    const both = (of: ReturnType<typeof bench>): void => {
      of.scheduler.configure(schedule({ calendar: at(13) }), true)
      of.scheduler.configure(schedule({ key: 'six', type: 'periodic', intervalSeconds: 6 * 3600 }), true)
    }
    const behind = bench(clockMs)
    behind.store.saved = it.store.saved
    await behind.scheduler.start()
    both(behind)
    await behind.advance(minuteMs)
    await behind.scheduler.stop()
    const set = bench(noonMs + 2 * minuteMs)
    set.store.saved = behind.store.saved
    await set.scheduler.start()
    both(set)
    await set.advance(minuteMs)
    assert.deepEqual([set.ran, set.told], [[], []])
    const same = bench(clockMs)
    same.store.saved = it.store.saved
    await same.scheduler.start()
    both(same)
    await same.advance(minuteMs)
    same.clock.setByMs = noonMs - clockMs
    await same.advance(2 * minuteMs)
    assert.deepEqual([same.ran, same.told], [[], []], 'nor by the same one')
  })

test('a schedule made before the clock was set runs and misses nothing until it is', async () => {
  const it = bench(0)
  await it.scheduler.start()
  it.scheduler.configure(schedule({ calendar: at(13) }), true)
  await it.advance(24 * hourMs)
  assert.deepEqual([it.ran, it.told], [[], []])
  it.clock.setByMs = Date.UTC(2026, 10, 20, 12, 30) - 24 * hourMs
  await it.advance(hourMs)
  assert.deepEqual([it.ran, it.told], [['one 11-20T13:00:00'], []])
})

test('after a clock that was years ahead was put right, schedules run again within an hour', async () => {
  const ahead = bench(Date.UTC(2038, 0, 1))
  await ahead.scheduler.start()
  ahead.scheduler.configure(schedule({ calendar: at(15) }), true)
  await ahead.scheduler.stop()
  const it = bench()
  it.store.saved = ahead.store.saved
  await it.scheduler.start()
  it.scheduler.configure(schedule({ calendar: at(15) }), true)
  await it.advance(4 * hourMs)
  assert.deepEqual([it.ran, it.told], [['one 11-20T15:00:00'], []])
})

test('of more runs than are counted it says so, and when the last of them was due', async () => {
  const it = bench()
  const hourOfMinutes = { ...everyMinute, hours: new Set([3]) }
  await it.scheduler.start()
  it.scheduler.configure(schedule({ calendar: hourOfMinutes }), true)
  it.scheduler.configure(schedule({ key: 'always', calendar: everyMinute }), true)
  await it.advance(minuteMs)
  it.clock.setByMs = 30 * 24 * hourMs
  await it.advance(minuteMs)
  assert.match(it.state().lastError, /^more than 1000 runs were missed, the last due at 2026-12-20T03:59:00.000Z: /)
  assert.deepEqual(it.told, ['one missed 1001 12-20T03:59:00', 'always missed 1000 12-20T12:01:00'])
  assert.equal(it.ran.at(-1), 'always 12-20T12:02:00', 'the last of all is not too late')
})

test('a run that goes on while the next is due does not overlap: the next is missed', async () => {
  const it = bench()
  let end = (_failure?: RunFailure): void => {}
  it.answerWith(() => new Promise((resolve) => (end = resolve)))
  await it.scheduler.start()
  it.scheduler.configure(schedule({}), true)
  await it.advance(3 * minuteMs)
  assert.deepEqual(it.ran, ['one 11-20T12:01:00'])
  assert.equal(it.state().missed, 2)
  assert.match(it.state().lastError, /the run before had not ended/)
  end()
  await it.settle()
  await it.advance(minuteMs)
  assert.deepEqual(it.ran, ['one 11-20T12:01:00', 'one 11-20T12:04:00'])
})

test('a failure is counted once for its run, kept with its status and time, and told', async () => {
  const it = bench()
  it.answerWith(async () => ({ status: 'noAccess', sentence: 'nobody may' }))
  await it.scheduler.start()
  it.scheduler.configure(schedule({}), true)
  await it.advance(2 * minuteMs)
  const { triggers, failures, lastFailure, lastFailedMs, lastError } = it.state()
  assert.deepEqual(
    { triggers, failures, lastFailure, lastFailedMs, lastError },
    { triggers: 2, failures: 2, lastFailure: 'noAccess', lastFailedMs: noonMs + 2 * minuteMs, lastError: 'nobody may' },
  )
  it.answerWith(async () => {
    throw new Error('a bug')
  })
  await it.advance(minuteMs)
  assert.deepEqual(it.told, ['one failed 1 noAccess', 'one failed 2 noAccess', 'one failed 3 genErr'])
})

test('a run is on disk before it is done, so that a crash in between does none twice', async () => {
  const it = bench()
  await it.scheduler.start()
  it.scheduler.configure(schedule({ calendar: at(13) }), true)
  await it.settle()
  let savedAtRun: SavedSchedules | undefined
  it.answerWith(async () => {
    savedAtRun = it.store.saved
    return undefined
  })
  await it.advance(hourMs)
  assert.equal(savedAtRun?.schedules[0]?.lastMs, noonMs + hourMs)
  assert.equal(savedAtRun?.schedules[0]?.nextMs, noonMs + 25 * hourMs)
})

test('volatile schedules and those of a few seconds cost no write for each run', async () => {
  const it = bench()
  await it.scheduler.start()
  it.scheduler.configure(schedule({ key: 'volatile', isKept: false }), true)
  it.scheduler.configure(schedule({ key: 'often', type: 'periodic', intervalSeconds: 10 }), true)
  await it.settle()
  const before = it.store.saves
  for (let second = 0; second < 60; second += 10) await it.advance(10_000)
  assert.equal(it.ran.length, 7)
  assert.equal(it.store.saves, before)
})

test('a file of saved times comes back as it was, and one that is broken is an error and no times', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'schedule-')), 'data', 'schedule.json')
  const store = fileStore(path)
  assert.equal(await store.load(), undefined)
  const saved: SavedSchedules = {
    savedMs: 5,
    schedules: [{ key: '["a","b"]', timing: 'periodic 60', lastMs: 3, nextMs: undefined, isFinished: false }],
  }
  await store.save(saved)
  assert.deepEqual(await store.load(), saved)
  for (const broken of ['{', '[]', '{"savedMs":1,"schedules":[{}]}', readFileSync(path, 'utf8').replace('3', '"x"')]) {
    writeFileSync(path, broken)
    await assert.rejects(store.load())
  }
})

test('days are counted from both ends of a month, and a day that never is has no next run', () => {
  const from = Date.UTC(2027, 1, 10)
  const days = (more: Partial<Calendar>) => firstMatch({ ...at(0), days: new Set(), ...more }, from)
  assert.equal(days({ daysFromEnd: new Set([1]) }), Date.UTC(2027, 1, 28))
  assert.equal(days({ daysFromEnd: new Set([31]) }), Date.UTC(2027, 2, 1), 'r31 is the first of a month of 31 days')
  assert.equal(days({ daysFromEnd: range(1, 31) }), from)
  assert.equal(days({ days: new Set([29]), months: new Set([1]) }), Date.UTC(2028, 1, 29))
  assert.equal(days({ days: new Set([29]), months: new Set([1]), weekDays: new Set([0]) }), Date.UTC(2032, 1, 29))
  assert.equal(days({ days: new Set([30]), months: new Set([1]) }), undefined)
  assert.equal(days({}), undefined, 'no bits name no day')
})

test('the next run is the first minute that the clock on the wall gives, for any calendar around any change of it', () => {
  const zones = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/Santiago'].map(zoneNamed)
  // Some hours before a change of each of them, in either direction.
  const starts = [
    [Date.UTC(2027, 2, 27, 20), Date.UTC(2027, 9, 30, 20)],
    [Date.UTC(2027, 2, 14, 1), Date.UTC(2027, 10, 7, 1)],
    [Date.UTC(2027, 9, 2, 10), Date.UTC(2027, 3, 3, 10)],
    [Date.UTC(2027, 8, 4, 22), Date.UTC(2027, 3, 3, 22)],
  ]
  const some = (last: number, atMost: number) =>
    fc.uniqueArray(fc.integer({ min: 0, max: last }), { minLength: 1, maxLength: atMost }).map((list) => new Set(list))
  const calendars = fc.record({
    weekDays: fc.constantFrom(range(0, 6), new Set([0]), new Set([6, 0])),
    months: fc.constant(range(0, 11)),
    days: fc.constant(range(1, 31)),
    daysFromEnd: fc.constant(new Set<number>()),
    hours: fc.oneof(some(4, 3), fc.constant(range(0, 23))),
    minutes: some(59, 5),
  })
  fc.assert(
    fc.property(
      calendars,
      fc.nat(zones.length - 1),
      fc.nat(1),
      fc.integer({ min: 0, max: 16 * 60 * 60 }),
      (calendar, zoneIndex, direction, seconds) => {
        const zone = zones[zoneIndex]!
        const from = starts[zoneIndex]![direction]! + seconds * 1000
        const expected = expectedRuns(calendar, from, from + 26 * hourMs, zone)
        const found: number[] = []
        for (let next = nextRun(calendar, from, zone); next !== undefined && next <= from + 26 * hourMs; ) {
          found.push(next)
          next = nextRun(calendar, next, zone)
        }
        assert.deepEqual(found, expected)
      },
    ),
    { numRuns: 500 },
  )
})

test('when schedules ran is written down again once the disk has room, though nothing runs meanwhile', async () => {
  const clock = new ManualClock(noonMs)
  let isFull = true
  const saved: SavedSchedules[] = []
  const scheduler = new Scheduler({
    clock,
    zone: utc,
    log: silentLog,
    store: {
      load: async () => undefined,
      save: async (next) => {
        if (isFull) throw new Error('no space left on device')
        saved.push(next)
      },
    },
    run: async () => undefined,
    events: { failed: ({ lastError }) => assert.fail(lastError), missed: ({ lastError }) => assert.fail(lastError) },
  })
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  await scheduler.start()
  scheduler.configure({ key: 'nightly', type: 'calendar', intervalSeconds: 0, calendar: at(2, 30), isKept: true }, true)
  await settle()
  clock.advance(10_000)
  await settle()
  assert.equal(saved.length, 0)
  isFull = false
  clock.advance(10_000)
  await settle()
  assert.deepEqual(
    saved.at(-1)?.schedules.map(({ key }) => key),
    ['nightly'],
  )
  await scheduler.stop()
})
