/** castellan logs test: tries a pattern on a file as the log subagent would. */
import { defineCommand } from '../../lib/cli/command.ts'
import { exitCodes } from '../../lib/cli/exit-codes.ts'
import { flag } from '../../lib/cli/options.ts'
import { print, printJson } from '../../lib/cli/print.ts'
import { Follower } from '../../lib/follow/follower.ts'
import { conditionWords } from '../../lib/follow/follower-result.ts'
import { Patterns, patternError } from '../../lib/follow/patterns.ts'
import { printable } from '../../lib/text/escape.ts'
import { systemClock } from '../../lib/time/clock.ts'

export const logsTest = defineCommand({
  name: 'test',
  operands: '<pattern> <file>',
  summary: 'show the lines of a file that a pattern of logagt.cnf would match',
  example: "castellan logs test '^error' /var/log/messages",
  exitCodes: { 0: 'some lines match', 1: 'none does, or the pattern takes too long on some, or is none' },
  options: { json: flag('--json', 'for programs: an object for each line, with its number') },
  hasHome: false,
  async run({ operands: [pattern = '', file = ''], options }) {
    const trial = await tryPattern(pattern, file, (number, line) => {
      if (options.json) printJson({ number, line })
      else print(`${number}: ${printable(line)}\n`)
    })
    const { matches, lines, offending } = trial
    process.stderr.write(`${matches} of ${lines} lines match\n`)
    if (offending > 0)
      process.stderr.write(`on ${offending} lines it took too long; a row with it would be disabled after three\n`)
    return matches > 0 && offending === 0 ? exitCodes.ok : exitCodes.error
  },
})

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
      for (const at of matches) print(trial.lines + at + 1, found[at] ?? '')
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
