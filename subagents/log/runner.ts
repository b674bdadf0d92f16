/** Runs a row's commands: one at a time, without a shell, with what it is about in the environment. */
import { spawn } from 'node:child_process'
import type { Clock } from '../../lib/clock.ts'
import { parseCommand } from '../../lib/command.ts'

/** What a command is told; each becomes CASTELLAN_LOG_<NAME>. */
export type CommandWords = Readonly<Record<'FILE' | 'DESCR' | 'LINE' | 'MATCHES' | 'SIZE' | 'REASON', string>>

export interface RunnerOptions {
  readonly clock: Clock
  /** `result` is the exit status, -1 when there is none; the sentence says what went wrong. */
  ended(result: number, problem: string | undefined): void
  /** A command that runs longer is killed. */
  readonly limitMs?: number
}

/** Matches that come while a command runs wait, and are told as a number to the next run. */
const passedOn = ['PATH', 'HOME', 'LANG', 'TZ', 'CASTELLAN_HOME']
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

  /** CASTELLAN_LOG_COUNT tells a command how many occasions it stands for, the last of which the other words describe. */
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
    const { clock, ended, limitMs = 60_000 } = this.#options
    const finish = (result: number, problem?: string): void => {
      if (!this.#isRunning) return
      this.#isRunning = false
      ended(result, problem)
      this.#next()
    }
    this.#isRunning = true
    const parsed = parseCommand(next.command)
    if ('error' in parsed) {
      finish(-1, `command ${next.command}: ${parsed.error}`)
      return
    }
    const [program, ...args] = parsed.argv
    const env = environment(next.words, next.count)
    const child = spawn(program, args, { env, detached: true, stdio: 'ignore', cwd: '/' })
    const limit = clock.after(limitMs, () => {
      try {
        process.kill(-child.pid!, 'SIGKILL')
      } catch {
        // it ended by itself
      }
    })
    child.on('error', (error) => {
      limit.cancel()
      finish(-1, `command ${program} could not be run: ${error.message}`)
    })
    child.on('exit', (code, signal) => {
      limit.cancel()
      const how = signal ? `was ended by ${signal}` : `ended with ${code}`
      finish(code ?? -1, code === 0 ? undefined : `command ${program} ${how}`)
    })
    child.unref()
  }
}

function environment(words: CommandWords, count: number): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { CASTELLAN_LOG_COUNT: String(count) }
  for (const name of passedOn) if (process.env[name] !== undefined) env[name] = process.env[name]
  // The environment holds no NUL.
  for (const [name, value] of Object.entries(words)) env[`CASTELLAN_LOG_${name}`] = value.replaceAll('\0', '\uFFFD')
  return env
}
