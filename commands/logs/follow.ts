/** castellan logs follow: the logs of a home, live. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { defineCommand } from '../../lib/cli/command.ts'
import { exitCodes } from '../../lib/cli/exit-codes.ts'
import { flag, parsedOr, text, wholeNumber } from '../../lib/cli/options.ts'
import { print, printJson } from '../../lib/cli/print.ts'
import { codeOf, isMissing } from '../../lib/errors.ts'
import { Follower } from '../../lib/follow/follower.ts'
import { domains, foldersOf, type Home, requireHome } from '../../lib/home/home.ts'
import { printable } from '../../lib/text/escape.ts'
import { commandClock, systemClock } from '../../lib/time/clock.ts'
import { pause } from '../../lib/time/pause.ts'

export const logsFollow = defineCommand({
  name: 'follow',
  operands: '[name...]',
  summary: 'show what is written to all logs, or to these, as it is written',
  example: 'castellan logs follow error_log --lines 100',
  exitCodes: { 0: 'it was ended by a signal; with --no-follow, at the end', 1: 'there is no such log or level' },
  options: {
    level: text('--level <level>', 'this level and above: debug, info, notice, warn, error'),
    component: text('--component <name>', 'of this component, such as agent or subagents.log'),
    lines: parsedOr('--lines <n>', 'begin with so many of the last lines', wholeNumber, 10),
    isFollowing: flag('--no-follow', 'end after these'),
    json: flag('--json', 'for programs: an object for each line, with the name of its log'),
  },
  async run({ home, operands, options }) {
    const ending = new AbortController()
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort())
    const { level, component, lines, isFollowing } = options
    const show = (log: string, line: string, isOne: boolean): void => {
      if (options.json) printJson({ log, line })
      else print(`${isOne ? '' : `${log}: `}${printable(line)}\n`)
    }
    const request = { names: operands, level, component, lines, isFollowing, signal: ending.signal, print: show }
    await followLogs(home, request)
    return exitCodes.ok
  },
})

export interface LogFilter {
  /** This level and those above. */
  readonly level?: string | undefined
  /** `agent`, or `agent.usm`; a name stands for what is below it too. */
  readonly component?: string | undefined
}

export interface FollowRequest extends LogFilter {
  /** Names within the log folder; none: all there are. */
  readonly names: readonly string[]
  /** How many of the last lines come first. */
  readonly lines: number
  readonly isFollowing: boolean
  readonly signal: AbortSignal
  /** `isOne`: there is no other log that the line could be of. */
  print(log: string, line: string, isOne: boolean): void
}

const levels = ['debug', 'info', 'notice', 'warn', 'error']
const lookEveryMs = 200
const rotatedOrPacked = /\.(\d+(\.\d+)?(\.gz)?|gz|tmp)$/

/** Prints lines until the signal, or to the end of what is there. Throws when a log is not there or a level is none. */
export async function followLogs(home: Home, request: FollowRequest): Promise<void> {
  requireHome(home)
  if (request.level !== undefined && !levels.includes(request.level))
    throw new Error(`unknown level ${request.level}; the levels are: ${levels.join(', ')}`)
  const there = logsOf(home)
  const unknown = request.names.find((name) => !there.has(name))
  if (unknown !== undefined)
    throw new Error(`there is no log ${printable(unknown)} in ${home.logs}; there are: ${[...there.keys()].join(', ')}`)
  const names = request.names.length > 0 ? request.names : [...there.keys()]
  const isOne = names.length === 1
  const logs = names.flatMap((name) => {
    const path = there.get(name)
    return path === undefined
      ? []
      : [{ name, follower: new Follower({ path, clock: systemClock, startAt: 'beginning' }) }]
  })
  const show = (name: string, line: string): void => {
    if (passes(line, request)) request.print(name, line, isOne)
  }
  for (const { name, follower } of logs) {
    const last: string[] = []
    await toEnd(follower, (line) => {
      if (passes(line, request)) last.push(line)
      if (last.length > request.lines) last.shift()
    })
    for (const line of last) show(name, line)
  }
  while (request.isFollowing && !request.signal.aborted) {
    for (const { name, follower } of logs) await toEnd(follower, (line) => show(name, line))
    await pause(commandClock, lookEveryMs, request.signal)
  }
  for (const { follower } of logs) await follower.close()
}

/** Whether a line is of this level or above, and of this component. A line that does not say is of no level and none. */
export function passes(line: string, { level, component }: LogFilter): boolean {
  const own = /^\S+Z (\w+) +([\w.-]+):/.exec(line)
  if (level !== undefined && levels.indexOf(own?.[1] ?? '') < levels.indexOf(level)) return false
  return component === undefined || own?.[2] === component || (own?.[2]?.startsWith(`${component}.`) ?? false)
}

/** The logs of all processes by their names, with their paths. */
function logsOf(home: Home): Map<string, string> {
  const folders = [home.logs, ...domains.map((domain) => foldersOf(home, domain).logs)]
  const logs = folders.flatMap((folder) =>
    filesIn(folder)
      .filter((name) => !rotatedOrPacked.test(name))
      .map((name): [string, string] => [name, join(folder, name)]),
  )
  return new Map(logs.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** None of a folder that is missing, or that this user may not look into. */
function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name)
  } catch (error) {
    if (isMissing(error) || codeOf(error) === 'EACCES') return []
    throw error
  }
}

async function toEnd(follower: Follower, take: (line: string) => void): Promise<void> {
  for (let hasMore = true; hasMore; )
    ({ hasMore } = await follower.poll(async (found) => () => {
      for (const line of found) take(line)
    }))
}
