/** What programs of the system print, kept in files for those who know no other source and may not start programs. */
import { stat } from 'node:fs/promises'
import { isMissing, messageOf } from '../errors.ts'
import { writeFileWhole } from '../files/files.ts'
import { readRegularFile } from '../files/regular-file.ts'
import type { Log } from '../log/log.ts'
import type { Clock, Timer } from '../time/clock.ts'
import { openToRead } from '../trust/open.ts'
import { RefusedPathError } from '../trust/refused-path.ts'
import { describeExit, isSuccess } from './exit.ts'
import { runProgram } from './run.ts'

/** A program with its arguments, which nothing from outside can change, and the file that holds what it printed. */
export interface ReportedProgram {
  readonly path: string
  /** Looked for in the system's own folders, whatever PATH the daemon was given. */
  readonly program: string
  readonly args: readonly string[]
  readonly everyMs: number
  readonly limitMs: number
  /** Files that it reads: it runs when one of them has changed, and never where there is none. */
  readonly reads?: readonly string[]
  /** Where this file is, there is a better source. */
  readonly unless?: string
}

export interface ProgramReportsOptions {
  readonly clock: Clock
  readonly log: Log
}

const variables = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', HOME: '/' }
const mostOctets = 16 << 20

/** Runs each program in its turn, as long as it is started. */
export class ProgramReports {
  readonly #reports: readonly Report[]
  readonly #clock: Clock
  #timers: readonly Timer[] = []

  constructor(programs: readonly ReportedProgram[], options: ProgramReportsOptions) {
    this.#reports = programs.map((program) => new Report(program, options.log))
    this.#clock = options.clock
  }

  /** The first round starts now; nobody has to wait for it. */
  start(): void {
    this.#timers = this.#reports.map((report) => {
      void report.refresh()
      return this.#clock.every(report.program.everyMs, () => void report.refresh())
    })
  }

  /** Brings every report up to date now; resolves when that is done. */
  async refresh(): Promise<void> {
    await Promise.all(this.#reports.map((report) => report.refresh()))
  }

  /** What runs is ended. Reports stay, and say by their age that nobody renews them. */
  stop(): void {
    for (const timer of this.#timers) timer.cancel()
    for (const report of this.#reports) report.stop()
  }
}

/** The report at `path`; undefined where there is none, or when it was last found true longer ago than this. */
export async function readReport(path: string, youngerThanMs: number): Promise<string | undefined> {
  try {
    const { octets, stats } = await readRegularFile(path)
    return Date.now() - stats.mtimeMs < youngerThanMs ? octets.toString('utf8') : undefined
  } catch {
    return undefined
  }
}

type State = 'working' | 'missing' | 'failing'

class Report {
  readonly program: ReportedProgram
  readonly #log: Log
  readonly #stopping = new AbortController()
  #isRefreshing = false
  #state: State = 'working'
  #text: string | undefined
  #read: string | undefined

  constructor(program: ReportedProgram, log: Log) {
    this.program = program
    this.#log = log
  }

  /** Never throws; one that still goes on is not started again. */
  async refresh(): Promise<void> {
    if (this.#isRefreshing || this.#stopping.signal.aborted) return
    this.#isRefreshing = true
    try {
      await this.#renew()
      this.#became('working')
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#became(isMissing(error) ? 'missing' : 'failing', error)
    } finally {
      this.#isRefreshing = false
    }
  }

  stop(): void {
    this.#stopping.abort()
  }

  async #renew(): Promise<void> {
    const { path, reads, unless } = this.program
    if (unless !== undefined && (await versionOf([unless])) !== '') return
    const read = reads && (await versionOf(reads))
    if (read === '') return
    if (read === undefined || read !== this.#read) {
      const text = await this.#run()
      // The reader is another user where the appliance is installed.
      if (text !== this.#text) await writeFileWhole(path, text, 0o644)
      this.#text = text
      this.#read = read
    }
    await this.#touch(this.#text ?? '')
  }

  /** Says by the file's time that it is true now. The folder may belong to the reader: what he puts in its place is replaced. */
  async #touch(text: string): Promise<void> {
    const { path } = this.program
    try {
      const file = await openToRead(path)
      try {
        const now = new Date()
        await file.utimes(now, now)
      } finally {
        await file.close()
      }
    } catch (error) {
      if (!(error instanceof RefusedPathError)) throw error
      await writeFileWhole(path, text, 0o644)
    }
  }

  async #run(): Promise<string> {
    const { program, args, limitMs } = this.program
    const argv = [program, ...args] as const
    const limits = { limitMs, maxOctets: mostOctets, whenMore: 'kill', signal: this.#stopping.signal } as const
    const { exit, output, errors } = await runProgram({ argv, variables, ...limits })
    if (isSuccess(exit)) return output
    if (exit.kind === 'notStarted') throw new NotStarted(exit.reason, exit.code)
    const said = errors.trim()
    throw new Error(`${program} ${describeExit(exit)}${said ? `: ${said}` : ''}`)
  }

  #became(state: State, error?: unknown): void {
    if (state === this.#state) return
    const { program } = this.program
    if (state === 'working') this.#log.info('a program answers again', { program })
    else if (state === 'missing')
      this.#log.notice('a program is not here, and the rows it would give are left out', { program })
    else
      this.#log.warn('a program fails, and the rows it would give are left out', {
        program,
        error: messageOf(error).trim(),
      })
    this.#state = state
  }
}

/** Which files of these there are, and of which version; empty ones are as good as none. */
async function versionOf(paths: readonly string[]): Promise<string> {
  const found = await Promise.all(
    paths.map(async (path) => {
      const { size = 0, mtimeMs = 0 } = (await stat(path).catch(() => undefined)) ?? {}
      return size > 0 ? `${path} ${size} ${mtimeMs}` : ''
    }),
  )
  return found.filter((one) => one !== '').join('\n')
}

class NotStarted extends Error {
  readonly code: string | undefined

  constructor(message: string, code: string | undefined) {
    super(message)
    this.code = code
  }
}
