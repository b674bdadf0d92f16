/** smLaunchTable: what may be started, how often and with what; and the starting itself, after a SET is through. */
import type { Log } from '../../lib/log/log.ts'
import type { ChangesOf, RowOf } from '../../lib/mib/declare.ts'
import { type Change, type Refusal, serve } from '../../lib/mib/module.ts'
import { truncateUtf8 } from '../../lib/text/text.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { Countdown } from './countdown.ts'
import { endless, smLaunchTable } from './mib.ts'
import { controlRun } from './run.ts'
import { type LaunchId, maxRunningTotal, type Runs } from './runs.ts'
import { programOf, type ScriptRow } from './scripts.ts'
import { mayHappen } from './states.ts'

export type LaunchRow = RowOf<typeof smLaunchTable>
type Changes = ChangesOf<typeof smLaunchTable>
type LaunchChange = Change<LaunchRow, Changes>
type LaunchIndex = Pick<LaunchRow, 'smLaunchOwner' | 'smLaunchName'>

export interface LaunchesOptions {
  now(): Date
  /** Whether smLaunchArgument may be written: the local configuration says so. */
  argumentsWritable(): boolean
  scriptOf(owner: string, name: string): ScriptRow | undefined
}

/** What there is while the module runs. */
export interface RunningScripts {
  readonly runs: Runs
  readonly clock: Clock
  readonly log: Log
}

interface StartRefusal {
  readonly status: 'inconsistentValue' | 'resourceUnavailable'
  readonly sentence: string
}

/** Changes of these are none of the row's configuration (smLaunchLastChange). */
const actions: ReadonlySet<string> = new Set(['smLaunchStart', 'smLaunchControl', 'smLaunchRowExpireTime'])

export class Launches {
  readonly served
  readonly #options: LaunchesOptions
  readonly #expireTimes = new Map<string, Countdown>()
  #running: RunningScripts | undefined

  constructor(options: LaunchesOptions) {
    this.#options = options
    this.served = serve(smLaunchTable, {
      live: {
        smLaunchRunIndexNext: (row) => this.#running?.runs.nextIndex(idOf(row)) ?? 0,
        smLaunchRowExpireTime: (row) => this.#expireTimes.get(keyOf(row))?.ticks ?? endless,
      },
      derive({ before, after, changes }) {
        const isChanged = Object.keys(changes).some((name) => !actions.has(name))
        return {
          ...after,
          // It reads as the last index that was started, which is for the start to say.
          smLaunchStart: before?.smLaunchStart ?? 0,
          smLaunchLastChange: isChanged ? options.now() : after.smLaunchLastChange,
        }
      },
      test: (change) =>
        testRow(change, options.argumentsWritable()) ?? this.#testStart(change) ?? this.#testControl(change),
      commit: ({ before, after, changes }) => ({
        finish: () => {
          if (after) this.#apply(after, changes)
          else if (before) this.#drop(before)
        },
      }),
    })
  }

  /** Launches start runs of these from now on; while there are none, all are disabled. */
  use(running: RunningScripts | undefined): void {
    this.#running = running
    if (running) this.refreshAll()
    else for (const row of [...this.served.table.rows()]) this.#patch(row, { smLaunchOperStatus: 'disabled' })
  }

  refreshAll(): void {
    for (const row of [...this.served.table.rows()]) this.#refresh(row)
  }

  maxCompleted(id: LaunchId): number {
    return this.served.table.get(indexOf(id))?.smLaunchMaxCompleted ?? 0
  }

  /** One that has expired goes when the last of its runs is forgotten. */
  dropIfExpired(id: LaunchId): void {
    const row = this.served.table.get(indexOf(id))
    if (row?.smLaunchOperStatus !== 'expired' || this.#running?.runs.of(id).length !== 0) return
    this.served.table.delete(row)
    this.#drop(row)
  }

  #patch(row: LaunchIndex, changes: Partial<LaunchRow>): void {
    this.served.table.patch(row, changes)
  }

