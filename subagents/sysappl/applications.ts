/** Looks again and again at what is installed, and at what runs of it. */
import type { Log } from '../../lib/log/log.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { pause } from '../../lib/time/pause.ts'
import { Attempts } from './attempts.ts'
import type { Declared } from './declared.ts'
import { inspectPackages } from './inspect.ts'
import type { Installed } from './installed.ts'
import type { Ledger } from './ledger.ts'
import { ProgramMatcher } from './match.ts'
import { readOwnPackages } from './packages.ts'
import type { PastRuns } from './past-runs.ts'
import type { Polls } from './polls.ts'

/** A lower bound of sysApplAgentPollInterval, as it allows: the processes are listed so often, and 0 means each time. */
const shortestPollMs = 2_000
/** What is installed changes seldom; a shorter poll interval is for what runs. */
const shortestInspectionMs = 60_000
const ageEveryMs = 1_000
/** Between slices of a poll: of 10,000 processes it takes some seconds, and a tenth of the core while it does. */
const pollRestMs = 4
/** A poll takes a tenth of a millisecond for a process: so far apart, polls never take more than a 200th of a core. */
const pollApartMsPerProcess = 20

export interface ApplicationsOptions {
  readonly clock: Clock
  readonly log: Log
  /** Ends it all. */
  readonly signal: AbortSignal
  readonly ledger: Ledger
  readonly installed: Installed
  readonly declared: Declared
  readonly past: PastRuns
  readonly polls: Polls
  /** Castellan's own folder. */
  readonly program: string
  readonly dpkgFolder: string
  /** How many processes have rows. */
  processCount(): number
}

export class Applications {
  readonly #options: ApplicationsOptions
  readonly #attempts: Attempts
  /** Undefined until the disk was looked at. */
  #matcher: ProgramMatcher | undefined
  #isListed = false
  #isPolling = false
  #polledMs = Number.NEGATIVE_INFINITY
  #missing = ''
  /** Ends the rest between two looks at the disk. */
  #resting = new AbortController()

  constructor(options: ApplicationsOptions) {
    this.#options = options
    this.#attempts = new Attempts(options.log)
  }

  async start(): Promise<void> {
    const { clock, log, signal, ledger, past } = this.#options
    try {
      await ledger.load()
    } catch (error) {
      log.warn('the numbers of packages could not be read and are given again', { error })
    }
    const ageing = clock.every(ageEveryMs, () => past.age())
    signal.addEventListener('abort', () => ageing.cancel(), { once: true })
    void this.#run()
  }

  /** The processes were listed: when a poll is due, it is now. */
  listed(): void {
    this.#isListed = true
    void this.#pollIfDue()
  }

  /** What is declared has changed: the disk is looked at now. */
  lookAgain(): void {
    this.#resting.abort()
  }

  /** Resolves when the numbers of packages are saved, or could not be. */
  stop(): Promise<void> {
    return this.#attempts.run('save the numbers of packages', () => this.#options.ledger.save())
  }

  async #run(): Promise<void> {
    const { clock, signal, past } = this.#options
    while (!signal.aborted) {
      this.#resting = new AbortController()
      await this.#attempts.run('look for what is installed', () => this.#inspect())
      void this.#pollIfDue()
      const restMs = Math.max(shortestInspectionMs, past.pollIntervalMs)
      await pause(clock, restMs, AbortSignal.any([signal, this.#resting.signal]))
    }
  }

  async #inspect(): Promise<void> {
    const { log, ledger, installed, declared, program, dpkgFolder } = this.#options
    const own = await readOwnPackages(program)
    const ownNames = new Set(own.map(({ name }) => name))
    const others = declared.packages.filter(({ name }) => !ownNames.has(name))
    const unusable = declared.unusable(ownNames)
    const found = await inspectPackages([...own, ...others], dpkgFolder)
    this.#matcher = new ProgramMatcher(installed.show(found.packages))
    await ledger.save()
    const missing = [...found.missing, ...unusable].join(', ')
    if (missing !== this.#missing && missing !== '')
      log.notice('some of what sysappl.cnf or the program names has no rows', { missing })
    this.#missing = missing
  }

  async #pollIfDue(): Promise<void> {
    const { clock, signal, past, polls, processCount } = this.#options
    const matcher = this.#matcher
    if (!matcher || !this.#isListed || this.#isPolling || signal.aborted) return
    const intervalMs = Math.max(shortestPollMs, past.pollIntervalMs, processCount() * pollApartMsPerProcess)
    // A listing that comes a moment early is not to be waited for until the next.
    if (clock.monotonicMs() - this.#polledMs < intervalMs - shortestPollMs / 4) return
    this.#isPolling = true
    this.#polledMs = clock.monotonicMs()
    await this.#attempts.run('poll what runs', () => polls.poll(matcher, { clock, signal, restMs: pollRestMs }))
    this.#isPolling = false
  }
}
