/** Runs a program to its end, within limits of time and output, and gives what it printed. */
import type { Readable } from 'node:stream'
import { type Clock, systemClock } from '../time/clock.ts'
import type { ProgramExit } from './exit.ts'
import { type Launcher, ownLauncher } from './launcher.ts'
import type { Program } from './program.ts'
import type { StartOptions } from './start.ts'

export interface RunOptions extends Omit<StartOptions, 'input' | 'output' | 'errors' | 'hasReports'> {
  /** After this it is killed, with all of its session. */
  readonly limitMs: number
  /** Aborted, it is killed likewise. */
  readonly signal?: AbortSignal
  /** So much of its output is kept; 0 leaves both streams unread. */
  readonly maxOctets?: number
  /** What becomes of one that prints more: what is over is left out, or it is killed. */
  readonly whenMore?: 'cut' | 'kill'
  readonly clock?: Clock
  /** Whose limits it has; ours by default. */
  readonly launcher?: Launcher
}

export interface Outcome {
  readonly exit: ProgramExit
  readonly output: string
  readonly errors: string
  /** Both, in the order in which they came. */
  readonly printed: string
}

/** Another process may hold the streams open after the end: what was printed before it is there by then. */
const drainMs = 200
/** One that sleeps in the kernel outlives SIGKILL, and nobody waits for it. */
const killedWithinMs = 5000

/** Never rejects: whatever went wrong is the exit. */
export async function runProgram(options: RunOptions): Promise<Outcome> {
  const { limitMs, signal, maxOctets = 64 * 1024, whenMore = 'cut', clock = systemClock } = options
  const { launcher = ownLauncher } = options
  if (signal?.aborted) return { exit: { kind: 'aborted' }, output: '', errors: '', printed: '' }
  const started = launcher.start({ ...options, output: maxOctets > 0 ? 'pipe' : 'none' })
  const program = started instanceof Promise ? await started : started
  const imposed = new Imposed(program, clock)
  const printed = new Printed(maxOctets, () => {
    if (whenMore === 'kill') imposed.kill({ kind: 'printedTooMuch', maxOctets })
  })
  if (program.output) printed.read(program.output, 'output')
  if (program.errors) printed.read(program.errors, 'errors')
  const timer = clock.after(limitMs, () => imposed.kill({ kind: 'timedOut', limitMs }))
  const onAbort = (): void => imposed.kill({ kind: 'aborted' })
  signal?.addEventListener('abort', onAbort, { once: true })
  if (signal?.aborted) onAbort()
  const exit = await Promise.race([program.exited, imposed.givenUp])
  timer.cancel()
  signal?.removeEventListener('abort', onAbort)
  const draining = setTimeout(() => program.closeStreams(), drainMs)
  if (program.exit) await program.closed
  clearTimeout(draining)
  program.closeStreams()
  return { exit: imposed.exit ?? exit, ...printed.texts() }
}

/** An end that was not the program's own doing: the first reason counts. */
class Imposed {
  exit: ProgramExit | undefined
  readonly givenUp: Promise<ProgramExit>
  readonly #program: Program
  readonly #clock: Clock
  #giveUp: (exit: ProgramExit) => void = () => {}

  constructor(program: Program, clock: Clock) {
    this.#program = program
    this.#clock = clock
    this.givenUp = new Promise((resolve) => {
      this.#giveUp = resolve
    })
  }

  kill(exit: ProgramExit): void {
    if (this.exit || !this.#program.isRunning) return
    this.exit = exit
    this.#clock.after(killedWithinMs, () => this.#giveUp(exit))
    this.#program.signalAll('SIGKILL')
  }
}

/** What a program printed, as far as it is kept. */
class Printed {
  readonly #maxOctets: number
  readonly #onMore: () => void
  readonly #chunks: { readonly stream: 'output' | 'errors'; readonly chunk: Buffer }[] = []
  #octets = 0

  constructor(maxOctets: number, onMore: () => void) {
    this.#maxOctets = maxOctets
    this.#onMore = onMore
  }

  read(from: Readable, stream: 'output' | 'errors'): void {
    from.on('data', (chunk: Buffer) => {
      const left = this.#maxOctets - this.#octets
      if (left > 0) this.#chunks.push({ stream, chunk: chunk.subarray(0, left) })
      this.#octets += chunk.length
      if (chunk.length > left) this.#onMore()
    })
  }

  texts(): { output: string; errors: string; printed: string } {
    const textOf = (wanted?: 'output' | 'errors'): string =>
      Buffer.concat(
        this.#chunks.filter(({ stream }) => wanted === undefined || stream === wanted).map(({ chunk }) => chunk),
      ).toString('utf8')
    return { output: textOf('output'), errors: textOf('errors'), printed: textOf() }
  }
}
