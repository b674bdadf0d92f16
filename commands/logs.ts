/** castellan logs: follows the logs of a home live, and tries a pattern on a file as the log subagent would. */

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf, isMissing } from '../lib/errors.ts'
import { Follower } from '../lib/follow/follower.ts'
import { conditionWords } from '../lib/follow/follower-result.ts'
import { Patterns, patternError } from '../lib/follow/patterns.ts'
import { domains, foldersOf, type Home, requireHome } from '../lib/home/home.ts'
import { printable } from '../lib/text/escape.ts'
import { commandClock, systemClock } from '../lib/time/clock.ts'
import { pause } from '../lib/time/pause.ts'

export interface LogFilter {
  /** This level and those above. */
  readonly level?: string | undefined
  /** `agent`, or `agent.usm`; a name stands for what is below it too. */
  readonly component?: string | undefined
}

export interface FollowWish extends LogFilter {
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
export async function followLogs(home: Home, wish: FollowWish): Promise<void> {
  requireHome(home)
  if (wish.level !== undefined && !levels.includes(wish.level))
    throw new Error(`unknown level ${wish.level}; the levels are: ${levels.join(', ')}`)
  const there = logsOf(home)
  const unknown = wish.names.find((name) => !there.has(name))
  if (unknown !== undefined)
    throw new Error(`there is no log ${printable(unknown)} in ${home.logs}; there are: ${[...there.keys()].join(', ')}`)
  const names = wish.names.length > 0 ? wish.names : [...there.keys()]
  const isOne = names.length === 1
  const logs = names.map((name) => ({
    name,
    follower: new Follower({ path: there.get(name)!, clock: systemClock, startAt: 'beginning' }),
    last: [] as string[],
  }))
  const show = (name: string, line: string): void => {
    if (passes(line, wish)) wish.print(name, line, isOne)
  }
  for (const { name, follower, last } of logs) {
    await toEnd(follower, (line) => {
      if (passes(line, wish)) last.push(line)
      if (last.length > wish.lines) last.shift()
    })
    for (const line of last) show(name, line)
  }
  while (wish.isFollowing && !wish.signal.aborted) {
    for (const { name, follower } of logs) await toEnd(follower, (line) => show(name, line))
    await pause(commandClock, lookEveryMs, wish.signal)
  }
  for (const { follower } of logs) await follower.close()
}

/** Whether a line is of this level or above, and of this component. A line that does not say is of no level and none. */
export function passes(line: string, { level, component }: LogFilter): boolean {
  const own = /^\S+Z (\w+) +([\w.-]+):/.exec(line)
  if (level !== undefined && levels.indexOf(own?.[1] ?? '') < levels.indexOf(level)) return false
  return component === undefined || own?.[2] === component || (own?.[2]?.startsWith(`${component}.`) ?? false)
}

export interface PatternTrial {
  readonly lines: number
  readonly matches: number
  /** Lines on which the pattern took too long. */
  readonly offending: number
}

/** Tries a pattern on every line of a file. Throws when it is none, or the file cannot be read. */
export async function tryPattern(
  source: string,
  path: string,
  print: (number: number, line: string) => void,
): Promise<PatternTrial> {
  const error = patternError(source)
  if (error) throw new Error(`${source} is not a regular expression: ${error}`)
  const patterns = new Patterns({ clock: systemClock })
  const follower = new Follower({ path, clock: systemClock, startAt: 'beginning' })
  const trial = { lines: 0, matches: 0, offending: 0 }
  const tryOn = async (found: readonly string[]) => {
    const { matches, offending } = await patterns.match({ source, start: 0, stop: 0 }, found)
    return () => {
      for (const at of matches) print(trial.lines + at + 1, found[at]!)
      trial.lines += found.length
      trial.matches += matches.length
      trial.offending += offending.length
    }
  }
  try {
    for (let hasMore = true; hasMore; ) {
      const result = await follower.poll(tryOn)
      if (result.condition !== 'ok') throw new Error(`${path} ${conditionWords[result.condition]}`)
      hasMore = result.hasMore
    }
    // The last line of an old file need not have an end.
    await follower.readLastLine(tryOn)
  } finally {
    await follower.close()
    await patterns.close()
  }
  return trial
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
