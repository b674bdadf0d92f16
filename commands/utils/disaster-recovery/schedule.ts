/** utils disaster_recovery schedule: when backups and drills run. */
import { defineCommand } from '../../../lib/cli/command.ts'
import { CommandFailure, type ExitCode, exitCodes, RefusedError, UsageError } from '../../../lib/cli/exit-codes.ts'
import { json, text } from '../../../lib/cli/options.ts'
import { print, show } from '../../../lib/cli/print.ts'
import type { Home } from '../../../lib/home/home.ts'
import { printable } from '../../../lib/text/escape.ts'
import { commandClock } from '../../../lib/time/clock.ts'
import type { Assignment } from '../../../subagents/backup/operator.ts'
import { deviceNamed, globalsOf, type Row, rowsOf, setRows } from './ask.ts'
import { upcomingOf } from './upcoming.ts'

interface ScheduleOptions {
  readonly device: string | undefined
  readonly start: string | undefined
  readonly frequency: string | undefined
  readonly days: string | undefined
  readonly task: string | undefined
  readonly missed: string | undefined
}

export const scheduleCommand = defineCommand({
  name: 'schedule',
  operands: '<action> [name]',
  summary: 'add, list, change, enable, disable, run or remove a schedule, or show its next runs',
  details:
    'The time of the day of --start is that of all runs, and its day that of monthly ones, the 31st being the last day. The default schedule keeps its name, and cannot be removed.',
  example: 'utils disaster_recovery schedule enable default --device disk',
  exitCodes: { 1: 'there is no such schedule, or it cannot be so', 4: 'refused: another job runs' },
  options: {
    device: text('--device <name>', 'where its backups go'),
    start: text('--start <time>', 'of the first run, such as 2026-12-01T02:00'),
    frequency: text('--frequency <word>', 'once, daily, weekly or monthly'),
    days: text('--days <names>', 'of weekly ones, such as tuesday,friday'),
    task: text('--task <task>', 'backup or drill'),
    missed: text('--when-missed <word>', 'skip or runLate'),
    json,
  },
  async run({ home, operands: [action, name = ''], options }) {
    if (action === 'list') return list(home, options.json)
    if (name === '') throw new UsageError('expected the name of a schedule')
    if (action === 'add') return add(home, name, options)
    const row = await scheduleNamed(home, name)
    switch (action) {
      case 'change':
        return set(home, row, await columnsOf(home, options), 'changed')
      case 'enable':
        return set(home, row, { ...(await columnsOf(home, options)), drsScheduleAdminStatus: 'enabled' }, 'enabled')
      case 'disable':
        return set(home, row, { drsScheduleAdminStatus: 'disabled' }, 'disabled')
      case 'run':
        return run(home, row)
      case 'runs':
        return showRuns(row, options.json)
      case 'remove':
        return set(home, row, { drsScheduleRowStatus: 'destroy' }, 'removed')
      default:
        throw new UsageError('expected add, list, change, enable, disable, run, runs or remove')
    }
  },
})

async function list(home: Home, isJson: boolean): Promise<ExitCode> {
  const devices = new Map(
    (await rowsOf(home, 'drsDeviceTable')).map((row) => [String(row.index[0]), row.get('drsDeviceName')]),
  )
  const schedules = (await rowsOf(home, 'drsScheduleTable')).map((row) => ({
    name: row.get('drsScheduleName'),
    task: row.get('drsScheduleTask'),
    device: devices.get(row.get('drsScheduleDevice')) ?? '',
    status: row.get('drsScheduleAdminStatus'),
    frequency: row.get('drsScheduleFrequency'),
    nextRun: row.get('drsScheduleNextRun'),
    nextRuns: runsOf(row),
    lastResult: row.get('drsScheduleLastResult'),
    error: row.get('drsScheduleError'),
  }))
  const line = (one: (typeof schedules)[number]): string => {
    const place = one.device === '' ? 'no device' : `to ${one.device}`
    const next = one.nextRun === '-' ? '' : `, next run ${one.nextRun}`
    const last = one.lastResult === 'none' ? '' : `, the last one ${one.lastResult}`
    return printable(`${one.name}: ${one.frequency} ${one.task} ${place}, ${one.status}${next}${last}`)
  }
  show(schedules, isJson, () => schedules.map((one) => `${line(one)}\n`).join('') || 'there are no schedules\n')
  return exitCodes.ok
}

/** As a schedule that is enabled takes them. */
const runsOf = (row: Row): string[] => upcomingOf(row, commandClock.now()).map((runMs) => new Date(runMs).toISOString())

function showRuns(row: Row, isJson: boolean): ExitCode {
  const isEnabled = row.get('drsScheduleAdminStatus') === 'enabled'
  const name = printable(row.get('drsScheduleName'))
  const runs = runsOf(row)
  const remark = isEnabled ? '' : `${name} is disabled; once it is enabled it runs at:\n`
  const none = `${name} runs no more; give it another --start\n`
  show({ enabled: isEnabled, nextRuns: runs }, isJson, () =>
    runs.length === 0 ? none : `${remark}${runs.map((run) => `${run}\n`).join('')}`,
  )
  return exitCodes.ok
}

async function scheduleNamed(home: Home, name: string): Promise<Row> {
  const found = (await rowsOf(home, 'drsScheduleTable')).find((row) => row.get('drsScheduleName') === name)
  if (!found)
    throw new CommandFailure(`there is no schedule ${printable(name)}; see: utils disaster_recovery schedule list`)
  return found
}

async function columnsOf(home: Home, options: ScheduleOptions): Promise<Readonly<Record<string, string>>> {
  const { device, start, frequency, days, task, missed } = options
  const given = {
    drsScheduleDevice: device === undefined ? undefined : String((await deviceNamed(home, device)).index[0]),
    drsScheduleStart: start,
    drsScheduleFrequency: frequency,
    drsScheduleWeekDays: days,
    drsScheduleTask: task,
    drsScheduleWhenMissed: missed,
  }
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]])),
  )
}

async function add(home: Home, name: string, options: ScheduleOptions): Promise<ExitCode> {
  if (options.start === undefined) throw new UsageError('expected --start, such as 2026-12-01T02:00')
  const index = (await globalsOf(home)).get('drsScheduleNextIndex')
  if (index === '0') throw new CommandFailure('there are as many schedules as there can be; remove one')
  const columns = { drsScheduleName: name, ...(await columnsOf(home, options)), drsScheduleRowStatus: 'createAndGo' }
  await setRows(home, assignments(columns, index))
  print(`added schedule ${printable(name)}; it is disabled: utils disaster_recovery schedule enable\n`)
  return exitCodes.ok
}

async function set(home: Home, row: Row, columns: Readonly<Record<string, string>>, what: string): Promise<ExitCode> {
  if (Object.keys(columns).length === 0) throw new UsageError('expected something to change')
  await setRows(home, assignments(columns, String(row.index[0])))
  print(`${what} schedule ${printable(row.get('drsScheduleName'))}\n`)
  return exitCodes.ok
}

async function run(home: Home, row: Row): Promise<ExitCode> {
  const current = (await globalsOf(home)).get('drsCurrentJob')
  if (current !== '0') throw new RefusedError(`job ${current} is running`)
  return set(home, row, { drsScheduleRunNow: 'run' }, 'started')
}

function assignments(columns: Readonly<Record<string, string>>, index: string): Assignment[] {
  return Object.entries(columns).map(([column, value]) => [`${column}.${index}`, value])
}
