/** Runs a row's commands: one at a time, without a shell, with what it is about in the environment. */

import { describeExit, exitCodeOf, isSuccess } from '../../lib/program/exit.ts'
import { type Launcher, ownLauncher } from '../../lib/program/launcher.ts'
import { runProgram } from '../../lib/program/run.ts'
import { parseCommand } from '../../lib/text/command.ts'
import type { Clock } from '../../lib/time/clock.ts'

/** What a command is given; each becomes CASTELLAN_LOG_<NAME>. */
export type CommandWords = Readonly<Record<'FILE' | 'DESCR' | 'LINE' | 'MATCHES' | 'SIZE' | 'REASON', string>>

export interface RunnerOptions {
  readonly clock: Clock
  /** `result` is the exit status, -1 when there is none; the sentence says what went wrong. */
  ended(result: number, problem: string | undefined): void
  /** A command that runs longer is killed. */
  readonly limitMs?: number
  /** Whose limits it has; ours by default. */
  readonly launcher?: Launcher | undefined
}

/** Matches that come while a command runs wait, and are given as a number to the next run. */
const maxWaiting = 8

interface Waiting {
  readonly command: string
  words: CommandWords
  count: number
}

export class Runner {
  readonly #options: RunnerOptions
  readonly #waiting: Waiting[] = []
  #isRunning = false

  constructor(options: RunnerOptions) {
    this.#options = options
  }

  /** CASTELLAN_LOG_COUNT says how many occasions a run stands for, the last of which the other words describe. */
  run(command: string, words: CommandWords): void {
    const same = this.#waiting.find((one) => one.command === command && one.words.REASON === words.REASON)
    if (same) {
      same.words = words
      same.count++
    } else if (this.#waiting.length < maxWaiting) this.#waiting.push({ command, words, count: 1 })
    this.#next()
  }

  #next(): void {
    if (this.#isRunning) return
    const next = this.#waiting.shift()
    if (!next) return
    const { clock, ended, limitMs = 60_000, launcher = ownLauncher } = this.#options
    const finish = (result: number, problem?: string): void => {
      if (!this.#isRunning) return
      this.#isRunning = false
      ended(result, problem)
      this.#next()
    }
    this.#isRunning = true
    const parsed = parseCommand(next.command)
    if ('error' in parsed) {
      finish(-1, `its command cannot be read: ${parsed.error}`)
      return
    }
    const variables = variablesOf(next.words, next.count)
    void runProgram({ argv: parsed.argv, variables, limitMs, clock, launcher, maxOctets: 0 }).then(({ exit }) =>
      finish(exitCodeOf(exit), isSuccess(exit) ? undefined : `the command ${describeExit(exit)}`),
    )
  }
}

function variablesOf(words: CommandWords, count: number): Record<string, string> {
  const variables: Record<string, string> = { CASTELLAN_LOG_COUNT: String(count) }
  // The environment holds no NUL.
  for (const [name, value] of Object.entries(words))
    variables[`CASTELLAN_LOG_${name}`] = value.replaceAll('\0', '\uFFFD')
  return variables
}
