/**
 * Keeps hrSWRunTable as the processes are: listed every two seconds, so that rows of those that ended go and new ones
 * come, and each read again in turn, all in slices with rests between.
 */
import { type Dir, opendirSync } from 'node:fs'
import type { ServedTable } from '../../lib/mib/served.ts'
import type { hrSWRunTable } from './mib.ts'
import { type ProgramOfProcess, parseProcessStat, programOf, toRunRow } from './processes.ts'
import { type Pace, rest, runInSlices } from './slices.ts'
import type { Source } from './source.ts'

export const listEveryMs = 2_000
const readEveryMs = 5_000
/** With slices of half a millisecond never much more than a hundredth of a core. */
const restMs = 40

interface Known {
  readonly startTicks: number
  readonly comm: string
  readonly program: ProgramOfProcess
}

export interface ProcessSamplerOptions {
  readonly source: Source
  readonly table: ServedTable<typeof hrSWRunTable>
  readonly pageKb: number
  /** After each listing. */
  readonly onListed?: (count: number) => void
}

export class ProcessSampler {
  readonly #options: ProcessSamplerOptions
  readonly #known = new Map<number, Known>()
  /** PIDs, each with the number of the listing that saw it last; kept, for making it anew takes a while. */
  readonly #pids = new Map<number, number>()
  #listing = 0
  /** Those whose turn is still to come in this round. */
  #due: number[] = []

  constructor(options: ProcessSamplerOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#pids.size
  }

  /** Goes on until the signal says otherwise; throws when /proc can not be listed any more. */
  async run(pace: Omit<Pace, 'restMs'>): Promise<void> {
    const { clock, signal } = pace
    // The first round has no rests: who starts the agent wants to see processes.
    await runInSlices(this.#list(), { ...pace, restMs: 0 })
    await runInSlices(this.#readDue(), { ...pace, restMs: 0 })
    let roundMs = clock.monotonicMs()
    while (!signal.aborted) {
      const listedMs = clock.monotonicMs()
      if (this.#due.length === 0 && clock.monotonicMs() - roundMs >= readEveryMs) {
        this.#due = [...this.#pids.keys()]
        roundMs = clock.monotonicMs()
      }
      await runInSlices(this.#list(), { ...pace, restMs })
      // Of many processes the list takes a while: no more than a quarter of the time is for it.
      const nextListMs = listedMs + Math.max(listEveryMs, 4 * (clock.monotonicMs() - listedMs))
      await runInSlices(
        this.#readDue(() => clock.monotonicMs() < nextListMs),
        { ...pace, restMs },
      )
      await rest(clock, Math.max(restMs, nextListMs - clock.monotonicMs()), signal)
    }
  }

  /** A step is an entry of the folder, then a process that was known; after the last, what is gone is gone, what is new due. */
  *#list(): Iterable<void> {
    this.#listing++
    const fresh: number[] = []
    const folder = this.#open()
    try {
      for (let entry = folder.readSync(); entry; entry = folder.readSync()) {
        const pid = Number(entry.name)
        if (pid > 0) {
          if (!this.#pids.has(pid)) fresh.push(pid)
          this.#pids.set(pid, this.#listing)
        }
        yield
      }
    } finally {
      folder.closeSync()
    }
    for (const [pid, listing] of this.#pids) {
      if (listing !== this.#listing) {
        this.#pids.delete(pid)
        this.#forget(pid)
      }
      yield
    }
    for (const pid of fresh.reverse()) this.#due.push(pid) // taken from the end: new ones before others
    this.#options.onListed?.(this.#pids.size)
  }

  #open(): Dir {
    // Few entries at a time, since making each takes the kernel a while.
    return opendirSync(`${this.#options.source.root}/proc`, { bufferSize: 16 })
  }

  *#readDue(goOn: () => boolean = () => true): Iterable<void> {
    for (let pid = this.#due.pop(); pid !== undefined; pid = this.#due.pop()) {
      this.#readProcess(pid)
      yield
      if (!goOn()) return
    }
  }

  #readProcess(pid: number): void {
    const { source, table, pageKb } = this.#options
    const text = source.read(`/proc/${pid}/stat`)
    const state = text === undefined ? undefined : parseProcessStat(text)
    if (!state) return this.#forget(pid) // it ended since it was listed
    let known = this.#known.get(pid)
    if (!known || known.startTicks !== state.startTicks || known.comm !== state.name) {
      const commandLine = state.isKernelThread ? '' : (source.read(`/proc/${pid}/cmdline`) ?? '')
      const executable = state.isKernelThread ? undefined : source.link(`/proc/${pid}/exe`)
      const program = programOf(state.name, commandLine, executable)
      known = { startTicks: state.startTicks, comm: state.name, program }
      this.#known.set(pid, known)
    }
    table.put(toRunRow(pid, state, known.program, pageKb))
  }

  #forget(pid: number): void {
    this.#known.delete(pid)
    this.#options.table.delete({ hrSWRunIndex: pid })
  }
}
