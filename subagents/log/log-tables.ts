/** siLogTable and siLogGlobals over monitors and rotations: what a SET does to them, and what each row shows of its own. */
import { noFailures, type StorageFigures } from '../../lib/files/storage.ts'
import type { ChangesOf } from '../../lib/mib/declare.ts'
import { type Change, type ModuleHost, type Refusal, serve } from '../../lib/mib/module.ts'
import { nextIndex } from '../../lib/mib/next-index.ts'
import { SingleRow } from '../../lib/mib/single-row.ts'
import { reasonText } from '../../lib/mib/storage-group.ts'
import { siLogGlobals, siLogTable } from './mib.ts'
import type { MonitorSpec } from './monitor-state.ts'
import type { Monitors } from './monitors.ts'
import { defaultFloorOctets } from './rotation/defaults.ts'
import type { Rotations } from './rotations.ts'
import { type LogRow, liveColumns, mayBeNamed, specOf } from './row.ts'
import { whyNoPattern } from './rules.ts'

type LogChange = Change<LogRow, ChangesOf<typeof siLogTable>>

/** What lives while the module is started. */
export interface Running {
  readonly host: ModuleHost
  readonly monitors: Monitors
  readonly rotations: Rotations
}

export class LogTables {
  readonly files
  readonly globals
  readonly #folders: readonly string[]
  #running: Running | undefined

  /** `folders`: below them are the files that a manager may name. */
  constructor(folders: readonly string[], storage: () => StorageFigures = noFailures) {
    this.#folders = folders
    this.files = serve(siLogTable, {
      live: {
        ...liveColumns((index) => this.#running?.monitors.find(index)),
        siLogRotateLastError: (row) => this.#running?.rotations.lastError(row.siLogFileName) ?? '',
      },
      test: (change) => this.#test(change),
      commit: (change) => this.#commit(change),
    })
    this.globals = new SingleRow(
      siLogGlobals,
      {
        siLogGlobalPollInterval: 60,
        siLogConfigLastChange: 0,
        siLogMaxNotifications: 10,
        siLogDiskFloorOctets: defaultFloorOctets,
      },
      {
        live: {
          siLogNextIndex: () => nextIndex([...this.files.table.rows()].map((row) => row.siLogIndex)),
          siLogMonitored: () => this.active.length,
          siLogStorageFailures: () => storage().failures >>> 0,
          siLogStorageUnkept: () => storage().unkept,
          siLogStorageReason: () => reasonText(storage()),
        },
        commit: () => ({ finish: () => this.#configureAll() }),
      },
    )
  }

  /** Rows are those of these monitors and rotations from now on; of none once the module has stopped. */
  use(running: Running | undefined): void {
    this.#running = running
  }

  get active(): LogRow[] {
    return [...this.files.table.rows()].filter((row) => row.siLogRowStatus === 'active')
  }

  get specs(): MonitorSpec[] {
    return this.active.map((row) => this.#specOf(row))
  }

  configureRotations(): void {
    this.#running?.rotations.configure(this.active, this.globals.values.siLogDiskFloorOctets)
  }

  #test({ before, after, changes }: LogChange): Refusal | undefined {
    if (!after) return undefined
    const refuse = (column: keyof typeof changes): Refusal => ({ status: 'inconsistentValue', column })
    const isNamed = before?.siLogFileName === after.siLogFileName || mayBeNamed(after.siLogFileName, this.#folders)
    // A row that is still being made may have no name yet.
    if (after.siLogFileName !== undefined && !isNamed) return refuse('siLogFileName')
    // There must be a policy, for it says who is asked to reopen the file and what is kept.
    const isRotated = before !== undefined && this.#running?.rotations.isRotated(before.siLogFileName)
    if (changes.siLogRotateNow && !isRotated) return refuse('siLogRotateNow')
    return whyNoPattern(after) === undefined ? undefined : refuse('siLogRegExp')
  }

  #commit(change: LogChange) {
    const { table, values } = this.globals
    table.put({ ...values, siLogConfigLastChange: this.#running?.host.upTimeTicks() ?? 0 })
    return { undo: () => table.put(values), finish: () => this.#apply(change) }
  }

  #apply({ before, after, changes }: LogChange): void {
    const index = (after ?? before)?.siLogIndex
    if (index === undefined || !this.#running) return
    const { monitors, rotations } = this.#running
    if (after?.siLogRowStatus === 'active') monitors.configure(this.#specOf(after))
    else monitors.remove(index)
    this.configureRotations()
    if (changes.siLogRotateNow && after) rotations.rotateFile(after.siLogFileName)
    if (changes.siLogResetMatches) monitors.find(index)?.resetMatches()
    if (changes.siLogPollNow) void monitors.find(index)?.poll()
  }

  #configureAll(): void {
    for (const spec of this.specs) this.#running?.monitors.configure(spec)
    this.configureRotations()
  }

  #specOf(row: LogRow): MonitorSpec {
    return specOf(row, this.globals.values.siLogGlobalPollInterval)
  }
}
