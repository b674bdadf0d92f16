/** A program that we started: its streams, its end as a value, and signals to all that it has started in turn. */
import type { ChildProcess } from 'node:child_process'
import { Readable, type Writable } from 'node:stream'
import { codeOf, messageOf } from '../errors.ts'
import { type Leader, sessionLeader, sessionMembers, signalSession } from '../proc/session.ts'
import { sendSignal } from '../proc/signal.ts'
import type { Clock } from '../time/clock.ts'
import type { ProgramExit } from './exit.ts'

export interface ProgramTraits {
  /** It was given a session of its own. */
  readonly leads: boolean
  /** Why it could not be started, as a sentence. */
  reasonOf(error: Error): string
  /** The child is the client of a service manager, which runs the program for us. */
  readonly unit?: UnitProcess
}

/** A program that is no child of ours. */
export interface UnitProcess {
  /** Undefined: it could not be started. */
  readonly leader: Leader | undefined
  readonly exited: Promise<ProgramExit>
  readonly closed: Promise<void>
  readonly reports: Readable | undefined
}

export class Program {
  /** Undefined: it could not be started, and `exited` says why. */
  readonly pid: number | undefined
  /** Resolves when the process itself has ended, or could not be started; never rejects. */
  readonly exited: Promise<ProgramExit>
  /** Resolves when it has ended and nobody holds its streams open any more. */
  readonly closed: Promise<void>
  readonly #child: ChildProcess | undefined
  /** Of the session that it leads, where it has one of its own. */
  readonly leader: Leader | undefined
  readonly #unit: UnitProcess | undefined
  #exit: ProgramExit | undefined

  /** An error in place of a child: it could not even be tried. */
  constructor(child: ChildProcess | Error, { leads, reasonOf, unit }: ProgramTraits) {
    this.#child = child instanceof Error ? undefined : child
    this.#unit = unit
    this.pid = unit ? unit.leader?.pid : this.#child?.pid
    // Read before its end can be: until then even a zombie is in /proc.
    this.leader = unit ? unit.leader : leads && this.pid !== undefined ? readLeader(this.pid) : undefined
    this.exited = new Promise((resolve) => {
      const end = (exit: ProgramExit): void => {
        this.#exit ??= exit
        resolve(this.#exit)
      }
      const fail = (error: Error): void => end({ kind: 'notStarted', code: codeOf(error), reason: reasonOf(error) })
      if (child instanceof Error) {
        fail(child)
        return
      }
      if (unit) {
        void unit.exited.then(end)
        return
      }
      // After the start it is about a signal that could not be sent; the exit tells the rest.
      child.on('error', (error) => {
        if (this.pid === undefined) fail(error)
      })
      child.once('exit', (code, signal) => {
        end(signal ? { kind: 'signalled', signal } : { kind: 'exited', code: code ?? -1 })
      })
      // A pipe breaks with its process; who writes to it is told by the write itself.
      for (const stream of streamsOf(child)) stream?.on('error', () => {})
    })
    this.closed = new Promise((resolve) => {
      if (unit) void unit.closed.then(resolve)
      else if (this.#child?.pid === undefined) resolve()
      else this.#child.once('close', () => resolve())
    })
  }

  /** Undefined while it runs. */
  get exit(): ProgramExit | undefined {
    return this.#exit
  }

  get isRunning(): boolean {
    return this.pid !== undefined && this.#exit === undefined
  }

  get input(): Writable | null {
    return this.#child?.stdin ?? null
  }

  get output(): Readable | null {
    return this.#child?.stdout ?? null
  }

  get errors(): Readable | null {
    return this.#child?.stderr ?? null
  }

  /** Descriptor 3, where it was asked for. */
  get reports(): Readable | null {
    if (this.#unit) return this.#unit.reports ?? null
    const stream = this.#child && streamsOf(this.#child)[3]
    return stream instanceof Readable ? stream : null
  }

  /** Signals the process alone, if it still runs. */
  signal(signal: NodeJS.Signals): void {
    if (!this.isRunning) return
    if (!this.#unit) this.#child?.kill(signal)
    else if (this.leader) {
      try {
        sendSignal(this.leader, signal)
      } catch {
        // Another user's, or nobody can tell whose the PID is now.
      }
    }
  }

  /** Signals every process of its session, also after its own end, and gives how many there were. */
  signalAll(signal: NodeJS.Signals): number {
    if (this.leader) {
      try {
        return signalSession(this.leader, signal)
      } catch {
        // Nobody can tell who is of the session now (EMFILE): it is the process itself, at least.
      }
    }
    if (!this.isRunning) return 0
    this.signal(signal)
    return 1
  }

  /** How many processes its session has, also after its own end. */
  remaining(): number {
    return this.leader ? sessionMembers(this.leader).length : 0
  }

  /** Ends it with all of its session: SIGTERM, and SIGKILL when that did not help within the grace; resolves at its end. */
  async end(clock: Clock, graceMs: number): Promise<ProgramExit> {
    this.signalAll('SIGTERM')
    const timer = clock.after(graceMs, () => void this.signalAll('SIGKILL'))
    const exit = await this.exited
    timer.cancel()
    this.signalAll('SIGKILL') // what it leaves behind
    return exit
  }

  /** Nobody reads its streams any more, however long others hold them open. */
  closeStreams(): void {
    for (const stream of this.#child ? streamsOf(this.#child) : []) stream?.destroy()
    this.#unit?.reports?.destroy()
  }

  /** The program that a service manager runs, where this one is the client that asked for it. */
  inUnit(unit: UnitProcess): Program {
    const traits = { leads: true, reasonOf: messageOf, unit }
    return new Program(this.#child ?? new Error('the client of the service manager was not started'), traits)
  }

  /** It may go on when we end. */
  unref(): void {
    this.#child?.unref()
  }
}

/** Where no descriptor is left a child comes without its streams, whatever Node's types say. */
function streamsOf({
  stdio,
}: {
  readonly stdio: ChildProcess['stdio'] | undefined
}): readonly (Readable | Writable | null | undefined)[] {
  return stdio ?? []
}

function readLeader(pid: number): Leader | undefined {
  try {
    return sessionLeader(pid)
  } catch {
    return undefined // without /proc we know no sessions, and signal the process alone
  }
}
