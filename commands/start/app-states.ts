/** What critapp supervises, as the subagents say over their control socket: for a start, which has no user to ask with. */

import { controlSocketOf } from '../../lib/home/control-socket.ts'
import type { Home } from '../../lib/home/home.ts'
import { control } from '../../lib/process/control.ts'
import { printable } from '../../lib/text/escape.ts'
import { commandClock } from '../../lib/time/clock.ts'
import { pause } from '../../lib/time/pause.ts'
import type { AppState } from '../../subagents/critapp/index.ts'

/** An application that takes longer to come up is shown as it is then. */
const settleWithinMs = 15_000
const lookEveryMs = 50

/** All applications once none is on its way any more; undefined when the subagents do not say. */
export async function settledApps(home: Home, signal: AbortSignal): Promise<readonly AppState[] | undefined> {
  const deadline = performance.now() + settleWithinMs
  for (;;) {
    const apps = await readApps(home).catch(() => undefined)
    const isSettled = apps?.every((app) => app.wanted === 'down' || app.isUp || isFailed(app)) ?? false
    if (isSettled || signal.aborted || performance.now() > deadline) return apps
    await pause(commandClock, lookEveryMs)
  }
}

async function readApps(home: Home): Promise<readonly AppState[]> {
  const said: unknown = JSON.parse(await control(controlSocketOf(home, 'subagents'), 'app-states'))
  if (!Array.isArray(said) || !said.every(isAppState)) throw new Error(`expected states, got ${JSON.stringify(said)}`)
  return said
}

/** A sentence for each application that is wanted up and is not. */
export function appFailures(apps: readonly AppState[] | undefined): string[] {
  if (!apps) return ['the subagents do not say which applications are up; see logs/subagents/subagents.log']
  return apps
    .filter(({ wanted, isUp }) => wanted === 'up' && !isUp)
    .map((app) => printable(`${app.name} is not up: ${whyDown(app)}`))
}

export function whyDown({ state, lastError }: AppState): string {
  const retry = state === 'restartWait' ? ' (it is tried again)' : ''
  return `${lastError || (state === 'starting' ? 'it is still starting' : `it is ${state}`)}${retry}`
}

function isAppState(said: unknown): said is AppState {
  return (
    typeof said === 'object' && said !== null && 'name' in said && 'wanted' in said && 'isUp' in said && 'state' in said
  )
}

function isFailed({ state, lastError }: AppState): boolean {
  return state === 'failed' || state === 'restartWait' || (state === 'stopped' && lastError !== '')
}
