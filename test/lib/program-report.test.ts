import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createLog } from '../../lib/log/log.ts'
import { ProgramReports, type ReportedProgram, readReport } from '../../lib/program/program-report.ts'
import { ManualClock } from '../../lib/time/clock.ts'
import { until } from '../support/appliance.ts'

const folder = mkdtempSync(join(tmpdir(), 'castellan-reports-'))
after(() => rmSync(folder, { recursive: true }))
let made = 0

/** Reports of a program with a file of its own, a clock moved by hand, and the lines it logs. */
function reporting(program: Partial<ReportedProgram>) {
  const path = join(folder, `report-${++made}`)
  const lines: string[] = []
  const clock = new ManualClock()
  const log = createLog({ component: 'test', write: (line) => lines.push(line) })
  const whole = { path, program: 'sh', args: [], everyMs: 5000, limitMs: 10_000, ...program }
  return { path, lines, clock, reports: new ProgramReports([whole], { clock, log }) }
}

test('what a program prints is in its file, for others to read; the same again only makes it young', async () => {
  const input = join(folder, 'printed')
  writeFileSync(input, 'one')
  const { path, reports } = reporting({ args: ['-c', `cat ${input}`] })
  await reports.refresh()
  assert.equal(readFileSync(path, 'utf8'), 'one')
  const first = statSync(path)
  assert.equal(first.mode & 0o777, 0o644)
  utimesSync(path, 1, 1)
  assert.equal(await readReport(path, 60_000), undefined, 'nobody found it true for years')
  await reports.refresh()
  assert.equal(await readReport(path, 60_000), 'one')
  assert.equal(statSync(path).ino, first.ino)
  writeFileSync(input, 'two')
  await reports.refresh()
  assert.equal(await readReport(path, 60_000), 'two')
  assert.notEqual(statSync(path).ino, first.ino, 'replaced, so that nobody sees a part of it')
})

test('it runs at once and then every so often, and not any more after stop', async () => {
  const count = join(folder, 'count')
  const { path, clock, reports } = reporting({ args: ['-c', `echo x >> ${count}; cat ${count}`] })
  const runs = (): number => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0)
  reports.start()
  await until(() => runs() === 1, 5000)
  // A round that comes while the one before still ends is left out.
  await until(() => {
    if (runs() < 2) clock.advance(5000)
    return runs() === 2
  }, 5000)
  reports.stop()
  clock.advance(60_000)
  await reports.refresh()
  assert.equal(readFileSync(count, 'utf8').length, 4)
})

test('a program that is not here is told once, and leaves no file', async () => {
  const { path, lines, reports } = reporting({ program: 'no-such-program-of-castellan' })
  await reports.refresh()
  await reports.refresh()
  assert.equal(lines.length, 1)
  assert.match(lines[0]!, /a program is not here, and the rows it would give are left out program=no-such/)
  assert.equal(existsSync(path), false)
})

test('a program that fails is told once and once when it works again; its last report grows old meanwhile', async () => {
  const broken = join(folder, 'broken')
  const { path, lines, reports } = reporting({ args: ['-c', `test ! -e ${broken} || exit 3; echo fine`] })
  await reports.refresh()
  utimesSync(path, 1, 1)
  writeFileSync(broken, '')
  await reports.refresh()
  await reports.refresh()
  assert.equal(await readReport(path, 60_000), undefined)
  rmSync(broken)
  await reports.refresh()
  assert.equal(await readReport(path, 60_000), 'fine\n')
  assert.equal(lines.length, 2, lines.join(''))
  assert.match(lines[0]!, /a program fails/)
  assert.match(lines[1]!, /a program answers again/)
})

test('a program that does not end is ended at its limit, one that runs at stop with it', async () => {
  const pidFile = join(folder, 'pid')
  const args = ['-c', `echo $$ > ${pidFile}; exec sleep 600`]
  const isThere = (): boolean => existsSync(`/proc/${readFileSync(pidFile, 'utf8').trim()}`)
  const limited = reporting({ args, limitMs: 200 })
  await limited.reports.refresh()
  assert.match(limited.lines.join(''), /a program fails.*sh took longer than 0.2 s/)
  await until(() => !isThere(), 5000, 'its end')
  rmSync(pidFile)
  const { lines, reports } = reporting({ args })
  const ended = reports.refresh()
  await until(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== '', 5000)
  reports.stop()
  await ended
  await until(() => !isThere(), 5000, 'its end')
  assert.deepEqual(lines, [])
})

test('one that reads a file runs when that has changed, and never without it or beside a better source', async () => {
  const [input, better, count] = ['input', 'better', 'counted'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const args = ['-c', `echo x >> ${count}; cat ${input}`]
  const { path, lines, reports } = reporting({ args, reads: [input, `${input}.log`], unless: better })
  const runs = (): number => (existsSync(count) ? readFileSync(count, 'utf8').length / 2 : 0)
  await reports.refresh()
  assert.equal(runs(), 0)
  writeFileSync(input, 'a')
  await reports.refresh()
  await reports.refresh()
  assert.deepEqual([runs(), readFileSync(path, 'utf8')], [1, 'a'])
  writeFileSync(`${input}.log`, 'more')
  await reports.refresh()
  assert.equal(runs(), 2)
  writeFileSync(better, 'b')
  writeFileSync(input, 'abc')
  await reports.refresh()
  assert.deepEqual([runs(), lines.length], [2, 0])
})
