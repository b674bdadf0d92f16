/** How much of one source's requests is taken: a flood is slowed, and costs next to nothing. */

import { isLoopbackAddress } from '../../lib/net/address.ts'
import { sourceNetwork } from '../../lib/net/source-network.ts'
import type { Clock } from '../../lib/time/clock.ts'
import type { Hop } from '../message/hop.ts'

export interface AdmissionOptions {
  readonly clock: Clock
  /** New requests a second from one IPv4 address or IPv6 /64 (FloodThreshold); 0 takes all. */
  readonly perSecond: number
  readonly exemptsLoopback: boolean
  readonly retryAfterSeconds: number
}

export type Admittance = 'admitted' | 'refused' | 'silent'

/** Sources are cheap to forge: beyond so many a second, all others share one count. */
const mostSources = 20_000
/** What ends a call or a wait, where there is one: refusing it would keep alive what is to be ended. */
const alwaysTaken: ReadonlySet<string> = new Set(['ACK', 'BYE', 'CANCEL', 'PRACK'])

export class Admission {
  readonly retryAfterSeconds: number
  readonly #options: AdmissionOptions
  readonly #counts = new Map<string, number>()
  #second = 0

  constructor(options: AdmissionOptions) {
    this.#options = options
    this.retryAfterSeconds = options.retryAfterSeconds
  }

  /**
   * Beyond the threshold as many again are refused in words, and all others in silence. `belongs` tells whether the request
   * is of a transaction or a call that is known.
   */
  admit(method: string, source: Hop, belongs: () => boolean = () => false): Admittance {
    const { perSecond, exemptsLoopback, clock } = this.#options
    if (perSecond === 0) return 'admitted'
    if (exemptsLoopback && isLoopbackAddress(source.address)) return 'admitted'
    if (alwaysTaken.has(method) && belongs()) return 'admitted'
    const second = Math.floor(clock.monotonicMs() / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#counts.clear()
    }
    const network = sourceNetwork(source.address)
    const counted = this.#counts.size < mostSources || this.#counts.has(network) ? network : ''
    const count = (this.#counts.get(counted) ?? 0) + 1
    this.#counts.set(counted, count)
    return count <= perSecond ? 'admitted' : count <= 2 * perSecond ? 'refused' : 'silent'
  }
}
