/** What a follower is asked for, what one look at its file gives, and where it stands. */
import type { Clock } from '../../lib/clock.ts'
import type { GenerationState } from './generation.ts'

/** Where a follower stands; JSON as it is. */
export interface FollowerState {
  /** Oldest first; the last was the live file. */
  readonly generations: readonly GenerationState[]
  /** Files that were read to their end, so that they are not read again. */
  readonly done: readonly GenerationState[]
}

export interface FollowerOptions {
  readonly path: string
  readonly clock: Clock
  readonly state?: FollowerState
  /** Where to begin in a file that is there when a follower without state first looks. Default: the end. */
  readonly startAt?: 'end' | 'beginning' | { readonly offset: number; readonly tail: Uint8Array }
  /** Of a longer line the beginning is delivered, and the rest passed over. */
  readonly maxLineOctets?: number
  /** A renamed file that has not grown for so long is taken to be complete. */
  readonly drainMs?: number
}

/** `badEncoding`: it begins with the byte order mark of UTF-16; its lines are not what patterns are tried on. */
export type FileCondition = 'ok' | 'noFile' | 'noPermission' | 'notRegular' | 'badEncoding'

/** After the name of the file. */
export const conditionWords: Readonly<Record<FileCondition, string>> = {
  ok: 'is read',
  noFile: 'is not there',
  noPermission: 'may not be read',
  notRegular: 'is not a regular file',
  badEncoding: 'is in UTF-16, so that no line matches; have it written in UTF-8',
}

export interface PollResult {
  readonly condition: FileCondition
  /** Of the live file. */
  readonly sizeOctets: number
  /** Times the file was found truncated or replaced in this poll. */
  readonly rotations: number
  /** Files found in this poll to have been compressed or deleted before they were read: lines of each may be lost. */
  readonly filesLost: number
  /** There is more to read, or may be soon: an old file is still being watched for its last lines. */
  readonly isBehind: boolean
  /** One poll reads a bounded part, which may have no line in it: only this tells whether the end is reached. */
  readonly hasMore: boolean
}
