/** smLaunchTable: what may be started, how often and with what; and the starting itself, after a SET is through. */

import type { Log } from '../../lib/log/log.ts'
import type { RowOf, WishesOf } from '../../lib/mib/declare.ts'
import { type Change, type Refusal, serve } from '../../lib/mib/module.ts'
import { truncateUtf8 } from '../../lib/text/text.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { Countdown } from './countdown.ts'
import { endless, smLaunchTable } from './mib.ts'
import { type LaunchId, maxRunningTotal, type Runs } from './runs.ts'
import { programOf, type ScriptRow } from './scripts.ts'
import { mayHappen } from './states.ts'

export type LaunchRow = RowOf<typeof smLaunchTable>
type Wishes = WishesOf<typeof smLaunchTable>

export interface LaunchesContext {
  now(): Date
  /** Whether smLaunchArgument may be written: the local configuration says so. */
  argumentsWritable(): boolean
  /** What there is while the module runs. */
  running(): { readonly runs: Runs; readonly clock: Clock; readonly log: Log } | undefined
  scriptOf(owner: string, name: string): ScriptRow | undefined
}

/** Changes of these are none of the row's configuration (smLaunchLastChange). */
const actions: ReadonlySet<string> = new Set(['smLaunchStart', 'smLaunchControl', 'smLaunchRowExpireTime'])

