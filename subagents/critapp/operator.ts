/**
 * Orders of an operator on this machine, such as `sip stop`: they are carried out as a SET would be, so that what follows
 * is no failure, and what was ordered is also wanted.
 */

import type { Clock } from '../../lib/time/clock.ts'
import { pause } from '../../lib/time/pause.ts'
import { quoted } from './health/health.ts'
import type { SupervisedProcess } from './process/process.ts'
import type { Supervisor } from './supervision/supervisor.ts'

export const orders = ['start', 'stop', 'restart'] as const
export type Order = (typeof orders)[number]

export interface OperatorOptions {
  readonly clock: Clock
  readonly supervisor: Supervisor
  /** Makes critAppAdminStatus of a row what is ordered, and keeps it. Throws with a sentence when it is refused. */
  want(index: number, adminStatus: 'up' | 'down'): Promise<void>
}

/** The command itself has to do what it was called for. */
export const notSupervised = 'not supervised'
export const done = 'done'

const lookEveryMs = 20
const startWithinMs = 60_000
/** Beyond the time-out of its stop. */
const stopMarginMs = 5000

/**
 * Resolves when it is done, or when nobody supervises a process of this name. One that is on its way there already may be
 * so by a command of its row, which then asks us: it must not wait for itself. Throws with a sentence when it fails.
 */
export async function obey(order: Order, name: string, options: OperatorOptions): Promise<string> {
  const { supervisor, want } = options
  const process = supervisor.processes().find(({ spec }) => spec.name === name)
  if (!process || isUnderWay(order, process)) return notSupervised
  const { index, adminStatus } = process.spec
  const { exits, isUp } = process
  if (order === 'stop') {
    await want(index, 'down')
    await reaches(({ state }) => state === 'stopped', process, options)
    return done
  }
  if (order === 'restart' && adminStatus === 'up') supervisor.restart(index)
  else await want(index, 'up')
  const isNew = (now: SupervisedProcess): boolean => order === 'start' || !isUp || now.exits > exits
  await reaches((now) => now.isUp && isNew(now), process, options)
  return done
}

function isUnderWay(order: Order, { state }: SupervisedProcess): boolean {
  return state === (order === 'stop' ? 'stopping' : 'starting')
}

async function reaches(
  holds: (process: SupervisedProcess) => boolean,
  { spec: { index, name, stopTimeoutSeconds } }: SupervisedProcess,
  { clock, supervisor }: OperatorOptions,
): Promise<void> {
  const deadlineMs = clock.monotonicMs() + startWithinMs + stopTimeoutSeconds * 1000 + stopMarginMs
  for (;;) {
    await pause(clock, lookEveryMs)
    const now = supervisor.find(index)
    if (!now) throw new Error(`the row of ${name} was destroyed meanwhile`)
    if (holds(now)) return
    const isStart = now.spec.adminStatus === 'up'
    if (isStart && (now.state === 'failed' || now.state === 'restartWait'))
      throw new Error(`${now.lastError}${quoted(now.lastSaid)}`)
    if (clock.monotonicMs() >= deadlineMs) throw new Error(`${name} is still ${now.state}`)
  }
}
