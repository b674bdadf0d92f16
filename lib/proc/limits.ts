/** The resource limits of this process (getrlimit(2)), as /proc/self/limits has them. */
import { readWhole } from './file.ts'

export interface ResourceLimit {
  /** In force now; Infinity where the kernel says `unlimited`. */
  readonly soft: number
  /** The process may raise the soft limit so far by itself. */
  readonly hard: number
}

/** `Max open files            1024                 524288               files`: names have blanks, columns are two apart. */
export function parseLimit(text: string, name: string): ResourceLimit | undefined {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name}  `))
  const [, soft, hard] = line?.trim().split(/\s{2,}/) ?? []
  if (soft === undefined || hard === undefined) return undefined
  return { soft: numberOf(soft), hard: numberOf(hard) }
}

/**
 * How many descriptors this process may have open at once. Node raises its soft limit to the hard one when it starts, so
 * what counts is the soft limit as it is now. Undefined where /proc is not mounted; throws where it cannot be read, EMFILE
 * among the reasons: ask before descriptors run out.
 */
export function openFileLimit(): number | undefined {
  return parseLimit(readWhole('/proc/self/limits') ?? '', 'Max open files')?.soft
}

const numberOf = (text: string): number => (text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text))
