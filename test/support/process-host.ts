/** Processes in memory, for a supervisor: programs are functions of the test, on a clock that it moves by hand. */
import { basename } from 'node:path'
import type { ProcessIdentity, ProcessStat } from '../../lib/proc/process.ts'
import { describeExit, isSuccess, type ProgramExit } from '../../lib/program/exit.ts'
import type { Outcome } from '../../lib/program/run.ts'
import type { Argv } from '../../lib/program/start.ts'
import type { ParsedCommand } from '../../lib/text/command.ts'
import type { Clock } from '../../lib/time/clock.ts'
import type { ExitStatus } from '../../subagents/critapp/host/exit-status.ts'
import type {
  ProcessCommand,
  ProcessHost,
  StartCommand,
  StartedProgram,
} from '../../subagents/critapp/host/process-host.ts'
import { MemoryProcess, type ProcessTraits } from './memory-process.ts'

/** What a program does when it is started; without anything it lives until it is ended. */
export type Behaviour = (self: MemoryProcess) => void

/** What is missing to start anything, or to look at anything. */
export class Scarcity extends Error {
  readonly code = 'EMFILE'
}

export class MemoryHost implements ProcessHost {
  /** Of everything that runs. */
  readonly running = new Map<number, MemoryProcess>()
  /** Whom PID files name. */
  readonly pidFiles = new Map<string, ProcessIdentity>()
  /** Lines that programs of a row printed. */
  readonly printed = new Map<string, string[]>()
  /** What was signalled, in this order. */
  readonly signals: string[] = []
  /** Rows whose processes are other people's. */
  readonly foreign = new Set<number>()
  /** The processes of control groups. */
  readonly controlGroups = new Map<string, readonly number[]>()
  /** What `systemctl show` answers. */
  systemctlShow: () => string = () => ''
  /** Nobody can tell what runs, as without a descriptor. */
  isBlind = false
  /** Nothing can be started, for want of descriptors. */
  isExhausted = false
  /** Programs have a PID only when this is resolved, as those that systemd starts. */
  launching: Promise<void> | undefined
  readonly #clock: Clock
  readonly #programs = new Map<string, { readonly behaviour: Behaviour; readonly isScript: boolean }>()
  readonly #watchers = new Set<(name: string) => void>()
  /** Numbers that no process of the machine has. */
  #nextPid = 5_000_000

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A program file; a script is run by a shell, and shows so. */
  program(path: string, behaviour: Behaviour = () => {}, { isScript = false } = {}): string {
    this.#programs.set(path, { behaviour, isScript })
    return path
  }

  script(path: string, behaviour: Behaviour = () => {}): string {
    return this.program(path, behaviour, { isScript: true })
  }

