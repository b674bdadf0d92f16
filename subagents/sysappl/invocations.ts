/** Applications that run: which process belongs to which invocation, and how an invocation ends (RFC 2287, sysApplRun group). */
import { plays, type Role, type RunState } from './syntax.ts'

/** A live process that is an installed element. */
export interface ElementProcess {
  readonly pid: number
  readonly startTicks: number
  readonly startedMs: number | undefined
  readonly state: RunState
  readonly packageIndex: number
  readonly elementIndex: number
}

/** What the installed tables say at the moment. */
export interface Roles {
  /** Undefined when the element is not installed any more. */
  roleOf(packageIndex: number, elementIndex: number): Role | undefined
  /** Elements that must all run for the application to be healthy. */
  requiredOf(packageIndex: number): readonly number[]
  isInstalled(packageIndex: number): boolean
}

/** settling: not all that is required has been there yet. */
type Phase = 'settling' | 'running' | 'exiting'
type Verdict = 'healthy' | 'incomplete' | 'gone' | 'uninstalled'
export type ExitState = 'complete' | 'failed' | 'other'

export interface Invocation {
  readonly packageIndex: number
  readonly runIndex: number
  readonly startedMs: number | undefined
  readonly phase: Phase
  readonly members: ReadonlyMap<number, ElementProcess>
}

type Mutable = { -readonly [K in 'phase']: Invocation[K] } & Omit<Invocation, 'phase' | 'members'> & {
    readonly members: Map<number, ElementProcess>
  }

/**
 * By what a poll finds. sysApplPastRunExitState: complete when all elements are gone; failed when required ones are missing
 * at a second poll while others go on; all else is other. One that settles has a poll more, to start what it needs.
 */
const transitions: Record<Phase, Record<Verdict, Phase | ExitState>> = {
  settling: { healthy: 'running', incomplete: 'exiting', gone: 'complete', uninstalled: 'other' },
  running: { healthy: 'running', incomplete: 'exiting', gone: 'complete', uninstalled: 'other' },
  exiting: { healthy: 'running', incomplete: 'failed', gone: 'complete', uninstalled: 'other' },
}

export interface PollOutcome {
  /** Processes of invocations that are there no more, each with the invocation it was part of. */
  readonly endedProcesses: readonly { readonly process: ElementProcess; readonly invocation: Invocation }[]
  readonly ended: readonly { readonly invocation: Invocation; readonly exitState: ExitState }[]
}

export class Invocations {
  readonly #running = new Set<Mutable>()
  readonly #byPid = new Map<number, Mutable>()
  #nextRunIndex = 1

  running(): Iterable<Invocation> {
    return this.#running
  }

  invocationOf(pid: number): Invocation | undefined {
    return this.#byPid.get(pid)
  }

  /** `parentOf` knows all processes, those of no application too. */
  poll(processes: readonly ElementProcess[], roles: Roles, parentOf: (pid: number) => number | undefined): PollOutcome {
    const endedProcesses = this.#dropEnded(new Map(processes.map((process) => [process.pid, process])))
    const fresh: Mutable[] = []
    // Parents before their children; and what makes an invocation before what only joins one.
    const strangers = processes
      .filter(({ pid }) => !this.#byPid.has(pid))
      .sort((a, b) => a.startTicks - b.startTicks || a.pid - b.pid)
    for (const process of strangers) {
      if (!plays(roleIn(roles, process), 'primary')) continue
      const invocation = this.#ancestral(process, roles, parentOf) ?? this.#begin(process)
      this.#join(invocation, process)
      if (invocation.members.size === 1) fresh.push(invocation)
    }
    for (const process of strangers) {
      if (this.#byPid.has(process.pid)) continue
      const invocation = this.#ancestral(process, roles, parentOf) ?? this.#only(process, roles)
      if (invocation) this.#join(invocation, process)
    }
    return { endedProcesses, ended: this.#judge(roles, fresh) }
  }

  #dropEnded(live: ReadonlyMap<number, ElementProcess>): PollOutcome['endedProcesses'] {
    const ended: { process: ElementProcess; invocation: Invocation }[] = []
    for (const invocation of this.#running) {
      for (const [pid, before] of invocation.members) {
        const now = live.get(pid)
        const isSame = now?.startTicks === before.startTicks && now.elementIndex === before.elementIndex
        if (isSame) invocation.members.set(pid, now)
        else {
          invocation.members.delete(pid)
          this.#byPid.delete(pid)
          ended.push({ process: before, invocation })
        }
      }
    }
    return ended
  }

  #begin({ packageIndex, startedMs }: ElementProcess): Mutable {
    const invocation: Mutable = {
      packageIndex,
      runIndex: this.#nextRunIndex++,
      startedMs,
      phase: 'settling',
      members: new Map(),
    }
    this.#running.add(invocation)
    return invocation
  }

  #join(invocation: Mutable, process: ElementProcess): void {
    invocation.members.set(process.pid, process)
    this.#byPid.set(process.pid, invocation)
  }

