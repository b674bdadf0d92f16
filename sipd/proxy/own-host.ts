/** Which addresses are this machine: nobody else is connected to them through us. */

import { canonicalAddress, isLoopbackAddress, withoutZone } from '../../lib/net/address.ts'
import { localAddresses } from '../../lib/net/local-addresses.ts'
import type { Clock } from '../../lib/time/clock.ts'

export interface OwnHost {
  /** Of a numeric address. */
  isOwn(address: string): boolean
}

/** Addresses come and go; the kernel's tables are read again after this long, when somebody asks. */
const readAgainMs = 5000

export class ThisMachine implements OwnHost {
  readonly #clock: Clock
  readonly #read: () => readonly string[]
  #addresses: ReadonlySet<string> = new Set()
  #readMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, read = () => [...localAddresses(4), ...localAddresses(6)]) {
    this.#clock = clock
    this.#read = read
  }

  isOwn(address: string): boolean {
    const bare = canonicalAddress(withoutZone(address))
    // 0.0.0.0 and :: are this host where they are connected to (RFC 1122 §3.2.1.3).
    if (isLoopbackAddress(bare) || bare.startsWith('0.') || bare === '::') return true
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#readMs >= readAgainMs) {
      this.#readMs = nowMs
      this.#addresses = new Set(this.#read().map((own) => canonicalAddress(withoutZone(own))))
    }
    return this.#addresses.has(bare)
  }
}
