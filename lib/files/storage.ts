/**
 * Whether what this process writes reaches its files. Whoever writes says so on a channel of Node's (node:diagnostics_channel),
 * and needs to know nobody for that; the process listens, and shows it over SNMP.
 */
import { channel } from 'node:diagnostics_channel'
import { messageOf } from '../errors.ts'

interface Write {
  /** Undefined where nothing waits to be written again: a line of a log is lost. */
  readonly path: string | undefined
  /** Undefined: it succeeded. */
  readonly error: string | undefined
}

const writes = channel('castellan.write')

function isWrite(message: unknown): message is Write {
  return typeof message === 'object' && message !== null && 'path' in message && 'error' in message
}

/** To be called after each write of a file, with the error of one that failed. */
export function reportWrite(path: string, error?: unknown): void {
  if (!writes.hasSubscribers) return
  writes.publish({ path, error: error === undefined ? undefined : messageOf(error) } satisfies Write)
}

/** A line of a log could not be written, and is not tried again. */
export function reportLoss(error: unknown): void {
  writes.publish({ path: undefined, error: messageOf(error) } satisfies Write)
}

export interface StorageFigures {
  /** Writes that failed since the start. */
  readonly failures: number
  /** Files that the last write did not reach. */
  readonly unkept: number
  /** Why, of one of them; empty when there is none. */
  readonly reason: string
}

/** Where nobody keeps count. */
export const noFailures = (): StorageFigures => ({ failures: 0, unkept: 0, reason: '' })

/** Keeps count from when it is made. */
export class Storage {
  #failures = 0
  readonly #unkept = new Map<string, string>()

  constructor() {
    writes.subscribe((message) => {
      if (isWrite(message)) this.#take(message)
    })
  }

  get figures(): StorageFigures {
    const [first] = this.#unkept
    return { failures: this.#failures, unkept: this.#unkept.size, reason: first ? reasonOf(...first) : '' }
  }

  #take({ path, error }: Write): void {
    if (error !== undefined) this.#failures++
    if (path === undefined) return
    if (error === undefined) this.#unkept.delete(path)
    else this.#unkept.set(path, error)
  }
}

/** A message of a failed write may name its file already. */
function reasonOf(path: string, error: string): string {
  return error.includes(path) ? error : `${path}: ${error}`
}