  /** The invocation of the same package that the process descends from. */
  #ancestral(
    process: ElementProcess,
    roles: Roles,
    parentOf: (pid: number) => number | undefined,
  ): Mutable | undefined {
    let pid = parentOf(process.pid)
    for (let generation = 0; pid !== undefined && pid > 1 && generation < generationsMost; generation++) {
      const invocation = this.#byPid.get(pid)
      if (invocation?.packageIndex === process.packageIndex)
        return isRoomFor(process, invocation, roles) ? invocation : undefined
      pid = parentOf(pid)
    }
    return undefined
  }

  /** The invocation of the package, when there is but one that it can be part of. */
  #only(process: ElementProcess, roles: Roles): Mutable | undefined {
    const found = [...this.#running].filter(
      (invocation) => invocation.packageIndex === process.packageIndex && isRoomFor(process, invocation, roles),
    )
    return found.length === 1 ? found[0] : undefined
  }

  #judge(roles: Roles, fresh: readonly Mutable[]): PollOutcome['ended'] {
    const ended: { invocation: Invocation; exitState: ExitState }[] = []
    for (const invocation of this.#running) {
      const verdict = verdictOn(invocation, roles)
      if (verdict === 'incomplete' && fresh.includes(invocation)) continue
      const next = transitions[invocation.phase][verdict]
      if (isPhase(next)) {
        invocation.phase = next
        continue
      }
      this.#running.delete(invocation)
      for (const pid of invocation.members.keys()) this.#byPid.delete(pid)
      ended.push({ invocation, exitState: next })
    }
    return ended
  }
}

/** Against a circle, which /proc can show when it is read while processes come and go. */
const generationsMost = 64

function verdictOn({ packageIndex, members }: Invocation, roles: Roles): Verdict {
  if (members.size === 0) return 'gone'
  if (!roles.isInstalled(packageIndex)) return 'uninstalled'
  const present = new Set([...members.values()].map(({ elementIndex }) => elementIndex))
  return roles.requiredOf(packageIndex).every((index) => present.has(index)) ? 'healthy' : 'incomplete'
}

/** exclusive(1): only one copy of the element may be running per invocation. */
function isRoomFor(process: ElementProcess, { members }: Invocation, roles: Roles): boolean {
  if (!plays(roleIn(roles, process), 'exclusive')) return true
  return ![...members.values()].some(({ elementIndex }) => elementIndex === process.elementIndex)
}

function roleIn(roles: Roles, { packageIndex, elementIndex }: ElementProcess): Role {
  return roles.roleOf(packageIndex, elementIndex) ?? new Set()
}

function isPhase(next: Phase | ExitState): next is Phase {
  return next in transitions
}

const liveliest: readonly RunState[] = ['running', 'runnable', 'waiting', 'exiting']

/** sysApplRunCurrentState: that of its liveliest process, unless it is on its way out. */
export function currentState({ phase, members }: Invocation): RunState {
  if (phase === 'exiting') return 'exiting'
  const states = new Set([...members.values()].map(({ state }) => state))
  return liveliest.find((state) => states.has(state)) ?? 'other'
}
