/** A program that reads a log from its standard input; when it ends it is started again, after a growing delay. */
import { type ChildProcess, spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'
import type { Writable } from 'node:stream'
import type { Clock, Timer } from '../../lib/clock.ts'
import { programRoot } from '../../lib/home.ts'
import type { Log } from '../../lib/log.ts'
import { countLines } from './line-queue.ts'
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
  #child: ChildProcess | undefined
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
      throw new Error(`the log program ${options.argv[0]} cannot be started: ${(error as Error).message}`, {
        cause: error,
      })
    }
    return outlet
  }

  async write(octets: Uint8Array): Promise<number> {
    const stdin = this.#child?.stdin
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
    const child = this.#child
    if (!child) return
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.stdin?.end()
    const timer = this.#options.clock.after(endWithinMs, () => {
      this.#options.log.warn('a log program did not end with its input and was killed', { program: this.name })
      child.kill('SIGKILL')
    })
    await ended
    timer.cancel()
  }

  async #start(): Promise<void> {
    const { argv, folder, clock, log } = this.#options
    const [program, ...args] = argv
    const startedMs = clock.monotonicMs()
    const child = spawn(program, args, {
      cwd: folder,
      // The appliance's own programs, rotatelogs among them, need no path.
      env: { ...process.env, PATH: `${join(programRoot, 'bin')}${delimiter}${process.env.PATH ?? ''}` },
      stdio: ['pipe', 'ignore', 'inherit'],
      // Out of our process group: a Ctrl-C or a kill for all of it is not to take the last lines along.
      detached: true,
    })
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
    child.on('error', () => {}) // a signal that did not arrive; the exit tells the rest
    swallowErrors(child.stdin)
    this.#child = child
    if (this.#isClosed) child.stdin.end()
    child.once('exit', (code, signal) => {
      this.#child = undefined
      child.stdin.destroy() // a child of its own may hold the other end, and a write would wait for it
      if (this.#isClosed) return
      if (clock.monotonicMs() - startedMs >= settledMs) this.#delayMs = firstDelayMs
      log.error('a log program ended; it is started again', {
        program: this.name,
        ...(signal ? { signal } : { code }),
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

/** Errors of single writes are told to those; the stream itself would throw them as well. */
function swallowErrors(stream: Writable | null): void {
  stream?.on('error', () => {})
}
