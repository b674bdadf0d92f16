/** A program that reads a log from its standard input; when it ends it is started again, after a growing delay. */

import { messageOf } from '../../lib/errors.ts'
import type { Log } from '../../lib/log/log.ts'
import { describeExit, exitCodeOf } from '../../lib/program/exit.ts'
import type { Program } from '../../lib/program/program.ts'
import { startProgram } from '../../lib/program/start.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import { countLines } from './line-queue.ts'
import { logProgramPath } from './log-program.ts'
import type { Outlet } from './outlet.ts'

export interface PipeOptions {
  readonly argv: readonly [string, ...string[]]
  /** The folder the program works in, so that relative paths among its arguments are those of sipd.conf. */
  readonly folder: string
  readonly clock: Clock
  readonly log: Log
  /** Told how many lines were with the program when it ended: it may have taken some of them. */
  readonly onLost: (lines: number) => void
}

const firstDelayMs = 1000
const longestDelayMs = 60_000
/** A program that lived this long has earned the shortest delay again. */
const settledMs = 60_000
/** At its end the program has so long for what it has not read yet. */
const endWithinMs = 2000
/** What one write hands over; more would be lost at once when the program ends in the middle. */
const longestWriteOctets = 65_536

export class PipeOutlet implements Outlet {
  readonly name: string
  readonly #options: PipeOptions
  #program: Program | undefined
  #delayMs = firstDelayMs
  #restart: Timer | undefined
  #isClosed = false

  private constructor(options: PipeOptions) {
    this.name = `|${options.argv.join(' ')}`
    this.#options = options
  }

  /** Resolves when the program runs. Throws when it cannot be started: then the configuration is wrong. */
  static async open(options: PipeOptions): Promise<PipeOutlet> {
    const outlet = new PipeOutlet(options)
    try {
      await outlet.#start()
    } catch (error) {
      throw new Error(`the log program ${options.argv[0]} cannot be started: ${messageOf(error)}`, {
        cause: error,
      })
    }
    return outlet
  }

  async write(octets: Uint8Array): Promise<number> {
    const stdin = this.#program?.input
    if (!stdin?.writable) throw new Error('the program does not run')
    const part = octets.length <= longestWriteOctets ? octets : wholeLines(octets)
    await new Promise<void>((resolve) => {
      stdin.write(part, (error) => {
        // Some of it may have been read before the program ended; repeating it would write those lines twice.
        if (error) this.#options.onLost(countLines(part))
        resolve()
      })
    })
    return part.length
  }

  /** Nothing to do: how its files are moved aside is the program's own affair. */
  async reopen(): Promise<void> {}

  async close(): Promise<void> {
    this.#isClosed = true
    this.#restart?.cancel()
    const program = this.#program
    if (!program) return
    program.input?.end()
    const timer = this.#options.clock.after(endWithinMs, () => {
      this.#options.log.warn('a log program did not end with its input and was killed', { program: this.name })
      program.signal('SIGKILL')
    })
    await program.exited
    timer.cancel()
  }

  async #start(): Promise<void> {
    const { argv, folder, clock, log } = this.#options
    const startedMs = clock.monotonicMs()
    const program = startProgram({
      argv,
      folder,
      variables: { PATH: logProgramPath() },
      input: 'pipe',
      errors: 'inherit',
    })
    if (program.pid === undefined) {
      const exit = await program.exited
      throw new Error(exit.kind === 'notStarted' ? exit.reason : describeExit(exit))
    }
    this.#program = program
    if (this.#isClosed) program.input?.end()
    void program.exited.then((exit) => {
      this.#program = undefined
      program.input?.destroy() // a child of its own may hold the other end, and a write would wait for it
      if (this.#isClosed) return
      if (clock.monotonicMs() - startedMs >= settledMs) this.#delayMs = firstDelayMs
      log.error('a log program ended; it is started again', {
        program: this.name,
        ...(exit.kind === 'signalled' ? { signal: exit.signal } : { code: exitCodeOf(exit) }),
        inMs: this.#delayMs,
      })
      this.#startLater()
    })
  }

  #startLater(): void {
    const { clock, log } = this.#options
    this.#restart = clock.after(this.#delayMs, () => {
      this.#start().catch((error: Error) => {
        log.error('a log program cannot be started; it is tried again', {
          program: this.name,
          error: error.message,
          inMs: this.#delayMs,
        })
        this.#startLater()
      })
    })
    this.#delayMs = Math.min(longestDelayMs, this.#delayMs * 2)
  }
}

/** As many whole lines as one write hands over, and at least one. */
function wholeLines(octets: Uint8Array): Uint8Array {
  const lastFitting = octets.lastIndexOf(0x0a, longestWriteOctets - 1)
  const end = lastFitting >= 0 ? lastFitting : octets.indexOf(0x0a)
  return end < 0 ? octets : octets.subarray(0, end + 1)
}
