/** A start whose snmpEngineBoots the disk had no room for: tried again until they are kept. */

import type { Log } from '../lib/log/log.ts'
import type { Clock } from '../lib/time/clock.ts'
import type { EngineIdentity, UnkeptStart } from '../snmp/engine/engine-identity.ts'

const tryEveryMs = 5000

/** SNMPv1 and v2c need no boots; SNMPv3 is served by `serve` when those of this start are on disk, unless it was stopped before. */
export function keepLater(
  { reason, retry }: UnkeptStart,
  { clock, log, signal }: { readonly clock: Clock; readonly log: Log; readonly signal: AbortSignal },
  serve: (identity: EngineIdentity) => void,
): void {
  log.error('SNMPv3 is not served: the disk has no room to keep snmpEngineBoots; free some', { error: reason })
  let isTrying = false
  const timer = clock.every(tryEveryMs, () => {
    if (isTrying) return
    isTrying = true
    retry().then(
      (identity) => {
        timer.cancel()
        if (signal.aborted) return
        serve(identity)
        log.notice('snmpEngineBoots is on disk, and SNMPv3 is served')
      },
      () => {
        isTrying = false // that there is no room is in the log already
      },
    )
  })
  signal.addEventListener('abort', () => timer.cancel())
}
