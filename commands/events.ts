/** castellan events: what is watched and how near it is, and what other thresholds would have told. */

import { type Command, InvalidArgumentError } from 'commander'
import { writePainted } from '../lib/cli/command-output.ts'
import { messageOf } from '../lib/errors.ts'
import { resolveHome } from '../lib/home/home.ts'
import { jsonText } from '../lib/text/escape.ts'
import { ResponseError, TimeoutError } from '../snmp/manager/manager.ts'
import { formatEvents, listEvents } from './events-list.ts'
import { formatTrial, trialToJson, tryEvents } from './events-test.ts'

interface EventsOptions {
  readonly home?: string
  readonly json?: boolean
}

interface TestOptions extends EventsOptions {
  readonly file?: string
  readonly samples?: string
  readonly since?: number
}

/** Exit codes as the tools have them: 3 when no answer came in time, 4 when the agent refused. */
export function addEventsCommands(program: Command, setExitCode: (code: number) => void): void {
  const events = program
    .command('events')
    .description('thresholds: what is watched and how near it is, and what others would have told')
    .exitOverride()
  const homeOption = ['--home <dir>', 'the appliance (CASTELLAN_HOME, or var/ beside the program)'] as const
  const run = async (act: () => Promise<string>): Promise<void> => {
    try {
      writePainted(await act())
    } catch (error) {
      const code = exitCodeOf(error)
      if (code === undefined) throw error
      process.stderr.write(`castellan: ${messageOf(error)}\n`)
      setExitCode(code)
    }
  }
  const isColoured = (): boolean => process.stdout.isTTY && !process.env.NO_COLOR
  events
    .command('list', { isDefault: true })
    .description('every trigger and instance: value, thresholds, distance, state; what needs attention first')
    .option(...homeOption)
    .option('--json', 'for programs')
    .action(({ home, json }: EventsOptions) =>
      run(async () => {
        const watched = await listEvents(resolveHome(home))
        return json ? `${jsonText(watched)}\n` : formatEvents(watched, isColoured())
      }),
    )
  events
    .command('test [name...]')
    .description('replay recorded samples through the rows of a file, all that are on or these: what would have fired')
    .option(...homeOption)
    .option('--file <file>', 'rows as in eventagt.cnf, to be tried before they are in force')
    .option('--samples <file>', "other samples than the home's: time,object,value as CSV, or a ring")
    .option('--since <time>', 'only samples since 2026-01-02T03:04:05Z, or for so long: 90m, 12h, 7d', timeOf)
    .option('--json', 'for programs')
    .action((names: string[], { home, json, file, samples, since }: TestOptions) =>
      run(async () => {
        const trial = await tryEvents(resolveHome(home), { names, file, samples, sinceMs: since })
        return json ? `${jsonText(trialToJson(trial))}\n` : formatTrial(trial, isColoured())
      }),
    )
}

function exitCodeOf(error: unknown): number | undefined {
  if (error instanceof TimeoutError) return 3
  if (!(error instanceof ResponseError)) return undefined
  return error.status === 'noAccess' || error.status === 'authorizationError' ? 4 : 1
}

const unitsMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function timeOf(text: string): number {
  const [, amount, unit] = /^(\d+)([smhd])$/.exec(text) ?? []
  const timeMs = unit === undefined ? Date.parse(text) : Date.now() - Number(amount) * unitsMs[unit]!
  if (Number.isNaN(timeMs))
    throw new InvalidArgumentError('a time such as 2026-01-02T03:04:05Z, or 90m, 12h, 7d is due')
  return timeMs
}
