/** Asking the owner of a log to open it again. */
import { messageOf } from '../../../lib/errors.ts'
import { sendSignal, takesSignal } from '../../../lib/proc/signal.ts'
import type { LogOwner } from './policy.ts'

export type Asked =
  | { readonly kind: 'asked'; readonly pid: number; readonly name: string }
  /** The log has no owner, or the owner does not run. */
  | { readonly kind: 'absent' }
  /** `pid` is undefined where it cannot be known whether the owner runs. */
  | { readonly kind: 'failed'; readonly pid: number | undefined; readonly sentence: string }

/** The process of an owner that runs. Throws where that cannot be known. */
export function ownerPid(owner: LogOwner): number | undefined {
  return owner.kind === 'daemon' ? owner.find()?.pid : undefined
}

/** Sends the owner its signal, unless that would end it. */
export function askToReopen(owner: LogOwner): Asked {
  if (owner.kind === 'nobody') return { kind: 'absent' }
  const { name, signal } = owner
  let pid: number | undefined
  try {
    const running = owner.find()
    if (!running) return { kind: 'absent' }
    pid = running.pid
    // While it starts or ends it may have no handler, and the signal would be its end.
    if (!takesSignal(pid, signal))
      return { kind: 'failed', pid, sentence: `${name} (PID ${pid}) does not take ${signal} at this time` }
    return sendSignal(running, signal) ? { kind: 'asked', pid, name } : { kind: 'absent' }
  } catch (error) {
    const who = pid === undefined ? name : `${name} (PID ${pid})`
    return { kind: 'failed', pid, sentence: `${who} could not be sent ${signal}: ${messageOf(error)}` }
  }
}
