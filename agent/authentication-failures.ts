/** Messages of nobody that is known here: each leaves a trace, and all together no more than a few a second. */

import { RateLimit } from '../lib/bounds/rate-limit.ts'
import type { Log } from '../lib/log/log.ts'
import { hostAndPort } from '../lib/net/address.ts'
import { truncateUtf8 } from '../lib/text/text.ts'
import type { Clock } from '../lib/time/clock.ts'
import type { UsmCounter } from '../snmp/security/usm/usm.ts'
import type { Remote } from '../snmp/transport/udp.ts'

export interface AuthenticationFailuresOptions {
  readonly clock: Clock
  readonly log: Log
  /** Sends authenticationFailure (RFC 3418) with this sentence, where snmpEnableAuthenTraps says so. */
  readonly notify: (sentence: string) => void
}

/** Anybody can send these: they must not be able to fill logs, and the network, with notifications. */
const atOnce = 10
const perSecond = 1

export class AuthenticationFailures {
  readonly #options: AuthenticationFailuresOptions
  readonly #limit: RateLimit

  constructor(options: AuthenticationFailuresOptions) {
    this.#options = options
    this.#limit = new RateLimit(options.clock, atOnce, perSecond)
  }

  wrongCommunity(remote: Remote): void {
    this.#record(remote, { sentence: 'used a community that is not known here', isNotified: true })
  }

  usmRefused(refusal: UsmCounter, userName: string, remote: Remote): void {
    const { sentence, isNotified } = usmRefusals[refusal]
    // RFC 3411 §5: 32 octets at most; a stranger may send more.
    const user = JSON.stringify(truncateUtf8(userName, 32))
    this.#record(remote, { sentence: `${sentence} (user ${user})`, isNotified })
  }

  #record({ address, port }: Remote, { sentence, isNotified }: Failure): void {
    const held = this.#limit.take()
    if (held === undefined) return
    const { log, notify } = this.#options
    const leftOut = held > 0 ? held : undefined
    log.warn('a message is not authentic', { from: hostAndPort(address, port), reason: sentence, leftOut })
    const more = held > 0 ? `, and ${held} more messages before were not authentic` : ''
    if (isNotified) notify(`${address} ${sentence}${more}`)
  }
}

interface Failure {
  readonly sentence: string
  readonly isNotified: boolean
}

/**
 * What RFC 3414 §3.2 refuses, in words. A message outside the time window, or one that cannot be decrypted, has a good digest: it
 * is a clock's or a manager's mistake, or an old message sent again, and no failed authentication.
 */
const usmRefusals: Readonly<Record<UsmCounter, Failure>> = {
  usmStatsUnsupportedSecLevels: { sentence: 'asked for a level that the user has no keys for', isNotified: true },
  usmStatsNotInTimeWindows: { sentence: 'sent a message outside the time window', isNotified: false },
  usmStatsUnknownUserNames: { sentence: 'named a user who is not known here', isNotified: true },
  usmStatsUnknownEngineIDs: { sentence: 'named another engine', isNotified: false },
  usmStatsWrongDigests: { sentence: 'sent a message whose digest is wrong', isNotified: true },
  usmStatsDecryptionErrors: { sentence: 'sent a message that cannot be decrypted', isNotified: false },
}
