/** `sip status`: whether sipd runs, and what its workers do. */

import { CommandFailure, exitCodes } from '../../lib/cli/exit-codes.ts'
import { json } from '../../lib/cli/options.ts'
import { print, printJson } from '../../lib/cli/print.ts'
import { printable } from '../../lib/text/escape.ts'
import { formatTable } from '../log/text-table.ts'
import { sipCommand, timeoutOption } from './command.ts'
import { askSipd, runningSipd } from './sipd.ts'

const defaultTimeoutSeconds = 5

export const statusCommand = sipCommand({
  name: 'status',
  summary: 'say whether it runs, with its workers',
  example: 'sip status --json',
  exitCodes: { 0: 'it runs', 1: 'it does not run', 3: 'it runs, and does not answer' },
  options: { json, withinMs: timeoutOption(defaultTimeoutSeconds) },
  run: async ({ home, options: { json: isJson, withinMs } }) => {
    const running = runningSipd(home)
    if (!running) {
      if (isJson) printJson({ running: false, pid: null })
      else print('sipd does not run\n')
      return exitCodes.error
    }
    // What the PID file tells stands, also when the parent says nothing.
    if (!isJson) print(`sipd runs as PID ${running.pid}\n`)
    const asked = await askSipd(home, 'status', withinMs)
      .then(parseStatus)
      .catch((error: CommandFailure) => error)
    const failure = asked instanceof CommandFailure ? asked : undefined
    const status = asked instanceof CommandFailure ? undefined : asked
    if (isJson) printJson({ running: true, pid: running.pid, ...status })
    else if (status) print(formatWorkers(status))
    if (failure) process.stderr.write(`sip: ${failure.message}\n`)
    // It runs; only that it hangs is worse than that nobody listens (yet).
    return failure?.exitCode === exitCodes.noAnswer ? exitCodes.noAnswer : exitCodes.ok
  },
})

export interface WorkerStatus {
  readonly pid: number
  readonly generation: number
  readonly state: string
  readonly transactions: number
  readonly bindings: number
  /** Established calls; null where sipd does not follow them. */
  readonly calls?: number | null
  readonly rssOctets: number
}

export interface SipdStatus {
  readonly generation: number
  /** `up`, or what else it is (RFC 2788, applOperStatus). */
  readonly state?: string
  readonly workers: readonly WorkerStatus[]
}

/** The parent's line of JSON; whatever else it has is kept for --json. */
export function parseStatus(line: string): SipdStatus {
  let status: unknown
  try {
    status = JSON.parse(line)
  } catch {
    status = undefined
  }
  if (isStatus(status)) return status
  throw new CommandFailure(`sipd said something that is no status: ${line.slice(0, 100)}`)
}

function isStatus(value: unknown): value is SipdStatus {
  return typeof value === 'object' && value !== null && 'workers' in value && Array.isArray(value.workers)
}

function formatWorkers({ generation, workers, state = 'up' }: SipdStatus): string {
  const rows = workers.map((worker) => [
    String(worker.pid),
    String(worker.generation),
    printable(String(worker.state)),
    String(worker.transactions),
    String(worker.bindings),
    String(Math.round(worker.rssOctets / 1024)),
  ])
  const heading = ['worker', 'generation', 'state', 'transactions', 'bindings', 'rss KiB']
  return `generation ${generation}, workers: ${workers.length}${state === 'up' ? '' : `, ${printable(state)}`}\n${formatTable([heading, ...rows])}`
}
