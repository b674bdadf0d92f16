import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { resolveHome } from '../../lib/home/home.ts'
import { createLog } from '../../lib/log/log.ts'
import { ModuleBackend } from '../../lib/mib/backend.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { ProcessTable } from '../../subagents/host/process-table.ts'
import { Source } from '../../subagents/host/source.ts'
import { sysapplModule } from '../../subagents/sysappl/index.ts'
import { until } from '../../test/support/appliance.ts'
import { judge, sized } from '../smoke.ts'

const count = sized(10_000, 100)
const filesEach = 10

test('the first poll of 10,000 processes with ten open files each takes less than 3 s of a core, and others come every 200 s', async (context) => {
  const root = mkdtempSync(join(tmpdir(), 'castellan-sysappl-load-'))
  for (let pid = 1; pid <= count; pid++) {
    const folder = join(root, 'proc', String(pid))
    mkdirSync(join(folder, 'fd'), { recursive: true })
    const stat = `${pid} (worker-${pid}) S 1 1 1 0 -1 0 0 0 0 0 ${pid} 0 0 0 20 0 1 0 ${pid} 0 25 0 0 0 0 0 0 0 0 0 0\n`
    writeFileSync(join(folder, 'stat'), stat)
    writeFileSync(join(folder, 'cmdline'), `/usr/bin/worker\0--number\0${pid}\0`)
    writeFileSync(join(folder, 'status'), readFileSync('/proc/self/status'))
    for (let file = 0; file < filesEach; file++) symlinkSync('/var/log/worker.log', join(folder, 'fd', String(file)))
  }
  writeFileSync(join(root, 'proc/stat'), 'btime 1795225262\n')
  const processes = new ProcessTable(new Source(root))
  const { module, persist } = sysapplModule(resolveHome(join(root, 'home')), { processes })
  const log = createLog({ component: 'sysappl', write: () => {} })
  const stop = new AbortController()
  const { signal } = stop
  // Nothing else goes on while the poll is measured: the scan has a bench of its own.
  const scanned = new AbortController()
  processes.listen({ listed: () => scanned.abort() })
  await processes.run({ clock: systemClock, signal: scanned.signal })
  // The first look at files on a disk has costs that /proc does not have.
  for (let pid = 1; pid <= count; pid++) processes.regularFilesOf(pid)
  const backend = new ModuleBackend(module, { log, persist: () => persist().then(() => persist) })
  const rows = module.tables.find(({ table }) => table.definition.name === 'sysApplMapTable')!.table
  const before = process.cpuUsage()
  const sinceMs = performance.now()
  await backend.start({ clock: systemClock, log, signal, upTimeTicks: () => 0, notify: () => {} })
  await until(() => rows.size === count, 60_000, 'a row for each process')
  const { user, system } = process.cpuUsage(before)
  const tookMs = (user + system) / 1000
  context.diagnostic(
    `${tookMs.toFixed(0)} ms of processor time within ${((performance.now() - sinceMs) / 1000).toFixed(1)} s: ` +
      `${(tookMs / 2000).toFixed(2)} % of a core at most`,
  )
  judge(tookMs < 3_000, `${tookMs.toFixed(0)} ms`)
  stop.abort()
  await backend.stop()
  rmSync(root, { recursive: true })
})
