/** The registrations of one worker: in memory, on disk, and the same as those of the other workers. */

import type { Log } from '../../lib/log/log.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import { loadBindings } from './load.ts'
import { MemoryLocation, type MemoryLocationOptions, type RegistrationAccount } from './memory.ts'
import { Replication } from './replication.ts'
import { LocationWriter } from './writer.ts'

export interface RegistrationsOptions {
  readonly path: string
  readonly maxAgeMs: number
  readonly statics: NonNullable<MemoryLocationOptions['statics']>
  readonly cleanupEveryMs: number
  /** Undefined: no registrations are taken, and those on disk are kept as they are. */
  readonly limits: { readonly maxExpiresSeconds: number; readonly users: number } | undefined
  readonly account: RegistrationAccount
  readonly clock: Clock
  readonly log: Log
  /** Tells all other workers. */
  readonly tell: (changes: Buffer) => void
  readonly hasOthers: () => boolean
}

/** How often the wall clock is compared with the time that passed, and how far they may part before the file is corrected. */
const compareClocksEveryMs = 10_000
const toleratedStepMs = 10_000
/** Of the bound in memory: rows that have expired and free pages need room too. */
const fileFactor = 2

export class Registrations {
  readonly store: MemoryLocation
  readonly #options: RegistrationsOptions
  readonly #writer: LocationWriter
  readonly #replication: Replication
  readonly #comparing: Timer
  /** What makes wall-clock times, as the file has them now. */
  #fileToWallMs: number

  constructor(options: RegistrationsOptions) {
    this.#options = options
    const { clock, log, path, statics, cleanupEveryMs, account } = options
    this.store = new MemoryLocation({ clock, cleanupEveryMs, statics, account })
    this.#writer = new LocationWriter({
      path,
      clock,
      log,
      everything: () => this.store.all(),
      toWallMs: () => this.store.toWallMs(),
      mostFileOctets: fileFactor * account.registrations.bound,
    })
    this.#replication = new Replication({ ...options, store: this.store })
    this.#fileToWallMs = this.store.toWallMs()
    this.#comparing = clock.every(compareClocksEveryMs, () => this.#compareClocks())
    this.store.onChange((addressOfRecord, bindings, isRefresh) => {
      this.#writer.changed(addressOfRecord, bindings, isRefresh)
      this.#replication.changed(addressOfRecord, bindings)
    })
  }

  /** Reads the file, and what others told meanwhile. */
  load(): number {
    const { path, maxAgeMs, clock, log, limits } = this.#options
    const loaded = loadBindings(path, this.store, {
      nowMs: clock.now(),
      maxAgeMs,
      log,
      ...(limits && { longestMs: limits.maxExpiresSeconds * 1000, mostUsers: limits.users }),
    })
    this.#writer.start()
    this.#replication.begin()
    return loaded
  }

  /** What another worker told. */
  heard(changes: Buffer): void {
    this.#replication.heard(changes)
  }

  /** Tells the others what they were not told yet. */
  tellNow(): void {
    this.#replication.tellNow()
  }

  /** Resolves when all there is is on disk. */
  flush(): Promise<void> {
    return this.#writer.flush()
  }

  /** In memory nothing ends by the wall clock; the file, which has nothing else, is written again when that was set. */
  #compareClocks(): void {
    const toWallMs = this.store.toWallMs()
    const stepMs = toWallMs - this.#fileToWallMs
    if (Math.abs(stepMs) < toleratedStepMs) return
    this.#fileToWallMs = toWallMs
    this.#options.log.notice('the clock was set; registrations last as long as before, and are written again', {
      bySeconds: Math.round(stepMs / 1000),
    })
    this.#writer.rewrite()
  }

  async stop(): Promise<void> {
    this.#comparing.cancel()
    this.tellNow()
    this.store.stop()
    await this.#writer.stop()
  }
}
