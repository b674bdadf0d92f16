/** A process of the MemoryHost: it ends by itself, or by signals as the kernel has them. */
import { basename } from 'node:path'
import type { ProcessStat } from '../../lib/proc/process.ts'
import type { ProgramExit } from '../../lib/program/exit.ts'
import type { Argv } from '../../lib/program/start.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import type { StartedProgram } from '../../subagents/critapp/host/process-host.ts'
import type { MemoryHost } from './process-host.ts'

export interface ProcessTraits {
  readonly pid: number
  readonly parentPid: number
  readonly bornMs: number
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** Under which name what it prints is kept. */
  readonly printsTo: string
  /** That of another process; by default it leads one of its own. */
  readonly groupId?: number
}

export class MemoryProcess implements StartedProgram {
  readonly pid: number
  readonly startTicks: number
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly groupId: number
  readonly exited: Promise<ProgramExit>
  readonly #host: MemoryHost
  readonly #clock: Clock
  readonly #traits: ProcessTraits
  readonly #timers: Timer[] = []
  readonly #handlers = new Map<NodeJS.Signals, () => void>()
  #end: (exit: ProgramExit) => void = () => {}
  #isReaped = false

  constructor(host: MemoryHost, clock: Clock, traits: ProcessTraits) {
    this.#host = host
    this.#clock = clock
    this.#traits = traits
    this.pid = traits.pid
    this.startTicks = Math.floor(traits.bornMs / 10)
    this.command = traits.command
    this.environment = traits.environment
    this.groupId = traits.groupId ?? traits.pid
    this.exited = new Promise((resolve) => {
      this.#end = resolve
    })
    void this.exited.then(() => {
      this.#isReaped = true
    })
  }

  /** As its parent sees it: until it is told of the end, as Node tells that of a child. */
  get isRunning(): boolean {
    return !this.#isReaped
  }

  get leads(): boolean {
    return this.groupId === this.pid
  }

  stat(): ProcessStat {
    const { pid, startTicks, command, groupId } = this
    const name = basename(command[0] ?? '').slice(0, 15)
    return { pid, startTicks, command, groupId, name, state: 'S', parentPid: this.#traits.parentPid }
  }

  /** While it lives. */
  after(delayMs: number, act: () => void): this {
    this.#timers.push(this.#clock.after(delayMs, act))
    return this
  }

  print(line: string): this {
    const { printsTo } = this.#traits
    this.#host.printed.set(printsTo, [...(this.#host.printed.get(printsTo) ?? []), line])
    return this
  }

  exit(code: number): void {
    this.#ended({ kind: 'exited', code })
  }

  /** The signal does not end it. */
  ignore(signal: NodeJS.Signals): this {
    return this.on(signal, () => {})
  }

  on(signal: NodeJS.Signals, act: () => void): this {
    this.#handlers.set(signal, act)
    return this
  }

  /** A child that stays in its group. */
  fork(argv: Argv): MemoryProcess {
    return this.#host.spawn(argv, this.#childTraits(this.groupId))
  }

  /** A child with a session of its own, as setsid(1) makes it. */
  daemonize(argv: Argv): MemoryProcess {
    return this.#host.spawn(argv, this.#childTraits())
  }

  #childTraits(groupId?: number): Partial<ProcessTraits> {
    const { environment, printsTo } = this.#traits
    return { environment, printsTo, parentPid: this.pid, ...(groupId === undefined ? {} : { groupId }) }
  }

  deliver(signal: NodeJS.Signals): void {
    const handler = this.#handlers.get(signal)
    if (handler && signal !== 'SIGKILL') handler()
    else this.#ended({ kind: 'signalled', signal })
  }

  /** With all that is in its group. */
  timeOut(limitMs: number): void {
    for (const one of [...this.#host.running.values()])
      if (one !== this && one.groupId === this.groupId) one.deliver('SIGKILL')
    this.#ended({ kind: 'timedOut', limitMs })
  }

  remaining(): number {
    return [...this.#host.running.values()].filter(({ groupId }) => groupId === this.pid).length
  }

  unref(): void {}

  #ended(exit: ProgramExit): void {
    if (this.#host.running.get(this.pid) !== this) return
    this.#host.running.delete(this.pid)
    for (const timer of this.#timers) timer.cancel()
    this.#end(exit)
  }
}
