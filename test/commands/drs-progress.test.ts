/** What utils disaster_recovery shows of a job, and when a schedule runs next. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Row } from '../../commands/utils/disaster-recovery/ask.ts'
import { type JobView, jobLine, ProgressBar } from '../../commands/utils/disaster-recovery/progress.ts'
import { upcomingOf } from '../../commands/utils/disaster-recovery/upcoming.ts'

const running: JobView = {
  ...{ job: 7, type: 'backup', status: 'running', result: 'none', percent: 25, feature: 'SIPD', component: 'data' },
  ...{ octets: 0, startedMs: 1000, file: '', error: '' },
}

test('a bar shows the rate of the last seconds and the time that is left', () => {
  const bar = new ProgressBar()
  assert.equal(bar.line(running, 31_000, 200), 'backup 7 [######..................] 25 %  1:30 left  SIPD data')
  const later = { ...running, octets: 50_000_000, percent: 50 }
  assert.equal(
    bar.line(later, 36_000, 200),
    'backup 7 [############............] 50 %  10.0 MB/s  0:35 left  SIPD data',
  )
  assert.equal(bar.line({ ...later, octets: 55_000_000 }, 46_000, 200).match(/[\d.]+ MB\/s/)?.[0], '0.5 MB/s')
  assert.equal(bar.line(later, 46_000, 40).length, 39, 'it fits the terminal')
})

test('no time is left to tell before anything is done, and hours are shown as such', () => {
  const line = (view: Partial<JobView>): string => new ProgressBar().line({ ...running, ...view }, 3_601_000, 200)
  assert.doesNotMatch(line({ percent: 0 }), /left/)
  assert.doesNotMatch(line({ startedMs: undefined }), /left/)
  assert.match(line({ percent: 20 }), / 4:00:00 left/)
})

test('a job is one line, with its part while it runs and its backup or its error at the end', () => {
  assert.equal(jobLine(running), 'backup 7: running, 25 %, SIPD data')
  const ended = { ...running, status: 'completed', result: 'succeeded', file: 'castellan_x' }
  assert.equal(jobLine(ended), 'backup 7: succeeded, castellan_x')
  assert.equal(jobLine({ ...ended, result: 'failed', error: 'no\u001b[31m space' }).includes('\u001b'), false)
})

test('the next five runs of a schedule are those of its row', () => {
  const row = (values: Readonly<Record<string, string>>): Row => ({ index: [1], get: (column) => values[column] ?? '' })
  const weekly = {
    drsScheduleStart: '2026-12-01T02:00',
    drsScheduleFrequency: 'weekly',
    drsScheduleWeekDays: 'tuesday(2) friday(5)',
    drsScheduleWhenMissed: 'skip',
  }
  const days = upcomingOf(row(weekly), new Date(2026, 10, 30).getTime()).map((run) => new Date(run).getDate())
  assert.deepEqual(days, [1, 4, 8, 11, 15])
  assert.deepEqual(upcomingOf(row({ ...weekly, drsScheduleStart: '-' }), 0), [])
  assert.equal(upcomingOf(row({ ...weekly, drsScheduleFrequency: 'once' }), 0).length, 1)
})
