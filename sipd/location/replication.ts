/** How the workers keep the same registrations: each tells the others what changed in it, and hears what changed in them. */
import type { Clock, Timer } from '../../lib/time/clock.ts'
import type { Binding, Change } from './binding.ts'
import { decodeChanges, encodeChanges } from './changes.ts'
import type { MemoryLocation } from './memory.ts'

export interface ReplicationOptions {
  readonly store: MemoryLocation
  readonly clock: Clock
  /** Tells all other workers. */
  readonly tell: (changes: Buffer) => void
  readonly hasOthers: () => boolean
  /** What a name that another worker tells is called here: one of a generation before may have another sipd.conf. */
  readonly rename?: (addressOfRecord: string) => string
}

/** Other workers hear of a registration within this time. */
const tellEveryMs = 5
/** So that a frame stays small, and is read in one go. */
const changesAtOnce = 500

export class Replication {
  readonly #options: ReplicationOptions
  #toTell = new Map<string, readonly Binding[]>()
  #telling: Timer | undefined
  /** What was heard before the file was read; undefined once it was. */
  #early: Buffer[] | undefined = []

  constructor(options: ReplicationOptions) {
    this.#options = options
  }

  changed(addressOfRecord: string, bindings: readonly Binding[]): void {
    if (!this.#options.hasOthers()) return
    this.#toTell.set(addressOfRecord, bindings)
    this.#telling ??= this.#options.clock.after(tellEveryMs, () => this.tellNow())
  }

  /** What was not told yet. */
  tellNow(): void {
    this.#telling?.cancel()
    this.#telling = undefined
    if (this.#toTell.size === 0) return
    const changes = [...this.#toTell]
    this.#toTell = new Map()
    const { store, tell } = this.#options
    // Expiry as what is left of it: no two processes have the same zero of time.
    for (let from = 0; from < changes.length; from += changesAtOnce) {
      const part = changes.slice(from, from + changesAtOnce)
      tell(Buffer.from(encodeChanges(part, -store.nowMs()), 'utf8'))
    }
  }

  /** All there is, for a worker that begins. Changes while it is read are told as all others are. */
  *pages(): IterableIterator<Buffer> {
    const { store } = this.#options
    let page: Change[] = []
    const encoded = (): Buffer => Buffer.from(encodeChanges(page, -store.nowMs()), 'utf8')
    for (const change of store.all()) {
      page.push(change)
      if (page.length < changesAtOnce) continue
      yield encoded()
      page = []
    }
    yield encoded()
  }

  /** What another worker told; what the file has is older. */
  heard(changes: Buffer): void {
    const { store, rename = (name: string): string => name } = this.#options
    if (this.#early) {
      this.#early.push(Buffer.from(changes))
      return
    }
    const told = decodeChanges(changes.toString('utf8'), store.nowMs())
    store.apply(told.map(([name, bindings]) => [rename(name), bindings]))
  }

  /** The file was read. */
  begin(): void {
    const early = this.#early ?? []
    this.#early = undefined
    for (const changes of early) this.heard(changes)
  }
}
