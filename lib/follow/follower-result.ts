/** What a follower is asked for, what one look at its file gives, and where it stands. */

import { isDenied } from '../errors.ts'
import type { Clock } from '../time/clock.ts'
import { RefusedPathError } from '../trust/refused-path.ts'
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

/**
 * `badEncoding`: it begins with the byte order mark of UTF-16; its lines are not what patterns are tried on. `refused`: somebody who
 * may write its folder has put a link there, or a file that is not theirs.
 */
export type FileCondition = 'ok' | 'noFile' | 'noPermission' | 'notRegular' | 'badEncoding' | 'refused'

/** After the name of the file. */
export const conditionWords: Readonly<Record<FileCondition, string>> = {
  ok: 'is read',
  noFile: 'is not there',
  noPermission: 'may not be read',
  notRegular: 'is not a regular file',
  badEncoding: 'is in UTF-16, so that no line matches; have it written in UTF-8',
  refused: 'is not read, because others decide what it leads to',
}

export interface Look {
  readonly condition: FileCondition
  /** A whole sentence, where there is more to say than `conditionWords`. */
  readonly reason?: string
}

export interface PollResult extends Look {
  /** Of the live file. */
  readonly sizeOctets: number
  /** Times the file was found truncated or replaced in this poll. */
  readonly rotations: number
  /** Files found in this poll to have been compressed or deleted before they were read: lines of each may be lost. */
  readonly filesLost: number
  /** Why rotated files are not looked for: a sentence of who may write the folder having made too many files there. */
  readonly crowd?: string
  /** There is more to read, or may be soon: an old file is still being watched for its last lines. */
  readonly isBehind: boolean
  /** One poll reads a bounded part, which may have no line in it: only this tells whether the end is reached. */
  readonly hasMore: boolean
}

/** What an error says of the file that was looked at or opened. */
export function conditionOf(error: unknown): Look {
  if (error instanceof RefusedPathError)
    return error.kind === 'notRegular' ? { condition: 'notRegular' } : { condition: 'refused', reason: error.message }
  return { condition: isDenied(error) ? 'noPermission' : 'noFile' }
}
