import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { initializeHome, resolveHome } from '../../lib/home/home.ts'
import { silentLog } from '../../lib/log/log.ts'
import { Hosting } from '../../lib/mib/hosting.ts'
import type { SetFailure, SetVarbind } from '../../lib/mib/set.ts'
import { type Clock, systemClock } from '../../lib/time/clock.ts'
import { critappModule } from '../../subagents/critapp/index.ts'
import { critAppProcTable } from '../../subagents/critapp/mib.ts'
import { until } from '../support/appliance.ts'
import { forever, noSip } from '../support/supervision.ts'

const { columns } = critAppProcTable

test('a runaway process is stopped over SNMP while nothing can be kept on disk, and that is kept later', async (t) => {
  const home = resolveHome(mkdtempSync(join(tmpdir(), 'unkept-')))
  t.after(() => rmSync(home.root, { recursive: true }))
  await initializeHome(home, 0)
  const name = `unkept${process.pid}`
  const program = join(home.root, name)
  writeFileSync(program, `#!/bin/sh\n${forever}\n`)
  chmodSync(program, 0o755)
  const conf = join(home.conf, 'subagents')
  const file = join(conf, 'critagt.cnf')
  writeFileSync(file, `critAppProcEntry 1 ${name} ${program} - up false 100 true true true 5\n`, { mode: 0o600 })

  /** Retries come at once here, and are still many looks apart for what is supervised. */
  const clock: Clock = {
    ...systemClock,
    every: (periodMs, run) => systemClock.every(periodMs >= 10_000 ? 100 : periodMs, run),
  }
  const critapp = { ...critappModule(home, noSip), file: 'subagents/critagt.cnf' }
  const hosting = new Hosting({ home, log: silentLog, modules: [critapp], resolveName: () => undefined })
  assert.deepEqual(await hosting.load(), [])
  const { signal } = new AbortController()
  await hosting.start(() => ({ clock, log: silentLog, signal, upTimeTicks: () => 0, notify: () => {} }))
  t.after(() => hosting.stop())
  const row = () => critapp.module.tables[0]!.table.getAny([1]) as { critAppProcState: string }
  await until(() => row().critAppProcState === 'running', 5000, 'the start')

  const set = async (...varbinds: Omit<SetVarbind, 'position'>[]): Promise<SetFailure | undefined> => {
    const part = hosting.backends[0]!.prepareSet(varbinds.map((varbind, at) => ({ ...varbind, position: at + 1 })))
    const failure = (await part.test()) ?? (await part.commit())
    if (failure) await part.undo()
    else part.finish()
    return failure
  }
  const down = { name: [...columns.critAppAdminStatus.oid, 1], value: { type: 'Integer32', value: 2 } } as const
  const trapOnExit = { name: [...columns.critAppTrapOnExit.oid, 1], value: { type: 'Integer32', value: 2 } } as const
  // Stands for a disk without room: neither the file nor what stands in for it can be written.
  for (const folder of [conf, home.data]) renameSync(folder, `${folder}.away`)
  writeFileSync(home.data, '')
  assert.equal((await set(trapOnExit))?.status, 'commitFailed', 'what is to last is refused')
  assert.equal((await set(down, trapOnExit))?.status, 'commitFailed', 'and so is all of one SET')
  assert.equal(row().critAppProcState, 'running')
  assert.equal(await set(down), undefined)
  await until(() => row().critAppProcState === 'stopped', 5000, 'the stop')
  rmSync(home.data)
  for (const folder of [conf, home.data]) renameSync(`${folder}.away`, folder)
  await until(() => / down false 100 true true true /.test(readFileSync(file, 'utf8')), 5000, 'that it is kept')
})
