/**
 * A process that registers, for tests that kill it or run several: `churn PREFIX USERS PATH` goes on for ever and prints
 * `CSEQ TIME` of the last change it took; `write PREFIX USERS PATH` puts each user twice, stops its writer and ends.
 */

import { createLog } from '../../lib/log/log.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { MemoryLocation } from '../../sipd/location/memory.ts'
import { LocationWriter } from '../../sipd/location/writer.ts'
import { bindingOf } from './location-support.ts'

const [mode = '', prefix = '', userCount = '', path = ''] = process.argv.slice(2)
const users = Number(userCount)
const log = createLog({ component: prefix, write: (line) => process.stderr.write(line) })
const store = new MemoryLocation({ clock: systemClock, cleanupEveryMs: 180_000 })
const writer = new LocationWriter({ path, clock: systemClock, log, everything: () => store.all() })
store.onChange(writer.changed)
writer.start()
let cseq = 0
if (mode === 'churn') churn()
else await write()

/** The user of a change is its CSeq modulo the users, so that the reader can tell what has to be there. */
function register(): void {
  cseq++
  store.replace(`sip:${prefix}${cseq % users}@example.com`, [bindingOf({ cseq })])
}

function churn(): void {
  for (let i = 0; i < 50; i++) register()
  process.stdout.write(`${cseq} ${Date.now()}\n`)
  setTimeout(churn, 5)
}

async function write(): Promise<void> {
  while (cseq < users * 2) {
    for (let i = 0; i < 100; i++) register()
    await new Promise((resolve) => setImmediate(resolve))
  }
  await writer.stop(60_000)
  store.stop()
}
