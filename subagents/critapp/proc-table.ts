/** critAppProcTable as SETs change it: what is refused, and what follows. */
import { type Served, serve } from '../../lib/mib/module.ts'
import { critAppProcTable } from './mib.ts'
import { type ProcRow, type ProcTable, unknownColumns } from './rows.ts'
import { whyNotActive } from './rules.ts'

export type Changes = Partial<ProcRow>

/** What the table needs of supervision. */
export interface ProcTableUser {
  /** critAppProcUpTime of a process that is up. */
  upTicksOf(index: number): number
  /** Whether a process goes by this name now. */
  runs(name: string | undefined): boolean
  /** Rows changed; gives what undoes the trace of it. */
  noteChange(): () => void
  /** A row is active and may have to be acted on, by the columns that the SET named. */
  ask(row: ProcRow, changes: Changes): void
  remove(index: number): void
}

export function serveProcTable(user: ProcTableUser): Served<typeof critAppProcTable> {
  const processes = serve(critAppProcTable, {
    live: {
      critAppProcUpTime: ({ critAppProcIndex, critAppOperStatus }) =>
        critAppOperStatus === 'up' ? user.upTicksOf(critAppProcIndex) : 0,
    },
    derive({ before, after, changes }) {
      // RFC 2578 §7.9 leaves the DEFVAL to the agent: who makes a row for a process that runs, and says nothing of it, wants it up.
      const isUnsaid = before === undefined && changes.critAppAdminStatus === undefined
      return isUnsaid && user.runs(after.critAppProcName) ? { ...after, critAppAdminStatus: 'up' as const } : after
    },
    test({ before, after, changes, alongside = [] }) {
      if (after?.critAppProcRowStatus !== 'active') return undefined
      // A row knows its process by this name: another one would leave a running process with nobody to watch it.
      const isRenamed = before?.critAppProcRowStatus === 'active' && before.critAppProcName !== after.critAppProcName
      if (isRenamed && before.critAppOperStatus === 'up') return 'inconsistentValue'
      const mistake = whyNotActive(after, rowsBeside(processes.table, alongside))
      if (mistake) return { status: 'inconsistentValue', column: mistake.column }
      return isGracefulRestart(changes) && !canRestartGracefully(after, before)
        ? { status: 'inconsistentValue', column: 'critAppGracefulRestart' }
        : undefined
    },
    // Above all a process that fills the disk must be stopped.
    actsUnkept: ({ changes }) => Object.keys(changes).every((name) => isOrder(name)),
    commit({ before, after, changes }) {
      const undo = user.noteChange()
      const finish = (): void => {
        if (after?.critAppProcRowStatus === 'active') user.ask(after, changes)
        else if (before?.critAppProcRowStatus === 'active') {
          user.remove(before.critAppProcIndex)
          if (after) processes.table.patch(after, unknownColumns(after))
        }
      }
      return { undo, finish }
    },
  })
  return processes
}

export function isGracefulRestart(changes: Changes): boolean {
  return changes.critAppGracefulRestart === 'restart'
}

/** There must be something to restart, and a way to do it. */
function canRestartGracefully(after: ProcRow, before: ProcRow | undefined): boolean {
  const hasWay = after.critAppGracefulCommand !== '' || after.critAppUnit !== ''
  return hasWay && before?.critAppOperStatus === 'up'
}

/** All rows as they will be when the SET is done. */
function rowsBeside(table: ProcTable, alongside: readonly ProcRow[]): ProcRow[] {
  const changed = new Set(alongside.map(({ critAppProcIndex }) => critAppProcIndex))
  return [...[...table.rows()].filter(({ critAppProcIndex }) => !changed.has(critAppProcIndex)), ...alongside]
}

/** What somebody wants now, in contrast to what a row is. */
function isOrder(column: string): boolean {
  return column === 'critAppAdminStatus' || column === 'critAppGracefulRestart'
}
