/** What the tests of the location store share: bindings to put, folders to put them in, and what a file has. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { createLog, type Log, silentLog } from '../../lib/log/log.ts'
import { ManualClock, systemClock } from '../../lib/time/clock.ts'
import type { Binding } from '../../sipd/location/binding.ts'
import { loadBindings } from '../../sipd/location/load.ts'
import { MemoryLocation, type MemoryLocationOptions } from '../../sipd/location/memory.ts'

export function bindingOf(fields: Partial<Binding> = {}): Binding {
  return {
    contact: 'sip:ann@192.0.2.1:5060',
    callId: 'a84b4c76e66710@192.0.2.1',
    cseq: 1,
    q: 1000,
    expiresAtMs: Date.now() + 3_600_000,
    flow: undefined,
    path: [],
    userAgent: 'phone/1.0',
    instance: '',
    features: '',
    source: '192.0.2.1',
    ...fields,
  }
}

/** A store on the machine's clock unless another is given; its cleaning ends with the test. */
export function locationFor(t: TestContext, options: Partial<MemoryLocationOptions> = {}): MemoryLocation {
  const store = new MemoryLocation({ clock: systemClock, cleanupEveryMs: 180_000, ...options })
  t.after(() => store.stop())
  return store
}

/** The name of a file that is not there yet, in a folder that is not there either; all goes with the test. */
export function registryPath(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-location-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'data', 'registry_db')
}

/** What a daemon that starts now would find in the file. */
export function contentOf(path: string, log: Log = silentLog): Map<string, readonly Binding[]> {
  const store = new MemoryLocation({ clock: new ManualClock(Date.now()), cleanupEveryMs: 180_000 })
  loadBindings(path, store, { nowMs: Date.now(), maxAgeMs: Number.POSITIVE_INFINITY, log })
  return new Map(store.all())
}

export function recordingLog(): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = []
  return { log: createLog({ component: 'test', write: (line) => lines.push(line) }), lines }
}
