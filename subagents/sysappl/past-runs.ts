/** The two tables of what has ended, and the scalars that bound them by number and age. */
import type { RowOf } from '../../lib/mib/declare.ts'
import { anyServing, type Serving, serve } from '../../lib/mib/module.ts'
import { SingleRow } from '../../lib/mib/single-row.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { sysApplElmtPastRunTable, sysApplPastRunTable, sysApplRun } from './mib.ts'
import { PastRows } from './past.ts'

type RunRow = RowOf<typeof sysApplPastRunTable>
type ElementRow = RowOf<typeof sysApplElmtPastRunTable>

export class PastRuns {
  readonly limits
  readonly #runs = serve(sysApplPastRunTable)
  readonly #elements = serve(sysApplElmtPastRunTable)
  readonly #runRows: PastRows<RunRow>
  readonly #elementRows: PastRows<ElementRow>
  #clock: Clock | undefined

  constructor() {
    this.#runRows = new PastRows<RunRow>(
      this.#runs.table,
      (a, b) =>
        a.sysApplInstallPkgIndex === b.sysApplInstallPkgIndex && a.sysApplPastRunIndex === b.sysApplPastRunIndex,
    )
    this.#elementRows = new PastRows<ElementRow>(
      this.#elements.table,
      (a, b) =>
        a.sysApplInstallPkgIndex === b.sysApplInstallPkgIndex &&
        a.sysApplElmtPastRunInvocID === b.sysApplElmtPastRunInvocID &&
        a.sysApplElmtPastRunIndex === b.sysApplElmtPastRunIndex,
    )
    this.limits = new SingleRow(
      sysApplRun,
      {
        sysApplPastRunMaxRows: 500,
        sysApplPastRunTblTimeLimit: 7200,
        sysApplElemPastRunMaxRows: 500,
        sysApplElemPastRunTblTimeLimit: 7200,
        sysApplAgentPollInterval: 60,
      },
      {
        live: {
          sysApplPastRunTableRemItems: () => this.#runRows.removedForRoom,
          sysApplElemPastRunTableRemItems: () => this.#elementRows.removedForRoom,
        },
        commit: () => ({ finish: () => this.#keepLimits() }),
      },
    )
  }

  get servings(): Serving[] {
    return [this.#runs, this.#elements, this.limits].map(anyServing)
  }

  get pollIntervalMs(): number {
    return this.limits.values.sysApplAgentPollInterval * 1000
  }

  /** The ages of rows are by this clock; without one they do not age. */
  use(clock: Clock | undefined): void {
    this.#clock = clock
  }

  addRun(row: RunRow, endedMonotonicMs: number): void {
    this.#runRows.add(row, endedMonotonicMs, this.limits.values.sysApplPastRunMaxRows)
  }

  addElementRun(row: ElementRow, endedMonotonicMs: number): void {
    this.#elementRows.add(row, endedMonotonicMs, this.limits.values.sysApplElemPastRunMaxRows)
  }

  /** Removes what is older than the limits allow. */
  age(): void {
    if (!this.#clock) return
    const nowMs = this.#clock.monotonicMs()
    const { sysApplPastRunTblTimeLimit, sysApplElemPastRunTblTimeLimit } = this.limits.values
    this.#runRows.removeOlder(nowMs - sysApplPastRunTblTimeLimit * 1000)
    this.#elementRows.removeOlder(nowMs - sysApplElemPastRunTblTimeLimit * 1000)
  }

  #keepLimits(): void {
    this.#runRows.keepAtMost(this.limits.values.sysApplPastRunMaxRows)
    this.#elementRows.keepAtMost(this.limits.values.sysApplElemPastRunMaxRows)
    this.age()
  }
}
