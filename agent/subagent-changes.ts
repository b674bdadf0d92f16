/** Which subagents were lost and came back, as notifications: one of each, however often one comes and goes. */

import { RateLimit } from '../lib/bounds/rate-limit.ts'
import type { Clock } from '../lib/time/clock.ts'
import type { MasterSession } from './agentx/master-session.ts'
import type { TrustDomainName } from './trust/trust.ts'

export interface SubagentChange {
  readonly event: 'lost' | 'returned'
  readonly name: string
  readonly socket: TrustDomainName
  readonly sentence: string
}

/** Names of lost subagents that are remembered. */
const lostAtMost = 256

export class SubagentChanges {
  readonly #notify: (change: SubagentChange) => void
  /** By socket and name, how many subagents were lost and have not come back. */
  readonly #lost = new Map<string, number>()
  /** At each socket for itself, so that others cannot use up what ours may need. */
  readonly #limits: Readonly<Record<TrustDomainName, RateLimit>>

  constructor(clock: Clock, notify: (change: SubagentChange) => void) {
    this.#notify = notify
    const limit = (): RateLimit => new RateLimit(clock, 50, 1)
    this.#limits = { subagents: limit(), sipd: limit(), others: limit() }
  }

  changed(event: 'serving' | 'lost', { name, trust }: MasterSession, reason: string): void {
    // FRR's daemons all have the name that libnetsnmp gives them, so they are counted.
    const key = `${trust.name} ${name}`
    const lost = this.#lost.get(key) ?? 0
    if (event === 'lost') {
      if (this.#lost.size >= lostAtMost) this.#lost.clear()
      this.#lost.set(key, lost + 1)
    } else if (lost > 1) this.#lost.set(key, lost - 1)
    else if (!this.#lost.delete(key)) return
    // A subagent may come and go as often as it likes, but not every time is a notification.
    if (this.#limits[trust.name].take() === undefined) return
    const who = trust.label === undefined ? `foreign subagent ${name}` : `subagent ${name}`
    const change = { name, socket: trust.name }
    if (event === 'lost') this.#notify({ ...change, event, sentence: `${who} is lost: ${reason}` })
    else this.#notify({ ...change, event: 'returned', sentence: `${who} is back` })
  }
}
