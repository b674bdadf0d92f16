/** The bindings of all addresses-of-record, in memory: what a request is routed by. */
import type { Clock, Timer } from '../../lib/clock.ts'
import { type Binding, byPreference, type Change, type ChangeListener, isStatic } from './binding.ts'
import { ownString, SharedStrings } from './own-strings.ts'
import type { LocationStore } from './store.ts'

export interface MemoryLocationOptions {
  readonly clock: Clock
  /** How often expired bindings are taken out (RegistryCleanupRate); they are not found any more in any case. */
  readonly cleanupEveryMs: number
  /** Bindings that never expire and that no REGISTER touches; their expiresAtMs is Infinity whatever is given. */
  readonly statics?: Iterable<Change>
}

/** Refreshed in place: new ones by the ten thousand a second would all have to be carried into the old generation. */
type KeptBinding = { -readonly [Name in keyof Binding]: Binding[Name] }
/** Most addresses have one binding: it stands alone, and only several make an array. */
type Kept = KeptBinding | readonly KeptBinding[]

const none: readonly never[] = Object.freeze([])
/** Cleaning gives way to requests after this long. */
const sliceMs = 0.5
const sliceStep = 64

export class MemoryLocation implements LocationStore {
  readonly #clock: Clock
  readonly #kept = new Map<string, Kept>()
  readonly #statics = new Map<string, readonly Binding[]>()
  readonly #listeners: ChangeListener[] = []
  readonly #shared = new SharedStrings()
  readonly #every: Timer
  #slice: Timer | undefined
  #bindings = 0
  /** Addresses that have static bindings and no others. */
  #staticOnly = 0