  /** Starts one that nobody of the supervisor's has started. */
  spawn(argv: Argv, traits: Partial<ProcessTraits> = {}): MemoryProcess {
    const program = this.#programs.get(argv[0])
    const process = new MemoryProcess(this, this.#clock, {
      pid: this.#nextPid++,
      parentPid: 1,
      bornMs: this.#clock.monotonicMs(),
      command: program?.isScript ? ['/bin/sh', ...argv] : argv,
      environment: {},
      printsTo: '',
      ...traits,
    })
    this.running.set(process.pid, process)
    program?.behaviour(process)
    return process
  }

  writePidFile(name: string, process: MemoryProcess): void {
    this.pidFiles.set(name, process.stat())
    for (const watcher of this.#watchers) watcher(name)
  }

  begin(): void {}

  end(): void {}

  start({ argv, name, variables }: StartCommand): StartedProgram | Promise<StartedProgram> {
    const start = (): StartedProgram => this.#start(argv, variables, name)
    return this.launching ? this.launching.then(start) : start()
  }

  #start(argv: Argv, environment: Readonly<Record<string, string>>, printsTo: string): MemoryProcess | NotStarted {
    if (this.isExhausted) return new NotStarted('EMFILE', 'this process has too many open files')
    if (!this.#programs.has(argv[0])) return new NotStarted('ENOENT', 'there is no such program')
    return this.spawn(argv, { environment, printsTo, parentPid: process.pid })
  }

  async run(
    { parsed }: ProcessCommand,
    { limitMs, variables = {} }: { readonly limitMs: number; readonly variables?: Readonly<Record<string, string>> },
  ): Promise<string | undefined> {
    if ('error' in parsed) return `could not be started: ${parsed.error}`
    const program = this.#start(parsed.argv, variables, '')
    const timer = this.#clock.after(limitMs, () => program instanceof MemoryProcess && program.timeOut(limitMs))
    const exit = await program.exited
    timer.cancel()
    return isSuccess(exit) ? undefined : describeExit(exit)
  }

  async ask(_: ParsedCommand): Promise<Outcome> {
    const output = this.systemctlShow()
    return { exit: { kind: 'exited', code: 0 }, output, errors: '', printed: output }
  }

  processes(): readonly ProcessStat[] {
    this.#look()
    return [...this.running.values()].map((one) => one.stat())
  }

  read(pid: number): ProcessStat | undefined {
    this.#look()
    return this.running.get(pid)?.stat()
  }

  isRunning({ pid, startTicks }: ProcessIdentity): boolean {
    const found = this.running.get(pid)
    return found !== undefined && (this.isBlind || found.startTicks === startTicks)
  }

  ageMs({ startTicks }: Pick<ProcessIdentity, 'startTicks'>): number {
    return this.#clock.monotonicMs() - startTicks * 10
  }

  environmentOf(pid: number, variable: string): string | undefined {
    return this.running.get(pid)?.environment[variable]
  }

  programNameOf(pid: number): string | undefined {
    const [program] = this.running.get(pid)?.command ?? []
    return program === undefined ? undefined : basename(program)
  }

  mayBeOfRow({ pid }: ProcessStat): boolean {
    return !this.foreign.has(pid)
  }

  readPidFile(name: string): ProcessIdentity | undefined {
    this.#look()
    const named = this.pidFiles.get(name)
    return named && this.isRunning(named) ? named : undefined
  }

  watchPidFiles(written: (name: string) => void): { close(): void } {
    this.#watchers.add(written)
    return { close: () => this.#watchers.delete(written) }
  }

  exitStatusOf({ pid }: ProcessIdentity, name: string | undefined): ExitStatus {
    const isLeft = name !== undefined && this.pidFiles.get(name)?.pid === pid
    return { code: -1, signal: 0, how: isLeft ? 'left its PID file behind' : 'ended somehow', isCrash: isLeft }
  }

  pidsOfControlGroup(controlGroup: string): readonly number[] {
    return this.controlGroups.get(controlGroup) ?? []
  }

  signal({ pid, startTicks }: ProcessIdentity, signal: NodeJS.Signals): void {
    const target = this.running.get(pid)
    if (target?.startTicks !== startTicks) return
    this.signals.push(`${signal} ${basename(target.command.at(-1) ?? '')}`)
    for (const one of target.leads ? this.#groupOf(pid) : [target]) one.deliver(signal)
  }

  killGroup(groupId: number): void {
    if (!this.running.has(groupId)) for (const one of this.#groupOf(groupId)) one.deliver('SIGKILL')
  }

  lastLines(name: string, count: number): readonly string[] {
    return (this.printed.get(name) ?? []).slice(-count)
  }

  lastLine(name: string): string {
    return this.lastLines(name, 1)[0] ?? ''
  }

  boundOutput(): void {}

  #groupOf(groupId: number): MemoryProcess[] {
    return [...this.running.values()].filter((one) => one.groupId === groupId)
  }

  #look(): void {
    if (this.isBlind) throw new Scarcity('too many open files')
  }
}

class NotStarted implements StartedProgram {
  readonly pid = undefined
  readonly isRunning = false
  readonly exited: Promise<ProgramExit>

  constructor(code: string, reason: string) {
    this.exited = Promise.resolve({ kind: 'notStarted', code, reason })
  }

  remaining(): number {
    return 0
  }

  unref(): void {}
}
