/** Starts a job and, unless it is to go on by itself, shows how far it is until its end. */
import { CommandFailure, type ExitCode, exitCodes, RefusedError } from '../../../lib/cli/exit-codes.ts'
import { print } from '../../../lib/cli/print.ts'
import type { Home } from '../../../lib/home/home.ts'
import { printable } from '../../../lib/text/escape.ts'
import { commandClock } from '../../../lib/time/clock.ts'
import { pause } from '../../../lib/time/pause.ts'
import type { Assignment } from '../../../subagents/backup/operator.ts'
import { globalsOf, type Row, rowsOf, setRows } from './ask.ts'

const lookEveryMs = 500

/** Gives its number. `columns` are those of drsJobTable, without the index. Throws RefusedError while another runs. */
export async function startJob(home: Home, columns: Readonly<Record<string, string>>): Promise<number> {
  const globals = await globalsOf(home)
  const current = globals.get('drsCurrentJob')
  if (current !== '0')
    throw new RefusedError(`job ${current} is running; wait for its end, or run: utils disaster_recovery cancel_backup`)
  const job = globals.get('drsJobNextIndex')
  const all = Object.entries({ ...columns, drsJobRowStatus: 'createAndGo' })
  await setRows(
    home,
    all.map(([column, value]): Assignment => [`${column}.${job}`, value]),
  )
  return Number(job)
}

export async function jobNumbered(home: Home, job: number): Promise<Row | undefined> {
  return (await rowsOf(home, 'drsJobTable')).find(({ index }) => index[0] === job)
}

/** Prints each change, and at the end how it ended. */
export async function followJob(home: Home, job: number): Promise<ExitCode> {
  let shown = ''
  for (;;) {
    const row = await jobNumbered(home, job)
    if (!row) throw new CommandFailure(`job ${job} no longer exists; see: utils disaster_recovery history`)
    const line = jobLine(row)
    if (line !== shown) print(`${line}\n`)
    shown = line
    if (row.get('drsJobStatus') === 'completed') return exitCodeOfJob(row)
    await pause(commandClock, lookEveryMs)
  }
}

export function jobLine(row: Row): string {
  const [job] = row.index
  const head = `${row.get('drsJobType')} ${job}`
  if (row.get('drsJobStatus') !== 'completed') {
    const part = [row.get('drsJobFeature'), row.get('drsJobComponent')].filter((name) => name !== '').join(' ')
    return printable(
      `${head}: ${row.get('drsJobStatus')}, ${row.get('drsJobPercent')} %${part === '' ? '' : `, ${part}`}`,
    )
  }
  const error = row.get('drsJobError')
  const set = row.get('drsJobFileName')
  const tail = error === '' ? (set === '' ? '' : `, ${set}`) : `: ${error}`
  return printable(`${head}: ${row.get('drsJobResult')}${tail}`)
}

export function exitCodeOfJob(row: Row): ExitCode {
  return /^succeeded/.test(row.get('drsJobResult')) ? exitCodes.ok : exitCodes.error
}
