/** What starting and stopping needs of the machine, for one home; a test has one whose processes are imagined. */

import type { ProcessIdentity } from '../../lib/proc/process.ts'
import type { DaemonName } from '../../lib/process/daemon.ts'
import type { HomeProcess } from '../../lib/process/home-processes.ts'

/** Who a process is. */
export type Identity = Pick<ProcessIdentity, 'pid' | 'startTicks'>

/** The daemons that an appliance is, which `castellan start` starts in this order; they stop the other way round. critapp starts sipd. */
export const ownDaemons = ['agent', 'subagents'] as const
/** Started once it runs, and kept; it runs without them. */
export const companions = ['console'] as const
export type OwnDaemon = Exclude<DaemonName, 'sipd'>

/** Whether sipd ends with the rest. */
export type SipdChoice = 'stop sipd' | 'keep sipd'

/** What the holder of the lock is doing. */
export type Phase = 'starting' | 'serving' | 'stopping' | 'stop'

export interface Holder extends Identity {
  readonly phase: Phase
}

export interface Lock {
  setPhase(phase: Phase): void
  release(): void
}

export interface ChildEnd {
  /** Such as `was ended by SIGKILL`. */
  readonly how: string
  readonly exitCode: number
  /** What it wrote last; empty when it wrote nothing. */
  readonly words: string
}

export interface Child extends Identity {
  /** Undefined while it runs. */
  readonly end: ChildEnd | undefined
  /** Resolves when it has ended. */
  readonly ended: Promise<void>
}

export interface HomeHost {
  readonly self: Identity
  /** All of the home but starters: daemons, and commands that start sipd. */
  processes(): readonly HomeProcess[]
  /** The PID of a daemon that says it serves. */
  serving(name: OwnDaemon): number | undefined
  /** Throws when it cannot be started at all. */
  spawn(name: OwnDaemon): Child
  /** Nothing happens when it has ended. Throws HomeError where it may not be signalled. */
  signal(identity: Identity, signal: NodeJS.Signals): void
  /** The lock of the home, which ends with this process at the latest; undefined when another has it. */
  tryLock(phase: Phase): Lock | undefined
  /** Who has the lock; undefined when nobody has, or who has it has not said so yet. */
  holder(): Holder | undefined
  pause(ms: number): Promise<void>
  nowMs(): number
}

/** Resolves to true as soon as the condition holds, to false when it does not in time. */
export async function until(
  host: Pick<HomeHost, 'pause' | 'nowMs'>,
  holds: () => boolean,
  withinMs: number,
): Promise<boolean> {
  const deadline = host.nowMs() + withinMs
  while (!holds()) {
    if (host.nowMs() > deadline) return false
    await host.pause(lookEveryMs)
  }
  return true
}

export const lookEveryMs = 25