export function serveLaunches({ now, argumentsWritable, running, scriptOf }: LaunchesContext) {
  const expireTimes = new Map<string, Countdown>()

  const served = serve(smLaunchTable, {
    live: {
      smLaunchRunIndexNext: (row) => running()?.runs.nextIndex(idOf(row)) ?? 0,
      smLaunchRowExpireTime: (row) => expireTimes.get(keyOf(row))?.ticks ?? endless,
    },
    derive({ before, after, wishes }) {
      const isChanged = Object.keys(wishes).some((name) => !actions.has(name))
      return {
        ...after,
        // It reads as the last index that was started, which is for the start to say.
        smLaunchStart: before?.smLaunchStart ?? 0,
        smLaunchLastChange: isChanged ? now() : after.smLaunchLastChange,
      }
    },
    test: (change) => testRow(change) ?? testActions(change),
    commit: ({ before, after, wishes }) => ({
      finish: () => {
        if (after) apply(after, wishes)
        else if (before) drop(before)
      },
    }),
  })
  const { table } = served

  const testRow = ({ before, after, wishes }: Change<LaunchRow, Wishes>): Refusal | undefined => {
    const refuse = (column: keyof Wishes): Refusal => ({ status: 'inconsistentValue', column })
    const wishedStorage = wishes.smLaunchStorageType
    if (!before && (wishedStorage === 'permanent' || wishedStorage === 'readOnly')) return refuse('smLaunchStorageType')
    if (!before) return undefined
    const isEnabled = before.smLaunchOperStatus === 'enabled'
    const isLeaving = before.smLaunchRowStatus === 'active' && after?.smLaunchRowStatus !== 'active'
    if (isLeaving && (isEnabled || before.smLaunchStorageType === 'permanent')) return refuse('smLaunchRowStatus')
    if (isEnabled && wishes.smLaunchScriptOwner !== undefined) return refuse('smLaunchScriptOwner')
    if (isEnabled && wishes.smLaunchScriptName !== undefined) return refuse('smLaunchScriptName')
    if (!argumentsWritable() && before.smLaunchArgument.length > 0) {
      // Who may write no arguments gives those of one script to no other.
      if (isOther(before, wishes, 'smLaunchScriptOwner')) return refuse('smLaunchScriptOwner')
      if (isOther(before, wishes, 'smLaunchScriptName')) return refuse('smLaunchScriptName')
    }
    const isExpired = before.smLaunchOperStatus === 'expired'
    if (isExpired && wishes.smLaunchRowExpireTime !== undefined) return refuse('smLaunchRowExpireTime')
    return undefined
  }

  const testActions = ({ before, after, wishes }: Change<LaunchRow, Wishes>): Refusal | undefined => {
    if (wishes.smLaunchStart !== undefined) {
      const refusal = whyNot(before, after, wishes.smLaunchStart)
      if (refusal) {
        if (before) table.patch(before, { smLaunchError: refusal.sentence })
        return { status: refusal.status, column: 'smLaunchStart' }
      }
    }
    const control = wishes.smLaunchControl ?? 'nop'
    if (control !== 'nop') {
      const runs = before ? (running()?.runs.of(idOf(before)) ?? []) : []
      if (!runs.some(({ run }) => mayHappen(run.state, control)))
        return { status: 'inconsistentValue', column: 'smLaunchControl' }
    }
    return undefined
  }

  /** The checks of smLaunchStart, in its order; the fourth, read access to the script, is for who knows the principal. */
  const whyNot = (
    before: LaunchRow | undefined,
    after: LaunchRow | undefined,
    index: number,
  ): { status: 'inconsistentValue' | 'resourceUnavailable'; sentence: string } | undefined => {
    const refuse = (sentence: string, status: 'inconsistentValue' | 'resourceUnavailable' = 'inconsistentValue') => ({
      status,
      sentence,
    })
    const alive = running()
    if (!alive || !before || !after || before.smLaunchOperStatus !== 'enabled' || statusOf(after) !== 'enabled') {
      const script = after && scriptOf(after.smLaunchScriptOwner, after.smLaunchScriptName)
      if (!script) return refuse('there is no script of the name that smLaunchScriptOwner and smLaunchScriptName give')
      if (script.smScriptOperStatus !== 'enabled')
        return refuse(`the script is ${script.smScriptOperStatus}; smScriptError says why`)
      return refuse('this launch is not enabled; set smLaunchAdminStatus to enabled')
    }
    if (index !== 0 && alive.runs.find(idOf(after), index)) return refuse(`the run index ${index} is in use`)
    if (alive.runs.runningOf(idOf(after)) >= after.smLaunchMaxRunning)
      return refuse(`as many runs as it may have (${after.smLaunchMaxRunning}) are under way; see smLaunchMaxRunning`)
    if (alive.runs.running >= maxRunningTotal)
      return refuse(`${maxRunningTotal} scripts run on this machine, which is the most`, 'resourceUnavailable')
    return undefined
  }

  const statusOf = (row: LaunchRow): 'enabled' | 'disabled' => {
    if (row.smLaunchRowStatus !== 'active' || row.smLaunchAdminStatus === 'disabled') return 'disabled'
    const script = scriptOf(row.smLaunchScriptOwner, row.smLaunchScriptName)
    return script?.smScriptRowStatus === 'active' && script.smScriptOperStatus === 'enabled' ? 'enabled' : 'disabled'
  }

  const apply = (row: LaunchRow, wishes: Wishes): void => {
    const alive = running()
    if (!alive) return
    if (wishes.smLaunchRowExpireTime !== undefined) expireIn(row, wishes.smLaunchRowExpireTime)
    refresh(row)
    alive.runs.trim(idOf(row))
    const control = wishes.smLaunchControl ?? 'nop'
    if (control !== 'nop') for (const { run } of alive.runs.of(idOf(row))) controlRun(run, control)
    if (wishes.smLaunchStart !== undefined) start(row, wishes.smLaunchStart)
  }

  /** smLaunchOperStatus as it is to be; coming to be enabled starts what is to start by itself. */
  const refresh = (given: LaunchRow): void => {
    const row = table.get(given)
    const alive = running()
    if (!row || !alive || row.smLaunchOperStatus === 'expired') return
    const smLaunchOperStatus = statusOf(row)
    if (smLaunchOperStatus === row.smLaunchOperStatus) return
    table.patch(row, { smLaunchOperStatus })
    // RFC 3165: a launch that is disabled has no entries in smRunTable.
    if (smLaunchOperStatus === 'disabled') alive.runs.dismiss(idOf(row))
    else if (row.smLaunchAdminStatus === 'autostart') start(row, 0)
  }

  const start = (given: LaunchRow, wishedIndex: number): void => {
    const row = table.get(given)
    const alive = running()
    if (!row || !alive) return
    const { runs, log } = alive
    const refusal = whyNot(row, row, wishedIndex)
    if (refusal) {
      table.patch(row, { smLaunchError: truncateUtf8(refusal.sentence, 255) })
      log.warn('a script was not started', { launch: `${row.smLaunchOwner}/${row.smLaunchName}`, ...refusal })
      return
    }
    const index = wishedIndex === 0 ? runs.nextIndex(idOf(row)) : wishedIndex
    const program = programOf(scriptOf(row.smLaunchScriptOwner, row.smLaunchScriptName)!)
    table.patch(row, { smLaunchError: '', smLaunchStart: index })
    const order = { program, argument: row.smLaunchArgument, lifeTimeTicks: row.smLaunchLifeTime }
    runs.start(idOf(row), index, order, row.smLaunchExpireTime)
  }

  const expireIn = (row: LaunchRow, ticks: number): void => {
    const alive = running()
    if (!alive) return
    const expired = (): void => {
      if (!table.get(row)) return
      table.patch(row, { smLaunchOperStatus: 'expired' })
      dropIfExpired(idOf(row))
    }
    expireTimes.get(keyOf(row))?.hold()
    const expireTime = new Countdown(alive.clock, ticks, expired, endless)
    expireTimes.set(keyOf(row), expireTime)
    expireTime.go()
  }

  const drop = (row: LaunchRow): void => {
    expireTimes.get(keyOf(row))?.hold()
    expireTimes.delete(keyOf(row))
    running()?.runs.dismiss(idOf(row))
  }

  /** One that has expired goes when the last of its runs is forgotten. */
  const dropIfExpired = ({ owner, name }: LaunchId): void => {
    const row = table.get({ smLaunchOwner: owner, smLaunchName: name })
    if (row?.smLaunchOperStatus !== 'expired' || running()?.runs.of({ owner, name }).length !== 0) return
    table.delete(row)
    drop(row)
  }

  return {
    served,
    dropIfExpired,
    refreshAll: () => {
      for (const row of [...table.rows()]) refresh(row)
    },
    disableAll: () => {
      for (const row of [...table.rows()]) table.patch(row, { smLaunchOperStatus: 'disabled' })
    },
    maxCompleted: ({ owner, name }: LaunchId): number =>
      table.get({ smLaunchOwner: owner, smLaunchName: name })?.smLaunchMaxCompleted ?? 0,
  }
}

/** What smRunControl and smLaunchControl ask of a run; where its state does not allow that, nothing. */
export function controlRun(
  run: { abort(exit: { exitCode: 'halted'; sentence: string }): void; suspend(): void; resume(): void },
  control: 'abort' | 'suspend' | 'resume' | 'nop',
): void {
  if (control === 'abort') run.abort({ exitCode: 'halted', sentence: 'it was aborted, as a manager asked' })
  if (control === 'suspend') run.suspend()
  if (control === 'resume') run.resume()
}

function idOf(row: Pick<LaunchRow, 'smLaunchOwner' | 'smLaunchName'>): LaunchId {
  return { owner: row.smLaunchOwner, name: row.smLaunchName }
}

function keyOf(row: Pick<LaunchRow, 'smLaunchOwner' | 'smLaunchName'>): string {
  return `${row.smLaunchOwner}\0${row.smLaunchName}`
}

function isOther(before: LaunchRow, wishes: Wishes, column: 'smLaunchScriptOwner' | 'smLaunchScriptName'): boolean {
  return wishes[column] !== undefined && wishes[column] !== before[column]
}
