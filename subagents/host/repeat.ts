/** Takes a sample again and again until the host stops; what fails is logged when it begins to, and tried again. */
import type { ModuleHost } from '../../lib/mib/module.ts'
import { pause } from '../../lib/time/pause.ts'
import type { Period } from '../../lib/time/period.ts'

export interface Repeated {
  readonly name: string
  readonly everyMs: number
  /** How often it is taken now, where that hangs on what it costs. */
  readonly period?: Period
  sample(): unknown
}

export async function repeat({ clock, log, signal }: ModuleHost, repeated: Repeated): Promise<void> {
  const { name, everyMs, period } = repeated
  let isFailing = false
  while (!signal.aborted) {
    const begunMs = clock.monotonicMs()
    try {
      await repeated.sample()
      period?.add(clock.monotonicMs() - begunMs)
      isFailing = false
    } catch (error) {
      if (!isFailing) log.error('samples could not be taken, and rows keep their last values', { name, error })
      isFailing = true
    }
    await pause(clock, period?.ms ?? everyMs, signal)
  }
}
