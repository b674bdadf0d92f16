/** What a monitor watches, what it notifies, and what of it outlives a restart. */
import type { FollowerState } from '../../lib/follow/follower-result.ts'
import { isGenerationState } from '../../lib/follow/generation.ts'

export interface MonitorSpec {
  readonly index: number
  readonly descr: string
  readonly fileName: string
  /** Empty: only the size is watched. */
  readonly regExp: string
  readonly matchStart: number
  readonly matchStop: number
  readonly matchCommand: string
  readonly matchTrap: boolean
  /** 0: no threshold. */
  readonly maxSizeOctets: number
  readonly maxSizeCommand: string
  readonly maxSizeTrap: boolean
  /** 0: only when asked to. */
  readonly pollSeconds: number
  /** Where a monitor that was never active begins, if these octets are there. */
  readonly seed: { readonly offset: number; readonly tail: Uint8Array }
}

export interface MatchEvent {
  readonly kind: 'match'
  readonly line: string
  readonly matches: number
  /** As a notification of its own; else it is for a command. */
  readonly isToBeSent: boolean
}

/** What is delivered when the state that has it counted is durable. */
export type MonitorEvent =
  | MatchEvent
  | { readonly kind: 'exceeded' | 'cleared'; readonly sizeOctets: number }
  | { readonly kind: 'summary'; readonly count: number; readonly line: string; readonly matches: number }

/** What is kept over a restart. */
export interface MonitorState {
  readonly fileName: string
  readonly matches: number
  readonly rotations: number
  /** Left out by versions that did not count them. */
  readonly filesLost?: number
  readonly isAbove: boolean
  readonly summarized: number
  readonly lastMatch: string
  readonly lastMatchMs: number | undefined
  readonly follower: FollowerState | undefined
  /** Events still to be delivered; the word is that of the files of earlier versions. */
  readonly untold: readonly MonitorEvent[]
}

export function isMonitorState(kept: unknown): kept is MonitorState {
  const state: Partial<MonitorState> = typeof kept === 'object' && kept !== null ? kept : {}
  const { fileName, matches, rotations, follower, untold } = state
  const isFollowable = follower === undefined || isFollowerState(follower)
  const isCounted = Number.isInteger(matches) && Number.isInteger(rotations)
  return typeof fileName === 'string' && isCounted && isFollowable && Array.isArray(untold)
}

function isFollowerState({ generations, done }: Partial<FollowerState>): boolean {
  return [generations, done].every((list) => Array.isArray(list) && list.every(isGenerationState))
}
