/** Bindings from addresses-of-record to contacts, in memory. */
import type { Clock } from '../../lib/clock.ts'

export interface Binding {
  readonly contact: string
  readonly callId: string
  readonly cseq: number
  /** As it was given, such as `0.7`. */
  readonly q: string | undefined
  readonly expiresAtMs: number
}

const cleanEveryMs = 30_000

export class LocationStore {
  readonly #clock: Clock
  readonly #bindings = new Map<string, readonly Binding[]>()

  constructor(clock: Clock) {
    this.#clock = clock
    clock.every(cleanEveryMs, () => this.#clean())
  }

  get size(): number {
    return this.#bindings.size
  }

  /** Those that have not expired. */
  find(addressOfRecord: string): readonly Binding[] {
    const now = this.#clock.monotonicMs()
    return (this.#bindings.get(addressOfRecord) ?? []).filter(({ expiresAtMs }) => expiresAtMs > now)
  }

  replace(addressOfRecord: string, bindings: readonly Binding[]): void {
    if (bindings.length === 0) this.#bindings.delete(addressOfRecord)
    else this.#bindings.set(addressOfRecord, bindings)
  }

  #clean(): void {
    for (const addressOfRecord of this.#bindings.keys()) this.replace(addressOfRecord, this.find(addressOfRecord))
  }
}
