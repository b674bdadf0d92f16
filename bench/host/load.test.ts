import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { serve } from '../../lib/mib/module.ts'
import { hrSWRunTable } from '../../subagents/host/mib.ts'
import { ProcessTable } from '../../subagents/host/process-table.ts'
import { toRunRow } from '../../subagents/host/processes.ts'
import { Source } from '../../subagents/host/source.ts'
import { until } from '../../test/support/appliance.ts'
import { SliceWatch } from '../slices.ts'
import { judge, pause, sized } from '../smoke.ts'

const count = sized(10_000, 100)

test('10,000 processes cost less than 3 % of a core, and 99 of 100 slices of the work take less than 2 ms', async (context) => {
  const root = mkdtempSync(join(tmpdir(), 'castellan-host-load-'))
  for (let pid = 1; pid <= count; pid++) {
    const folder = join(root, 'proc', String(pid))
    mkdirSync(folder, { recursive: true })
    const stat = `${pid} (worker-${pid}) S 1 1 1 0 -1 0 0 0 0 0 ${pid} 0 0 0 20 0 1 0 ${pid} 0 25 0 0 0 0 0 0 0 0 0 0\n`
    writeFileSync(join(folder, 'stat'), stat)
    writeFileSync(join(folder, 'cmdline'), `/usr/bin/worker\0--number\0${pid}\0`)
  }
  const running = serve(hrSWRunTable)
  const stop = new AbortController()
  const sampler = new ProcessTable(new Source(root))
  sampler.listen({ read: ({ pid, state, program }) => running.table.put(toRunRow(pid, state, program, 4)) })
  const slices = new SliceWatch()
  const done = sampler.run({ clock: slices.clock, signal: stop.signal, onSlice: slices.onSlice })
  await until(() => running.table.size === count, 60_000)
  await pause(sized(6_000, 200)) // until every process has its turn again
  slices.forget()
  const before = process.cpuUsage()
  const sinceMs = performance.now()
  writeFileSync(join(root, 'proc/1/stat'), '1 (worker-1) S 1 1 1 0 -1 0 0 0 0 0 987 0 0 0 20 0 1 0 1 0 25 0 0\n')
  await pause(sized(8_000, 500))
  const { user, system } = process.cpuUsage(before)
  const percent = (user + system) / 10 / (performance.now() - sinceMs)
  context.diagnostic(`${percent.toFixed(2)} % of a core; ${slices}`)
  judge(percent < 3, `${percent.toFixed(2)} % of a core`)
  judge(slices.count > 50, String(slices))
  judge(slices.most99Ms < 2, String(slices))
  await until(() => running.table.get({ hrSWRunIndex: 1 })?.hrSWRunPerfCPU === 987, 60_000)
  context.diagnostic(`what changed was seen after ${((performance.now() - sinceMs) / 1000).toFixed(1)} s`)
  stop.abort()
  await done
  rmSync(root, { recursive: true })
})
