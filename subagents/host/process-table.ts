/**
 * The processes of this machine: listed every two seconds, so that those that ended are known to have, and each read
 * again in turn, all in slices with rests between. Whoever shows processes listens here, so that /proc is scanned once.
 */

import { isForeign } from '../../lib/proc/pid.ts'
import { eachPid, openFiles, readStat } from '../../lib/proc/processes.ts'
import type { ProcStat } from '../../lib/proc/stat.ts'
import { type Pace, runInSlices } from '../../lib/process/slices.ts'
import { cutOctets, type Octets } from '../../lib/text/octets.ts'
import { pause } from '../../lib/time/pause.ts'
import { isRegularFile, type ProgramOfProcess, parseBootTime, parseProcessOwner, programOf } from './processes.ts'
import { Source } from './source.ts'

export const listEveryMs = 2_000
const readEveryMs = 5_000
/** With slices of half a millisecond never much more than a hundredth of a core. */
const restMs = 40
/** Octets of a command line that are kept; what is shown of it is less. */
const commandLineMost = 2048

export interface KnownProcess {
  readonly pid: number
  /** As it was read last. */
  readonly state: ProcStat
  readonly program: ProgramOfProcess
  /** /proc/PID/cmdline, its arguments each with a NUL behind; empty for threads of the kernel. */
  readonly commandLine: Octets
  /** Where /proc/PID/exe leads, if that may be seen. */
  readonly executable: Octets | undefined
}

export interface ProcessListener {
  /** Called each time a process was read. */
  read?(process: KnownProcess): void
  /** Called once for each that is there no more. */
  ended?(process: KnownProcess): void
  /** Called after each listing and what was read with it; at the first, every process was. */
  listed?(count: number): void
}

interface Known {
  process: KnownProcess
  /** Whether the program was read when the process had had time to become what it is. */
  isSettled: boolean
}

export class ProcessTable {
  readonly #source: Source
  readonly #listeners: ProcessListener[] = []
  readonly #known = new Map<number, Known>()
  /** PIDs, each with the number of the listing that saw it last; kept, because making it again takes a while. */
  readonly #pids = new Map<number, number>()
  #listing = 0
  /** Those whose turn is still to come in this round. */
  #due: number[] = []

  constructor(source = new Source()) {
    this.#source = source
  }

  /** For as long as the table is there. */
  listen(listener: ProcessListener): void {
    this.#listeners.push(listener)
  }

  get count(): number {
    return this.#pids.size
  }

  /** Those that were read, whatever became of them since. */
  *processes(): IterableIterator<KnownProcess> {
    for (const { process } of this.#known.values()) yield process
  }

  /** When the machine was started, in milliseconds since 1970; undefined where /proc/stat does not say. */
  bootMs(): number | undefined {
    return parseBootTime(this.#source.read('/proc/stat') ?? '')
  }

  /** The effective user of a process; undefined when it has ended. Reads /proc. */
  userOf(pid: number): number | undefined {
    return parseProcessOwner(this.#source.read(`/proc/${pid}/status`) ?? '')
  }

  /** How many regular files a process has open; undefined when that may not be seen. Reads /proc. */
  regularFilesOf(pid: number): number | undefined {
    try {
      let count = 0
      for (const { target } of openFiles(pid, this.#source.root)) if (isRegularFile(target)) count++
      return count
    } catch {
      return undefined
    }
  }

  /** Goes on until the signal says otherwise; throws when /proc can not be listed any more. */
  async run(pace: Omit<Pace, 'restMs'>): Promise<void> {
    const { clock, signal } = pace
    // The first round has no rests: who starts the agent wants to see processes.
    await runInSlices(this.#list(), { ...pace, restMs: 0 })
    await runInSlices(this.#readDue(), { ...pace, restMs: 0 })
    this.#notifyListed()
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
      this.#notifyListed()
      await pause(clock, Math.max(restMs, nextListMs - clock.monotonicMs()), signal)
    }
  }

  #notifyListed(): void {
    for (const listener of this.#listeners) listener.listed?.(this.#pids.size)
  }

  /** A step is an entry of the folder, then a process that was known; after the last, what is gone is gone, what is new due. */
  *#list(): Iterable<void> {
    this.#listing++
    const fresh: number[] = []
    for (const pid of eachPid(this.#source.root)) {
      if (pid > 0) {
        if (!this.#pids.has(pid)) fresh.push(pid)
        this.#pids.set(pid, this.#listing)
      }
      yield
    }
    for (const [pid, listing] of this.#pids) {
      if (listing !== this.#listing && !this.#isHidden(pid)) {
        this.#pids.delete(pid)
        this.#forget(pid)
      }
      yield
    }
    for (const pid of fresh.reverse()) this.#due.push(pid) // taken from the end: new ones before others
  }

  /** Somebody may mount /proc again with hidepid=2: a process that it does not list any more has not ended for that. */
  #isHidden(pid: number): boolean {
    return this.#source.root === '' && isForeign(pid)
  }

  *#readDue(goOn: () => boolean = () => true): Iterable<void> {
    for (let pid = this.#due.pop(); pid !== undefined; pid = this.#due.pop()) {
      this.#readProcess(pid)
      yield
      if (!goOn()) return
    }
  }

  #readProcess(pid: number): void {
    let state: ProcStat | undefined
    try {
      state = readStat(pid, this.#source.root)
    } catch {
      return // it cannot be known (hidepid, no descriptor left): what is known of it stays
    }
    if (!state) return this.#isHidden(pid) ? undefined : this.#forget(pid) // it ended since it was listed
    let known = this.#known.get(pid)
    const before = known?.process.state
    if (before && before.startTicks !== state.startTicks) {
      this.#forget(pid)
      known = undefined
    }
    const isOther = !known || known.process.state.name !== state.name
    // One that was forked a moment ago may still have the command line of who forked it: it is read twice.
    if (!known || isOther || !known.isSettled) {
      known = { process: this.#readProgram(pid, state, known?.process), isSettled: !isOther }
      this.#known.set(pid, known)
    } else known.process = { ...known.process, state }
    for (const listener of this.#listeners) listener.read?.(known.process)
  }

  #readProgram(pid: number, state: ProcStat, before: KnownProcess | undefined): KnownProcess {
    const whole = state.isKernelThread ? '' : (this.#source.read(`/proc/${pid}/cmdline`) ?? '')
    // A zombie has neither any more, and is still the process that it was.
    if (before && whole === '' && !state.isKernelThread) return { ...before, state }
    const executable = state.isKernelThread ? undefined : this.#source.link(`/proc/${pid}/exe`)
    const commandLine = cutOctets(whole, commandLineMost)
    return { pid, state, program: programOf(state.name, commandLine, executable), commandLine, executable }
  }

  #forget(pid: number): void {
    const known = this.#known.get(pid)
    if (!known) return
    this.#known.delete(pid)
    for (const listener of this.#listeners) listener.ended?.(known.process)
  }
}
