/** What sipd shows of itself. */

import type { StorageFigures } from '../../lib/files/storage.ts'
import type { Clock } from '../../lib/time/clock.ts'
import type { SipCounts } from './counts.ts'
import type { SipMemory } from './memory.ts'

export type SipState = 'up' | 'down' | 'restarting' | 'quiescing' | 'congested'

export interface SipView {
  readonly clock: Clock
  readonly version: string
  counters(): SipCounts
  /** Wall clock, in milliseconds. */
  lastInboundMs(): number | undefined
  lastOutboundMs(): number | undefined
  state(): SipState
  readonly listen: readonly {
    readonly address: string
    readonly port: number
    readonly transports: readonly ('udp' | 'tcp')[]
  }[]
  readonly tlsPort: number | undefined
  readonly methods: readonly string[]
  readonly isRedirectServer: boolean
  /** As sipd.conf has them now: a reload may change them. */
  limits(): SipLimits
  registeredUsers(): number
  currentTransactions(): number
  connections(): number
  memory(): SipMemory
  storage(): StorageFigures
}

export interface SipLimits {
  readonly maxExpiresSeconds: number
  readonly defaultExpiresSeconds: number
  /** RegistrarMaxUsers. */
  readonly users: number
  readonly transactions: number
}
