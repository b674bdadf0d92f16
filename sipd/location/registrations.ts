/** The registrations of one worker: in memory, on disk, and the same as those of the other workers. */

import type { Log } from '../../lib/log/log.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import type { RegistrarLimits } from '../registrar/registrar.ts'
import type { Binding } from './binding.ts'
import { decodeChanges, encodeChanges } from './changes.ts'
import { loadBindings } from './load.ts'
import { MemoryLocation, type MemoryLocationOptions, type RegistrationAccount } from './memory.ts'
import { LocationWriter } from './writer.ts'

export interface RegistrationsOptions {
  readonly path: string
  readonly maxAgeMs: number
  readonly statics: NonNullable<MemoryLocationOptions['statics']>
  readonly cleanupEveryMs: number
  /** Undefined: no registrations are taken, and those on disk are kept as they are. */
  readonly limits: Pick<RegistrarLimits, 'maxExpiresSeconds' | 'users'> | undefined
  readonly account: RegistrationAccount
  readonly clock: Clock
  readonly log: Log
  /** Tells all other workers. */
  readonly tell: (changes: Buffer) => void
  readonly hasOthers: () => boolean
}

/** Other workers hear of a registration within this time. */
const tellEveryMs = 5
/** So that a frame stays small, and is read in one go. */
const changesAtOnce = 500
/** How often the wall clock is compared with the time that passed, and how far they may part before the file is corrected. */
const compareClocksEveryMs = 10_000
const toleratedStepMs = 10_000
/** Of the bound in memory: rows that have expired and free pages need room too. */
const fileFactor = 2

export class Registrations {
  readonly store: MemoryLocation
  readonly #options: RegistrationsOptions
  readonly #writer: LocationWriter
  #toTell = new Map<string, readonly Binding[]>()
  #telling: Timer | undefined
  /** Changes that came before the file was read. */
  #early: Buffer[] | undefined = []
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
    this.#fileToWallMs = this.store.toWallMs()
    this.#comparing = clock.every(compareClocksEveryMs, () => this.#compareClocks())
    this.store.onChange((addressOfRecord, bindings, isRefresh) => {
      this.#writer.changed(addressOfRecord, bindings, isRefresh)
      if (!options.hasOthers()) return
      this.#toTell.set(addressOfRecord, bindings)
      this.#telling ??= clock.after(tellEveryMs, () => this.tellNow())
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
    const early = this.#early ?? []
    this.#early = undefined
    for (const changes of early) this.heard(changes)
    return loaded
  }

  heard(changes: Buffer): void {
    if (this.#early) this.#early.push(Buffer.from(changes))
    else this.store.apply(decodeChanges(changes.toString('utf8'), this.store.nowMs()))
  }

  /** What was not told yet. */
  tellNow(): void {
    this.#telling?.cancel()
    this.#telling = undefined
    if (this.#toTell.size === 0) return
    const changes = [...this.#toTell]
    this.#toTell = new Map()
    // Expiry as what is left of it: no two processes have the same zero of time.
    for (let from = 0; from < changes.length; from += changesAtOnce) {
      const part = changes.slice(from, from + changesAtOnce)
      this.#options.tell(Buffer.from(encodeChanges(part, -this.store.nowMs()), 'utf8'))
    }
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