  #testStart({ before, after, changes: { smLaunchStart: index } }: LaunchChange): Refusal | undefined {
    const refusal = index === undefined ? undefined : this.#refuseStart(before, after, index)
    if (!refusal) return undefined
    if (before) this.#patch(before, { smLaunchError: refusal.sentence })
    return { status: refusal.status, column: 'smLaunchStart' }
  }

  #testControl({ before, changes: { smLaunchControl: control = 'nop' } }: LaunchChange): Refusal | undefined {
    if (control === 'nop') return undefined
    const runs = before ? (this.#running?.runs.of(idOf(before)) ?? []) : []
    const isPossible = runs.some(({ run }) => mayHappen(run.state, control))
    return isPossible ? undefined : { status: 'inconsistentValue', column: 'smLaunchControl' }
  }

  /** The checks of smLaunchStart, in its order; the fourth, read access to the script, is for who knows the principal. */
  #refuseStart(before: LaunchRow | undefined, after: LaunchRow | undefined, index: number): StartRefusal | undefined {
    const refuse = (sentence: string, status: StartRefusal['status'] = 'inconsistentValue') => ({ status, sentence })
    const runs = this.#running?.runs
    if (!runs || before?.smLaunchOperStatus !== 'enabled' || !after || this.#statusOf(after) !== 'enabled')
      return refuse(this.#whyDisabled(after))
    if (index !== 0 && runs.find(idOf(after), index)) return refuse(`the run index ${index} is in use`)
    if (runs.runningOf(idOf(after)) >= after.smLaunchMaxRunning)
      return refuse(`as many runs as it may have (${after.smLaunchMaxRunning}) are under way; see smLaunchMaxRunning`)
    if (runs.running >= maxRunningTotal)
      return refuse(`${maxRunningTotal} scripts run on this machine, which is the most`, 'resourceUnavailable')
    return undefined
  }

  #whyDisabled(row: LaunchRow | undefined): string {
    const script = row && this.#scriptOf(row)
    if (!script) return 'there is no script of the name that smLaunchScriptOwner and smLaunchScriptName give'
    if (script.smScriptOperStatus !== 'enabled')
      return `the script is ${script.smScriptOperStatus}; smScriptError says why`
    return 'this launch is not enabled; set smLaunchAdminStatus to enabled'
  }

  #statusOf(row: LaunchRow): 'enabled' | 'disabled' {
    if (row.smLaunchRowStatus !== 'active' || row.smLaunchAdminStatus === 'disabled') return 'disabled'
    const script = this.#scriptOf(row)
    return script?.smScriptRowStatus === 'active' && script.smScriptOperStatus === 'enabled' ? 'enabled' : 'disabled'
  }

  #scriptOf({ smLaunchScriptOwner, smLaunchScriptName }: LaunchRow): ScriptRow | undefined {
    return this.#options.scriptOf(smLaunchScriptOwner, smLaunchScriptName)
  }

  #apply(row: LaunchRow, changes: Changes): void {
    if (!this.#running) return
    const { runs } = this.#running
    const { smLaunchRowExpireTime, smLaunchControl = 'nop', smLaunchStart } = changes
    if (smLaunchRowExpireTime !== undefined) this.#expireIn(row, smLaunchRowExpireTime)
    this.#refresh(row)
    runs.trim(idOf(row))
    for (const { run } of runs.of(idOf(row))) controlRun(run, smLaunchControl)
    if (smLaunchStart !== undefined) this.#start(row, smLaunchStart)
  }

  /** smLaunchOperStatus as it must be now; a launch that becomes enabled starts what is to start by itself. */
  #refresh(given: LaunchRow): void {
    const row = this.served.table.get(given)
    if (!row || !this.#running || row.smLaunchOperStatus === 'expired') return
    const smLaunchOperStatus = this.#statusOf(row)
    if (smLaunchOperStatus === row.smLaunchOperStatus) return
    this.#patch(row, { smLaunchOperStatus })
    // RFC 3165: a launch that is disabled has no entries in smRunTable.
    if (smLaunchOperStatus === 'disabled') this.#running.runs.dismiss(idOf(row))
    else if (row.smLaunchAdminStatus === 'autostart') this.#start(row, 0)
  }

  /** Run index 0: the next that is free. */
  #start(given: LaunchRow, requestedIndex: number): void {
    const row = this.served.table.get(given)
    if (!row || !this.#running) return
    const { runs, log } = this.#running
    const refusal = this.#refuseStart(row, row, requestedIndex)
    const script = this.#scriptOf(row)
    if (refusal || !script) {
      const sentence = refusal?.sentence ?? this.#whyDisabled(row)
      this.#patch(row, { smLaunchError: truncateUtf8(sentence, 255) })
      log.warn('a script was not started', { launch: `${row.smLaunchOwner}/${row.smLaunchName}`, ...refusal })
      return
    }
    const index = requestedIndex === 0 ? runs.nextIndex(idOf(row)) : requestedIndex
    this.#patch(row, { smLaunchError: '', smLaunchStart: index })
    const order = {
      program: programOf(script),
      argument: row.smLaunchArgument,
      lifeTimeTicks: row.smLaunchLifeTime,
    }
    runs.start(idOf(row), index, order, row.smLaunchExpireTime)
  }

  #expireIn(row: LaunchRow, ticks: number): void {
    if (!this.#running) return
    const expired = (): void => {
      if (!this.served.table.get(row)) return
      this.#patch(row, { smLaunchOperStatus: 'expired' })
      this.dropIfExpired(idOf(row))
    }
    this.#expireTimes.get(keyOf(row))?.hold()
    const expireTime = new Countdown(this.#running.clock, ticks, expired, endless)
    this.#expireTimes.set(keyOf(row), expireTime)
    expireTime.go()
  }

  #drop(row: LaunchIndex): void {
    this.#expireTimes.get(keyOf(row))?.hold()
    this.#expireTimes.delete(keyOf(row))
    this.#running?.runs.dismiss(idOf(row))
  }
}

