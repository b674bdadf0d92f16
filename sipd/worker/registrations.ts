/** The registrations of one worker: in memory, on disk, and the same as those of the other workers. */
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { Binding } from '../location/binding.ts'
import { decodeChanges, encodeChanges } from '../location/changes.ts'
import { loadBindings } from '../location/load.ts'
import { MemoryLocation, type MemoryLocationOptions } from '../location/memory.ts'
import { LocationWriter } from '../location/writer.ts'

export interface RegistrationsOptions {
  readonly path: string
  readonly maxAgeMs: number
  readonly statics: NonNullable<MemoryLocationOptions['statics']>
  readonly cleanupEveryMs: number
  readonly clock: Clock
  readonly log: Log
  /** Tells all other workers. */
  readonly tell: (changes: Buffer) => void
  readonly hasOthers: () => boolean
}

/** Other workers hear of a registration within this time. */
const tellEveryMs = 5

export class Registrations {
  readonly store: MemoryLocation
  readonly #options: RegistrationsOptions
  readonly #writer: LocationWriter
  #toTell = new Map<string, readonly Binding[]>()
  #telling: Timer | undefined
  /** Changes that came before the file was read. */
  #early: Buffer[] | undefined = []

  constructor(options: RegistrationsOptions) {
    this.#options = options
    const { clock, log, path, statics, cleanupEveryMs } = options
    this.store = new MemoryLocation({ clock, cleanupEveryMs, statics })
    this.#writer = new LocationWriter({ path, clock, log, everything: () => this.store.all() })
    this.store.onChange((addressOfRecord, bindings, isRefresh) => {
      this.#writer.changed(addressOfRecord, bindings, isRefresh)
      if (!options.hasOthers()) return
      this.#toTell.set(addressOfRecord, bindings)
      this.#telling ??= clock.after(tellEveryMs, () => this.tellNow())
    })
  }

  /** Reads the file, and what others told meanwhile. */
  load(): number {
    const { path, maxAgeMs, clock, log } = this.#options
    const loaded = loadBindings(path, this.store, { nowMs: clock.now(), maxAgeMs, log })
    this.#writer.start()
    const early = this.#early ?? []
    this.#early = undefined
    for (const changes of early) this.heard(changes)
    return loaded
  }

  heard(changes: Buffer): void {
    if (this.#early) this.#early.push(Buffer.from(changes))
    else this.store.apply(decodeChanges(changes.toString('utf8')))
  }

  /** What was not told yet. */
  tellNow(): void {
    this.#telling?.cancel()
    this.#telling = undefined
    if (this.#toTell.size === 0) return
    const changes = this.#toTell
    this.#toTell = new Map()
    this.#options.tell(Buffer.from(encodeChanges(changes), 'utf8'))
  }

  /** Resolves when all there is is on disk. */
  flush(): Promise<void> {
    return this.#writer.flush()
  }

  async stop(): Promise<void> {
    this.tellNow()
    this.store.stop()
    await this.#writer.stop()
  }
}
