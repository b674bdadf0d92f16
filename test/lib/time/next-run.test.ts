import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Calendar, firstMatch } from '../../../lib/time/calendar.ts'
import { nextRun } from '../../../lib/time/next-run.ts'
import { nextClockChange, type Zone } from '../../../lib/time/zone.ts'

const numbers = (from: number, to: number): ReadonlySet<number> =>
  new Set(Array.from({ length: to - from + 1 }, (_, at) => from + at))

const always: Calendar = {
  weekDays: numbers(0, 6),
  months: numbers(0, 11),
  days: numbers(1, 31),
  daysFromEnd: numbers(1, 31),
  hours: numbers(0, 23),
  minutes: numbers(0, 59),
}
const halfPastTwo: Calendar = { ...always, hours: new Set([2]), minutes: new Set([30]) }

const hourMs = 3_600_000
/** Central European Time of 2026: from 29 March, 01:00 UTC, to 25 October, 01:00 UTC, two hours ahead, else one. */
const [summerMs, winterMs] = [Date.UTC(2026, 2, 29, 1), Date.UTC(2026, 9, 25, 1)]
const zone: Zone = { offsetMs: (atMs) => (atMs >= summerMs && atMs < winterMs ? 2 : 1) * hourMs }

test('the last day of a month is named from its end, also where a leap year has one day more', () => {
  const none: ReadonlySet<number> = new Set()
  const lastMidnight: Calendar = {
    ...always,
    days: none,
    daysFromEnd: new Set([1]),
    hours: new Set([0]),
    minutes: new Set([0]),
  }
  assert.equal(firstMatch(lastMidnight, Date.UTC(2028, 1, 1)), Date.UTC(2028, 1, 29))
  assert.equal(firstMatch(lastMidnight, Date.UTC(2027, 1, 1)), Date.UTC(2027, 1, 28))
})

test('a day that no year has is never found', () => {
  const none: ReadonlySet<number> = new Set()
  const thirtiethOfFebruary: Calendar = { ...always, months: new Set([1]), days: new Set([30]), daysFromEnd: none }
  assert.equal(firstMatch(thirtiethOfFebruary, Date.UTC(2026, 0, 1)), undefined)
})

test('a local time that a change of the clock leaves out runs once, at the change', () => {
  const before = Date.UTC(2026, 2, 28, 12)
  assert.equal(nextRun(halfPastTwo, before, zone), summerMs)
  assert.equal(nextRun(halfPastTwo, summerMs, zone), Date.UTC(2026, 2, 30, 0, 30))
})

test('a local time that comes twice runs the first time alone', () => {
  const first = Date.UTC(2026, 9, 25, 0, 30)
  assert.equal(nextRun(halfPastTwo, Date.UTC(2026, 9, 24, 12), zone), first)
  assert.equal(nextRun(halfPastTwo, first, zone), Date.UTC(2026, 9, 26, 1, 30))
})

test('a change of the clock is found to the second', () => {
  assert.deepEqual(nextClockChange(zone, Date.UTC(2026, 0, 1), Date.UTC(2026, 11, 31)), {
    atMs: summerMs,
    before: hourMs,
    after: 2 * hourMs,
  })
})
