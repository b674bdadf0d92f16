/** An account of octets for tests: large enough that nothing is refused, unless a bound is given. */

import { type Log, silentLog } from '../../lib/log/log.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { Account, type AccountSettings } from '../../sipd/account/account.ts'

export function accountFor(clock: Clock, settings: Partial<AccountSettings> = {}, log: Log = silentLog): Account {
  const roomy = 1 << 30
  return new Account(
    {
      trafficOctets: roomy,
      registrationOctets: roomy,
      sharePercent: 100,
      exempt: [],
      exemptsLoopback: false,
      ...settings,
    },
    clock,
    log,
  )
}
