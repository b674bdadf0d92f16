/** Asks the subagents of a home about its backups, over their control socket: who owns the home may, with no community or user. */
import { CommandFailure, exitCodes } from '../../../lib/cli/exit-codes.ts'
import { controlSocketOf } from '../../../lib/home/control-socket.ts'
import { type Home, requireHome } from '../../../lib/home/home.ts'
import { requireOwner } from '../../../lib/home/home-trust.ts'
import { ControlError, control } from '../../../lib/process/control.ts'
import { daemonOf } from '../../../lib/process/daemon-identity.ts'
import { printable } from '../../../lib/text/escape.ts'
import { type Assignment, encode, type ShownRow } from '../../../subagents/backup/operator.ts'

/** A row with its columns as text, those it has not being empty. */
export interface Row {
  readonly index: readonly number[]
  /** `enabled`, where getmany prints `enabled(1)`. */
  get(column: string): string
}

export async function rowsOf(home: Home, table: string): Promise<Row[]> {
  const content: unknown = JSON.parse(await ask(home, `backup rows ${table}`))
  if (!Array.isArray(content) || !content.every(isShownRow)) throw new Error('the subagents answered something else')
  return content.map(({ index, values }) => ({
    index,
    get: (column) => (values[column] ?? '').replace(/^([A-Za-z]\w*)\(\d+\)$/, '$1'),
  }))
}

/** All or nothing. Throws what was refused. */
export async function setRows(home: Home, assignments: readonly Assignment[]): Promise<void> {
  await ask(home, `backup set ${encode(assignments)}`)
}

export async function globalsOf(home: Home): Promise<Row> {
  const [row] = await rowsOf(home, 'drsGlobals')
  if (!row) throw new Error('the subagents answered something else')
  return row
}

/** Throws where there is none of that name. */
export async function deviceNamed(home: Home, name: string): Promise<Row> {
  const devices = await rowsOf(home, 'drsDeviceTable')
  const found = devices.find((row) => row.get('drsDeviceName') === name)
  if (found) return found
  const known = devices.map((row) => row.get('drsDeviceName')).join(', ')
  throw new CommandFailure(
    `there is no backup device ${printable(name)}; ${known === '' ? 'add one with: utils disaster_recovery device add' : `known are ${printable(known)}`}`,
  )
}

async function ask(home: Home, line: string): Promise<string> {
  requireHome(home)
  requireOwner(home, 'utils disaster_recovery')
  if (!daemonOf(home, 'subagents'))
    throw new CommandFailure('the subagents do not run; start them with: castellan start', exitCodes.noAnswer)
  try {
    return await control(controlSocketOf(home, 'subagents'), line)
  } catch (error) {
    // It may name what somebody typed, or what a device answered.
    if (error instanceof ControlError) throw new CommandFailure(`utils: ${printable(error.message)}`)
    throw error
  }
}

function isShownRow(one: unknown): one is ShownRow {
  return typeof one === 'object' && one !== null && 'index' in one && Array.isArray(one.index) && 'values' in one
}
