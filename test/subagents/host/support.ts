/** A host module over a machine on disk, with time moved by hand. */
import { cpSync, mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog } from '../../../lib/log/log.ts'
import { ModuleBackend } from '../../../lib/mib/backend.ts'
import { programRoot } from '../../../lib/program-root.ts'
import { ManualClock } from '../../../lib/time/clock.ts'
import { type HostOptions, hostModule } from '../../../subagents/host/index.ts'
import { passUntil } from '../../support/clock.ts'

type Row = Readonly<Record<string, unknown>>

/** Without a machine of the caller's own: a copy of the one of fixtures, changed by `change` before the module starts. */
export async function startHost(options: HostOptions = {}, change: (root: string) => void = () => {}) {
  const root = mkdtempSync(join(tmpdir(), 'castellan-host-'))
  cpSync(join(programRoot, 'test/fixtures/proc/machine'), root, { recursive: true })
  change(root)
  const clock = new ManualClock()
  const lines: string[] = []
  const log = createLog({ component: 'host', write: (line) => lines.push(line) })
  const { module } = hostModule({ root, packagesFolder: join(root, 'dpkg'), ...options })
  const backend = new ModuleBackend(module, { log })
  const { signal } = new AbortController()
  const upTimeTicks = (): number => Math.floor(clock.monotonicMs() / 10)
  await backend.start({ clock, log, signal, upTimeTicks, notify: () => {} })
  const table = (name: string) => module.tables.find((one) => one.table.definition.name === name)!.table
  const rows = (name: string): Row[] => [...table(name).rows()] as Row[]
  return {
    root,
    clock,
    lines,
    table,
    rows,
    /** The value of a column that is computed when it is read. */
    live(name: string, column: string, instance: readonly number[]): unknown {
      const object = table(name).objects.find(({ bound }) => bound.name === column)!
      const at = object.find(instance, 0, instance.length)
      return at < 0 ? undefined : (object.valueAt(at) as { value?: unknown }).value
    },
    row: (name: string, column: string, value: unknown): Row | undefined =>
      rows(name).find((row) => row[column] === value),
    pass: (holds: () => boolean, stepMs?: number) => passUntil(clock, holds, stepMs),
    async stop(): Promise<void> {
      await backend.stop()
      await rm(root, { recursive: true, force: true })
    },
  }
}
