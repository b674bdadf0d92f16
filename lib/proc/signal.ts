/** Signals to one process that is known by PID and start time, never to whoever has its number now. */
import { constants } from 'node:os'
import { codeOf } from '../errors.ts'
import { isPid } from './pid.ts'
import { hasEnded, type ProcessIdentity } from './process.ts'
import { readProcessFile, readStat } from './processes.ts'

export type SignalTarget = Pick<ProcessIdentity, 'pid' | 'startTicks'>

/**
 * False when it has ended. Throws what kill(2) refuses, such as EPERM, and where /proc does not say who has the number: nobody
 * is signalled then.
 */
export function sendSignal(target: SignalTarget, signal: NodeJS.Signals): boolean {
  return send(target, signal, false)
}

/** The same to the whole process group, where the process leads one. */
export function sendSignalToGroup(target: SignalTarget, signal: NodeJS.Signals): boolean {
  return send(target, signal, true)
}

function send({ pid, startTicks }: SignalTarget, signal: NodeJS.Signals, isToGroup: boolean): boolean {
  // kill(2) takes 0 and negative numbers for groups, and -1 for everybody.
  if (!isPid(pid)) return false
  const stat = readStat(pid)
  if (!stat || stat.startTicks !== startTicks || hasEnded(stat)) return false
  try {
    // The group of PID 1 would be -1.
    process.kill(isToGroup && stat.groupId === pid && pid > 1 ? -pid : pid, signal)
    return true
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false // it ended just now
    throw error
  }
}

/**
 * Whether a process has a handler for the signal: without one most signals are its end, and it may have none yet or none any
 * more. False also where it has ended; throws where nobody can tell.
 */
export function takesSignal(pid: number, signal: NodeJS.Signals): boolean {
  return catchesSignal(readProcessFile(pid, 'status') ?? '', constants.signals[signal])
}

/** Whether the mask SigCgt of /proc/PID/status (proc(5)) has the signal. */
export function catchesSignal(status: string, signal: number): boolean {
  const mask = /^SigCgt:\s*([0-9a-f]+)/m.exec(status)?.[1]
  return mask !== undefined && ((BigInt(`0x${mask}`) >> BigInt(signal - 1)) & 1n) === 1n
}