function testRow({ before, after, changes }: LaunchChange, argumentsWritable: boolean): Refusal | undefined {
  const refuse = (column: keyof Changes): Refusal => ({ status: 'inconsistentValue', column })
  const storage = changes.smLaunchStorageType
  if (!before && (storage === 'permanent' || storage === 'readOnly')) return refuse('smLaunchStorageType')
  if (!before) return undefined
  const isEnabled = before.smLaunchOperStatus === 'enabled'
  const isLeaving = before.smLaunchRowStatus === 'active' && after?.smLaunchRowStatus !== 'active'
  if (isLeaving && (isEnabled || before.smLaunchStorageType === 'permanent')) return refuse('smLaunchRowStatus')
  if (isEnabled && changes.smLaunchScriptOwner !== undefined) return refuse('smLaunchScriptOwner')
  if (isEnabled && changes.smLaunchScriptName !== undefined) return refuse('smLaunchScriptName')
  if (!argumentsWritable && before.smLaunchArgument.length > 0) {
    // Who may write no arguments gives those of one script to no other.
    if (isOther(before, changes, 'smLaunchScriptOwner')) return refuse('smLaunchScriptOwner')
    if (isOther(before, changes, 'smLaunchScriptName')) return refuse('smLaunchScriptName')
  }
  const isExpired = before.smLaunchOperStatus === 'expired'
  if (isExpired && changes.smLaunchRowExpireTime !== undefined) return refuse('smLaunchRowExpireTime')
  return undefined
}

function idOf({ smLaunchOwner: owner, smLaunchName: name }: LaunchIndex): LaunchId {
  return { owner, name }
}

function indexOf({ owner, name }: LaunchId): LaunchIndex {
  return { smLaunchOwner: owner, smLaunchName: name }
}

function keyOf(row: LaunchIndex): string {
  return `${row.smLaunchOwner}\0${row.smLaunchName}`
}

function isOther(before: LaunchRow, changes: Changes, column: 'smLaunchScriptOwner' | 'smLaunchScriptName'): boolean {
  return changes[column] !== undefined && changes[column] !== before[column]
}
