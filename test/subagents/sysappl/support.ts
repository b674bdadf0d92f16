/** A sysappl module over processes and a program that are files of a test's own, with time moved by hand. */

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { resolveHome } from '../../../lib/home/home.ts'
import { createLog } from '../../../lib/log/log.ts'
import { ModuleBackend } from '../../../lib/mib/backend.ts'
import type { ErrorStatus } from '../../../lib/smi/error-status.ts'
import { type Oid, oid } from '../../../lib/smi/oid.ts'
import type { SnmpValue } from '../../../lib/smi/value.ts'
import { ManualClock } from '../../../lib/time/clock.ts'
import { pause } from '../../../lib/time/pause.ts'
import { listEveryMs, ProcessTable } from '../../../subagents/host/process-table.ts'
import { Source } from '../../../subagents/host/source.ts'
import { sysapplModule } from '../../../subagents/sysappl/index.ts'
import { passUntil } from '../../support/clock.ts'

type Row = Readonly<Record<string, unknown>>

/** The machine's start, as its /proc/stat tells it. */
export const bootMs = Date.UTC(2025, 11, 31)

export interface FakeProcess {
  readonly command: readonly string[]
  /** Where /proc/PID/exe leads; undefined: it may not be seen. */
  readonly executable?: string
  readonly parent?: number
  readonly startTicks?: number
  readonly state?: string
  readonly user?: number
  readonly cpuTicks?: number
  /** Where descriptors lead; undefined: they may not be seen. */
  readonly files?: readonly string[]
}

/** A folder that holds a machine's /proc, dpkg and passwd, and Castellan as it is installed there. */
export function makeMachine() {
  const root = mkdtempSync(join(tmpdir(), 'castellan-sysappl-'))
  const put = (path: string, content: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  mkdirSync(join(root, 'proc'))
  put('proc/stat', `cpu 1 2 3 4\nbtime ${bootMs / 1000}\n`)
  put('passwd', 'root:x:0:0::/root:/bin/sh\nsipd:x:990:990::/:/bin/false\n')
  put('dpkg/status', '')
  put('opt/castellan/package.json', '{ "version": "1.2.3" }')
  put('opt/castellan/bin/getone', '#!/usr/bin/env node\n')
  put('opt/castellan/mibs/CASTELLAN-SMI.txt', 'CASTELLAN-SMI\n')
  for (const name of ['agent/main.js', 'subagents/main.js', 'sipd/main.js', 'sipd/worker/main.js'])
    put(`opt/castellan/dist/${name}`, '// a program\n')
  return {
    root,
    put,
    program: join(root, 'opt/castellan'),
    run(pid: number, process: FakeProcess): void {
      const { command, executable, parent = 1, startTicks = pid, state = 'S', user = 0, cpuTicks = 0, files } = process
      const folder = `proc/${pid}`
      const name = (command[0] ?? '').split('/').at(-1)!.slice(0, 15)
      put(
        `${folder}/stat`,
        `${pid} (${name}) ${state} ${parent} 1 1 0 -1 0 0 0 0 0 ${cpuTicks} 0 0 0 20 0 1 0 ${startTicks} 0 25 0\n`,
      )
      put(`${folder}/cmdline`, state === 'Z' ? '' : command.map((argument) => `${argument}\0`).join(''))
      put(`${folder}/status`, `Name:\t${name}\nUid:\t0\t${user}\t0\t0\n`)
      rmSync(join(root, folder, 'exe'), { force: true })
      if (executable !== undefined && state !== 'Z') symlinkSync(executable, join(root, folder, 'exe'))
      rmSync(join(root, folder, 'fd'), { recursive: true, force: true })
      if (!files) return
      mkdirSync(join(root, folder, 'fd'))
      for (const [number, target] of files.entries()) symlinkSync(target, join(root, folder, 'fd', String(number)))
    },
    end(pid: number): void {
      rmSync(join(root, `proc/${pid}`), { recursive: true })
    },
    remove: () => rm(root, { recursive: true, force: true }),
  }
}

export type Machine = ReturnType<typeof makeMachine>

/** Two modules on one machine, one after the other, are one that was restarted. */
export async function startSysappl(machine: Machine, intervalSeconds = 0) {
  const { root } = machine
  const clock = new ManualClock()
  const lines: string[] = []
  const log = createLog({ component: 'sysappl', write: (line) => lines.push(line) })
  const stopping = new AbortController()
  const { signal } = stopping
  const processes = new ProcessTable(new Source(root))
  const { module, configured, persist } = sysapplModule(resolveHome(join(root, 'home')), {
    processes,
    program: machine.program,
    dpkgFolder: join(root, 'dpkg'),
    passwd: join(root, 'passwd'),
  })
  const backend = new ModuleBackend(module, { log, persist: () => persist().then(() => persist) })
  const table = (name: string) => module.tables.find((one) => one.table.definition.name === name)!
  const rows = (name: string): Row[] => [...table(name).table.rows()] as Row[]
  const limits = table('sysApplRun').table
  limits.putAny({ ...limits.getAny([0]), sysApplAgentPollInterval: intervalSeconds })
  const scanning = (async () => {
    while (!signal.aborted) {
      await processes.run({ clock, signal }).catch(() => {}) // there may be no /proc
      await pause(clock, listEveryMs, signal)
    }
  })()
  await backend.start({ clock, log, signal, upTimeTicks: () => 0, notify: () => {} })
  return {
    clock,
    lines,
    rows,
    row: (name: string, column: string, value: unknown): Row | undefined =>
      rows(name).find((row) => row[column] === value),
    configured,
    /** Adds a row as a line of the file does. */
    configure(name: string, row: Row): void {
      const { table: served, handlers } = configured.find((one) => one.table.definition.name === name)!
      served.putAny(row)
      handlers.commit?.({ before: undefined, after: row, changes: {}, requester: undefined } as never)?.finish?.()
    },
    /** The value of a scalar that is computed when it is read. */
    live(column: string): unknown {
      const object = limits.objects.find(({ bound }) => bound.name === column)!
      return (object.valueAt(0) as { value?: unknown }).value
    },
    pass: (holds: () => boolean, stepMs?: number) => passUntil(clock, holds, stepMs),
    async passSeconds(seconds: number): Promise<void> {
      const endMs = clock.monotonicMs() + seconds * 1000
      await this.pass(() => clock.monotonicMs() >= endMs, Math.max(500, seconds * 20))
    },
    /** Sets objects as a manager does; the status of what was refused. */
    async set(...changes: readonly (readonly [string, Oid, SnmpValue])[]): Promise<ErrorStatus | undefined> {
      const varbinds = changes.map(([dotted, instance, value], at) => ({
        name: [...oid(dotted), ...instance],
        value,
        position: at + 1,
      }))
      const part = backend.prepareSet(varbinds)
      const failure = (await part.test()) ?? (await part.commit())
      if (failure) await part.undo()
      else part.finish()
      return failure?.status
    },
    async stop(): Promise<void> {
      stopping.abort()
      await scanning
      await backend.stop()
    },
  }
}
