/** critAppGlobals: the switches of the module, and how many of the processes that are wanted up are. */
import { serve } from '../../lib/mib/module.ts'
import { nextIndex } from '../../lib/mib/next-index.ts'
import { critAppGlobals } from './mib.ts'
import type { ProcRow, ProcTable } from './rows.ts'
import { activeRows } from './rows.ts'

const defaults = {
  critAppTrapWhenNotAllRunning: false,
  critAppTrapWhenAllRunning: false,
  critAppAllRunningInterval: 0,
  critAppConfigLastChange: 0,
  critAppCommandsWritable: false,
}

export function serveGlobals(processes: ProcTable) {
  const wanted = (): ProcRow[] => activeRows(processes).filter((row) => row.critAppAdminStatus === 'up')
  const counts = () => ({
    critAppTotal: wanted().length,
    critAppRunning: wanted().filter((row) => row.critAppOperStatus === 'up').length,
  })
  const served = serve(critAppGlobals, {
    live: {
      critAppTotal: () => counts().critAppTotal,
      critAppRunning: () => counts().critAppRunning,
      critAppAllRunning: () => counts().critAppTotal === counts().critAppRunning,
      critAppNextIndex: () => nextIndex([...processes.rows()].map((row) => row.critAppProcIndex)),
    },
  })
  served.table.put(defaults)
  const scalars = () => ({ ...defaults, ...served.table.get({}) })
  return {
    served,
    scalars,
    counts,
    /** Gives what undoes it. */
    noteChange(upTimeTicks: number): () => void {
      const before = scalars()
      served.table.put({ ...before, critAppConfigLastChange: upTimeTicks })
      return () => served.table.put(before)
    },
  }
}

export type Globals = ReturnType<typeof serveGlobals>