  constructor({ clock, cleanupEveryMs, statics = [] }: MemoryLocationOptions) {
    this.#clock = clock
    for (const [addressOfRecord, bindings] of statics) {
      const more = bindings.map((binding) => ({ ...binding, expiresAtMs: Number.POSITIVE_INFINITY }))
      const all = [...(this.#statics.get(addressOfRecord) ?? []), ...more].sort(byPreference)
      this.#statics.set(addressOfRecord, Object.freeze(all))
      this.#bindings += more.length
    }
    this.#staticOnly = this.#statics.size
    this.#every = clock.every(cleanupEveryMs, () => {
      if (!this.#slice) this.#clean(this.#kept.entries())
    })
  }

  get users(): number {
    return this.#kept.size + this.#staticOnly
  }

  get bindings(): number {
    return this.#bindings
  }

  find(addressOfRecord: string): readonly Binding[] {
    const kept = this.#kept.get(addressOfRecord)
    const fixed = this.#statics.size === 0 ? undefined : this.#statics.get(addressOfRecord)
    if (kept === undefined) return fixed ?? none
    const live = liveOf(kept, this.#clock.now())
    return fixed ? [...live, ...fixed].sort(byPreference) : live
  }

  replace(addressOfRecord: string, bindings: readonly Binding[]): void {
    const before = this.#kept.get(addressOfRecord)
    const wanted = this.#dynamic(addressOfRecord, bindings)
    if (before === undefined && wanted.length === 0) return
    const isRefresh = before !== undefined && hasContacts(before, wanted)
    const after = wanted.map((binding) => this.#own(binding, before))
    if (after.length === 0) this.#remove(addressOfRecord)
    else this.#put(before === undefined ? ownString(addressOfRecord) : addressOfRecord, after, before)
    for (const listener of this.#listeners) listener(addressOfRecord, after, isRefresh)
  }

  /** Changes that another process, or the file, knows already: they are put without telling anybody. */
  apply(changes: Iterable<Change>): void {
    for (const [addressOfRecord, bindings] of changes) {
      const before = this.#kept.get(addressOfRecord)
      const after = this.#dynamic(addressOfRecord, bindings).map((binding) => this.#own(binding, before))
      if (after.length === 0) this.#remove(addressOfRecord)
      else this.#put(before === undefined ? ownString(addressOfRecord) : addressOfRecord, after, before)
    }
  }

  /**
   * Adds one binding that comes from a file, beside those of its address that are there, without telling anybody.
   * The strings are kept as they are: they have to be their own already.
   */
  restore(addressOfRecord: string, binding: Binding): void {
    const shared = { ...binding, userAgent: this.#shared.share(binding.userAgent) }
    const before = this.#kept.get(addressOfRecord)
    if (before === undefined && this.#statics.size === 0) {
      this.#kept.set(addressOfRecord, shared)
      this.#bindings++
      return
    }
    const after = [...this.#dynamic(addressOfRecord, [shared]), ...(before === undefined ? none : listOf(before))]
    if (after.length > 0) this.#put(addressOfRecord, after, before)
  }

  /** Forgets all but the static registrations, without telling anybody. */
  clear(): void {
    for (const addressOfRecord of this.#kept.keys()) this.#remove(addressOfRecord)
  }

  /** Static registrations included; those that have expired are not. The records may change meanwhile. */
  *all(): IterableIterator<[string, readonly Binding[]]> {
    for (const addressOfRecord of this.#kept.keys()) {
      const bindings = this.find(addressOfRecord)
      if (bindings.length > 0) yield [addressOfRecord, bindings]
    }
    for (const [addressOfRecord, bindings] of this.#statics) {
      if (!this.#kept.has(addressOfRecord)) yield [addressOfRecord, bindings]
    }
  }

  /**
   * Calls the listener with every record that `replace` changes, as it is afterwards and without static bindings.
   * Expiry is no change: whoever has the record knows when it ends. Returns what takes the listener off again.
   */
  onChange(listener: ChangeListener): () => void {
    this.#listeners.push(listener)
    return () => {
      const at = this.#listeners.indexOf(listener)
      if (at >= 0) this.#listeners.splice(at, 1)
    }
  }

  /** Ends the cleaning. */
  stop(): void {
    this.#every.cancel()
    this.#slice?.cancel()
    this.#slice = undefined
  }

  /** What may be put: neither static nor the contact of a static one nor expired. */
  #dynamic(addressOfRecord: string, bindings: readonly Binding[]): Binding[] {
    const now = this.#clock.now()
    const fixed = this.#statics.size === 0 ? undefined : this.#statics.get(addressOfRecord)
    return bindings.filter(
      (binding) =>
        !isStatic(binding) && binding.expiresAtMs > now && !fixed?.some(({ contact }) => contact === binding.contact),
    )
  }

  /** As it is kept, holding nothing of the message: the binding that is there with what is new of it, or one of its own. */
  #own(binding: Binding, before: Kept | undefined): KeptBinding {
    const { contact, callId, cseq, q, expiresAtMs, flow, path, userAgent } = binding
    const kept = before === undefined ? undefined : sameContact(before, contact)
    const ownPath = path.length === 0 ? none : path.map((uri) => this.#shared.share(uri))
    if (kept === undefined) {
      return {
        contact: ownString(contact),
        callId: ownString(callId),
        cseq,
        q,
        expiresAtMs,
        flow: flow === undefined ? undefined : ownString(flow),
        path: ownPath,
        userAgent: this.#shared.share(userAgent),
      }
    }
    if (kept.callId !== callId) kept.callId = ownString(callId)
    kept.cseq = cseq
    kept.q = q
    kept.expiresAtMs = expiresAtMs
    if (kept.flow !== flow) kept.flow = flow === undefined ? undefined : ownString(flow)
    kept.path = ownPath
    if (kept.userAgent !== userAgent) kept.userAgent = this.#shared.share(userAgent)
    return kept
  }

  /** Sorts them. */
  #put(addressOfRecord: string, bindings: KeptBinding[], before: Kept | undefined): void {
    this.#bindings += bindings.length - countOf(before)
    if (before === undefined && this.#statics.has(addressOfRecord)) this.#staticOnly--
    const after = bindings.length === 1 ? bindings[0]! : bindings.sort(byPreference)
    if (after !== before) this.#kept.set(addressOfRecord, after)
  }

  #remove(addressOfRecord: string): void {
    const before = this.#kept.get(addressOfRecord)
    if (before === undefined) return
    this.#bindings -= countOf(before)
    this.#kept.delete(addressOfRecord)
    if (this.#statics.has(addressOfRecord)) this.#staticOnly++
  }

  #clean(rest: IterableIterator<[string, Kept]>): void {
    this.#slice = undefined
    const now = this.#clock.now()
    const startedMs = this.#clock.monotonicMs()
    for (let visited = 1; ; visited++) {
      const next = rest.next()
      if (next.done) return
      const [addressOfRecord, kept] = next.value
      if (hasExpired(kept, now)) {
        const live = liveOf(kept, now)
        if (live.length === 0) this.#remove(addressOfRecord)
        else this.#put(addressOfRecord, [...live], kept)
      }
      if (visited % sliceStep === 0 && this.#clock.monotonicMs() - startedMs > sliceMs) break
    }
    this.#slice = this.#clock.after(1, () => this.#clean(rest))
  }
}

function isSeveral(kept: Kept): kept is readonly KeptBinding[] {
  return Array.isArray(kept)
}

function listOf(kept: Kept): readonly KeptBinding[] {
  return isSeveral(kept) ? kept : [kept]
}

function countOf(kept: Kept | undefined): number {
  return kept === undefined ? 0 : isSeveral(kept) ? kept.length : 1
}

function sameContact(kept: Kept, contact: string): KeptBinding | undefined {
  if (isSeveral(kept)) return kept.find((binding) => binding.contact === contact)
  return kept.contact === contact ? kept : undefined
}

/** Whether the contacts are the same; no record has one twice. */
function hasContacts(kept: Kept, bindings: readonly Binding[]): boolean {
  return countOf(kept) === bindings.length && bindings.every(({ contact }) => sameContact(kept, contact) !== undefined)
}

function hasExpired(kept: Kept, now: number): boolean {
  return isSeveral(kept) ? kept.some(({ expiresAtMs }) => expiresAtMs <= now) : kept.expiresAtMs <= now
}

function liveOf(kept: Kept, now: number): readonly KeptBinding[] {
  return hasExpired(kept, now) ? listOf(kept).filter(({ expiresAtMs }) => expiresAtMs > now) : listOf(kept)
}
