/** smRunTable: every run that is remembered, with what a manager may do to it. */
import type { ChangesOf, RowOf } from '../../lib/mib/declare.ts'
import { type Change, type Refusal, serve } from '../../lib/mib/module.ts'
import { smRunTable } from './mib.ts'
import { controlRun } from './run.ts'
import type { LaunchedRun, Runs } from './runs.ts'
import { mayHappen } from './states.ts'

export type RunRow = RowOf<typeof smRunTable>
type RunIndex = Pick<RunRow, 'smLaunchOwner' | 'smLaunchName' | 'smRunIndex'>
type RunChange = Change<RunRow, ChangesOf<typeof smRunTable>>

export class RunTable {
  readonly served
  #runs: Runs | undefined

  constructor() {
    this.served = serve(smRunTable, {
      live: {
        smRunLifeTime: (row) => this.#find(row)?.run.lifeTime.ticks ?? 0,
        smRunExpireTime: (row) => this.#find(row)?.expireTime.ticks ?? 0,
      },
      test: (change) => this.#test(change),
      commit: (change) => ({ finish: () => this.#apply(change) }),
    })
  }

  /** Rows are those of these runs from now on; without any the table is empty. */
  use(runs: Runs | undefined): void {
    this.#runs = runs
    if (!runs) this.served.table.replaceAll([])
  }

  /** Gives the row as it is now. */
  show(launched: LaunchedRun): RunRow {
    const control = this.served.table.get(indexOf(launched))?.smRunControl ?? 'nop'
    const row = rowOf(launched, control)
    this.served.table.put(row)
    return row
  }

  forget(launched: LaunchedRun): void {
    this.served.table.delete(indexOf(launched))
  }

  #find({ smLaunchOwner: owner, smLaunchName: name, smRunIndex }: RunIndex): LaunchedRun | undefined {
    return this.#runs?.find({ owner, name }, smRunIndex)
  }

  #test({ before, changes: { smRunControl: control = 'nop' } }: RunChange): Refusal | undefined {
    if (control === 'nop') return undefined
    const launched = before && this.#find(before)
    const isPossible = launched !== undefined && mayHappen(launched.run.state, control)
    return isPossible ? undefined : { status: 'inconsistentValue', column: 'smRunControl' }
  }

  #apply({ after, changes }: RunChange): void {
    const launched = after && this.#find(after)
    if (!launched) return
    const { smRunLifeTime, smRunExpireTime, smRunControl = 'nop' } = changes
    if (smRunExpireTime !== undefined) launched.expireTime.set(smRunExpireTime)
    if (smRunLifeTime !== undefined && !launched.run.isOver) launched.run.limit(smRunLifeTime)
    controlRun(launched.run, smRunControl)
  }
}

function indexOf({ launch, index }: LaunchedRun): RunIndex {
  return { smLaunchOwner: launch.owner, smLaunchName: launch.name, smRunIndex: index }
}

function rowOf(launched: LaunchedRun, smRunControl: RunRow['smRunControl']): RunRow {
  const { run } = launched
  return {
    ...indexOf(launched),
    smRunArgument: run.order.argument,
    smRunStartTime: run.startTime,
    smRunEndTime: run.endTime,
    smRunExitCode: run.exitCode,
    smRunResult: run.result,
    smRunControl,
    smRunState: run.state,
    smRunError: run.error,
    smRunResultTime: run.resultTime,
    smRunErrorTime: run.errorTime,
  }
}
