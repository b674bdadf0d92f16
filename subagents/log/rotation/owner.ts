/** Telling the owner of a log to open it anew. */
import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { readPidFile } from '../../../lib/proc/process.ts'
import type { LogOwner } from './policy.ts'

export type Told =
  | { readonly kind: 'told'; readonly pid: number; readonly name: string }
  /** Nobody to be told, or the owner does not run. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly pid: number; readonly sentence: string }

/** The process of an owner that runs. */
export function ownerPid(owner: LogOwner): number | undefined {
  return owner.kind === 'daemon' ? readPidFile(owner.pidFile)?.pid : undefined
}

/** Sends the owner its signal, unless that would end it. */
export function tellToReopen(owner: LogOwner): Told {
  if (owner.kind === 'nobody') return { kind: 'absent' }
  const { name, pidFile, signal } = owner
  const running = readPidFile(pidFile)
  if (!running) return { kind: 'absent' }
  const { pid } = running
  try {
    // While it starts or ends it may have no handler, and the signal would be its end.
    if (!catchesSignal(readFileSync(`/proc/${pid}/status`, 'latin1'), constants.signals[signal]))
      return { kind: 'failed', pid, sentence: `${name} (PID ${pid}) does not take ${signal} at this time` }
    process.kill(pid, signal)
    return { kind: 'told', pid, name }
  } catch (error) {
    const sentence = `${name} (PID ${pid}) could not be sent ${signal}: ${(error as Error).message}`
    return { kind: 'failed', pid, sentence }
  }
}

/** Whether the mask SigCgt of /proc/PID/status (proc(5)) has the signal. */
export function catchesSignal(status: string, signal: number): boolean {
  const mask = /^SigCgt:\s*([0-9a-f]+)/m.exec(status)?.[1]
  return mask !== undefined && ((BigInt(`0x${mask}`) >> BigInt(signal - 1)) & 1n) === 1n
}
