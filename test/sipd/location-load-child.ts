/** A process that loads the file of registrations that is named, as a worker does at its start, and prints what it got. */

import { createLog } from '../../lib/log/log.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { loadBindings } from '../../sipd/location/load.ts'
import { MemoryLocation } from '../../sipd/location/memory.ts'

const lines: string[] = []
const log = createLog({ component: 'test', write: (line) => lines.push(line) })
const store = new MemoryLocation({ clock: systemClock, cleanupEveryMs: 180_000 })
const loaded = loadBindings(process.argv[2]!, store, { nowMs: Date.now(), maxAgeMs: Number.POSITIVE_INFINITY, log })
let longestCallId = 0
for (const [, bindings] of store.all())
  for (const { callId } of bindings) longestCallId = Math.max(longestCallId, callId.length)
store.stop()
process.stdout.write(JSON.stringify({ loaded, users: store.users, longestCallId, lines }))
