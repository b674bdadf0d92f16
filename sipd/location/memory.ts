/** The bindings of all addresses-of-record, in memory: what a request is routed by. */

import { silentLog } from '../../lib/log/log.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import { SteadyTime } from '../../lib/time/steady-time.ts'
import { type Holding, Ledger } from '../account/ledger.ts'
import { isSameUri } from '../message/same-uri.ts'
import { type Binding, byPreference, type Change, type ChangeListener, isStatic } from './binding.ts'
import { growthOf, octetsOfBinding, octetsOfRecord } from './limits.ts'
import { ownString, SharedStrings } from './own-strings.ts'
import type { LocationStore } from './store.ts'

export interface MemoryLocationOptions {
  readonly clock: Clock
  /** How often expired bindings are taken out (RegistryCleanupRate); they are not found any more in any case. */
  readonly cleanupEveryMs: number
  /** Bindings that never expire and that no REGISTER touches; their expiresAtMs is Infinity whatever is given. */
  readonly statics?: Iterable<Change>
  /** Where what is kept is entered. Who puts asks for room first; without it nothing is bounded. */
  readonly account?: RegistrationAccount
}

/** The part of the account that registrations are entered in. */
export interface RegistrationAccount {
  readonly registrations: Ledger
  readonly bindings: Holding
}

/** Refreshed in place: new records by the ten thousand a second would all have to be carried into the old generation. */
type KeptBinding = { -readonly [Name in keyof Binding]: Binding[Name] }
/** Of one address. Listeners get its string: one that was cut out of a message would keep all of the message. */
interface Kept {
  readonly addressOfRecord: string
  /** One at least, in the order of `byPreference`. */
  bindings: readonly KeptBinding[]
  /** Whose share the record itself counts in: that of its first contact's source. */
  owner: string
}

const none: readonly never[] = Object.freeze([])
/** Cleaning gives way to requests after this long. */
const sliceMs = 0.5
const sliceStep = 64

export class MemoryLocation implements LocationStore {
  readonly #clock: Clock
  readonly #time: SteadyTime
  readonly #account: RegistrationAccount
  readonly #kept = new Map<string, Kept>()
  readonly #statics = new Map<string, readonly Binding[]>()
  readonly #listeners: ChangeListener[] = []
  readonly #shared = new SharedStrings()
  readonly #every: Timer
  #slice: Timer | undefined
  #bindings = 0
  /** Addresses that have static bindings and no others. */
  #staticOnly = 0
  /** The Call-ID kept last: the contacts of one REGISTER share it. */
  #callId = ''

  constructor({ clock, cleanupEveryMs, statics = [], account }: MemoryLocationOptions) {
    this.#clock = clock
    this.#time = new SteadyTime(clock)
    this.#account = account ?? unbounded(clock)
    for (const [addressOfRecord, bindings] of statics) {
      const more = bindings.map((binding) => ({ ...binding, expiresAtMs: Number.POSITIVE_INFINITY }))
      const all = [...(this.#statics.get(addressOfRecord) ?? []), ...more].sort(byPreference)
      this.#statics.set(addressOfRecord, Object.freeze(all))
      this.#bindings += more.length
    }
    this.#staticOnly = this.#statics.size
    this.#every = clock.every(cleanupEveryMs, () => {
      if (!this.#slice) this.#clean(this.#kept.values())
    })
  }

  get users(): number {
    return this.#kept.size + this.#staticOnly
  }

  get bindings(): number {
    return this.#bindings
  }

  nowMs(): number {
    return this.#time.nowMs()
  }

  /** What makes a wall-clock time, as in the file, of an `expiresAtMs`. */
  toWallMs(): number {
    return this.#time.toWallMs()
  }

  find(addressOfRecord: string): readonly Binding[] {
    const kept = this.#kept.get(addressOfRecord)
    const fixed = this.#statics.size === 0 ? undefined : this.#statics.get(addressOfRecord)
    if (kept === undefined) return fixed ?? none
    const live = liveOf(kept, this.nowMs())
    return fixed ? [...live, ...fixed].sort(byPreference) : live
  }

  replace(addressOfRecord: string, bindings: readonly Binding[]): void {
    const before = this.#kept.get(addressOfRecord)
    const wanted = this.#dynamic(addressOfRecord, bindings)
    if (before === undefined && wanted.length === 0) return
    const isRefresh = before !== undefined && hasContacts(before, wanted)
    const kept = this.#put(before, addressOfRecord, wanted)
    for (const listener of this.#listeners) listener(kept.addressOfRecord, kept.bindings, isRefresh)
  }

  /** Changes that another process, or the file, knows already: they are put without telling anybody. */
  apply(changes: Iterable<Change>): void {
    for (const [addressOfRecord, bindings] of changes)
      this.#put(this.#kept.get(addressOfRecord), addressOfRecord, this.#dynamic(addressOfRecord, bindings))
  }

  /**
   * Adds one binding that comes from a file, beside those of its address that are there, without telling anybody.
   * The strings are kept as they are: they have to be their own already. False when there is no room for it.
   */
  restore(addressOfRecord: string, binding: Binding): boolean {
    const [restored] = this.#dynamic(addressOfRecord, [binding])
    if (!restored) return true
    const before = this.#kept.get(addressOfRecord)
    const octets = octetsOfBinding(restored) + (before ? 0 : octetsOfRecord(addressOfRecord))
    const { registrations } = this.#account
    if (registrations.octets + octets > registrations.bound) return false
    if (restored.callId !== this.#callId) this.#callId = restored.callId
    const shared = {
      ...restored,
      callId: this.#callId,
      userAgent: this.#shared.share(restored.userAgent),
      source: this.#charge(restored.source, octetsOfBinding(restored)),
    }
    if (before) before.bindings = [shared, ...before.bindings].sort(byPreference)
    else this.#add({ addressOfRecord, bindings: [shared], owner: shared.source })
    this.#bindings++
    return true
  }

  /** Forgets all but the static registrations, without telling anybody. */
  clear(): void {
    for (const kept of this.#kept.values()) {
      this.#bindings -= kept.bindings.length
      for (const binding of kept.bindings) this.#release(binding)
      this.#remove(kept)
    }
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
    const now = this.nowMs()
    const fixed = this.#statics.size === 0 ? undefined : this.#statics.get(addressOfRecord)
    return bindings.filter(
      (binding) =>
        !isStatic(binding) &&
        binding.expiresAtMs > now &&
        !fixed?.some(({ contact }) => isSameUri(contact, binding.contact)),
    )
  }

  /** Makes the record what it is to be, holding nothing of the message that brought it; an empty one is removed. */
  #put(before: Kept | undefined, addressOfRecord: string, wanted: readonly Binding[]): Kept {
    const kept = before ?? { addressOfRecord: ownString(addressOfRecord), bindings: none, owner: '' }
    this.#bindings += wanted.length - kept.bindings.length
    if (wanted.length === 1 && kept.bindings.length === 1 && kept.bindings[0]!.contact === wanted[0]!.contact)
      this.#refresh(kept.bindings[0]!, wanted[0]!)
    else {
      const old = kept.bindings
      kept.bindings = wanted.map((binding) => this.#own(kept, binding)).sort(byPreference)
      for (const binding of old) if (!kept.bindings.includes(binding)) this.#release(binding)
    }
    if (wanted.length === 0) this.#remove(kept)
    else if (!before) this.#add(kept)
    return kept
  }

  /** The binding of this contact with what is new of it, or one of its own. */
  #own(kept: Kept, binding: Binding): KeptBinding {
    const same = withContact(kept, binding.contact)
    if (same) {
      this.#refresh(same, binding)
      return same
    }
    const { contact, callId, cseq, q, expiresAtMs, flow, userAgent, instance, features, source } = binding
    return {
      contact: ownString(contact),
      callId: this.#ownCallId(callId),
      cseq,
      q,
      expiresAtMs,
      flow: flow === undefined ? undefined : ownString(flow),
      path: this.#ownPath(binding),
      userAgent: this.#shared.share(userAgent),
      instance: ownString(instance),
      features: this.#shared.share(features),
      source: this.#charge(source, octetsOfBinding(binding)),
    }
  }

  #refresh(kept: KeptBinding, binding: Binding): void {
    const { callId, flow, userAgent, instance, features, source } = binding
    if (kept.source !== source) {
      this.#release(kept)
      kept.source = this.#charge(source, octetsOfBinding(binding))
    } else {
      const more = growthOf(kept, binding)
      if (more !== 0) this.#charge(source, more)
    }
    if (kept.callId !== callId) kept.callId = this.#ownCallId(callId)
    kept.cseq = binding.cseq
    kept.q = binding.q
    kept.expiresAtMs = binding.expiresAtMs
    if (kept.flow !== flow) kept.flow = flow === undefined ? undefined : ownString(flow)
    kept.path = this.#ownPath(binding)
    if (kept.userAgent !== userAgent) kept.userAgent = this.#shared.share(userAgent)
    if (kept.instance !== instance) kept.instance = ownString(instance)
    if (kept.features !== features) kept.features = this.#shared.share(features)
  }

  #ownPath({ path }: Binding): readonly string[] {
    return path.length === 0 ? none : path.map((uri) => this.#shared.share(uri))
  }

  #ownCallId(callId: string): string {
    if (this.#callId !== callId) this.#callId = ownString(callId)
    return this.#callId
  }

  /** Returns the one kept copy of the source. */
  #charge(source: string, octets: number): string {
    const { registrations, bindings } = this.#account
    const share = registrations.shareNamed(source)
    share.charge(bindings, octets)
    return share.source
  }

  #release(binding: Binding): void {
    this.#charge(binding.source, -octetsOfBinding(binding))
  }

  #add(kept: Kept): void {
    this.#kept.set(kept.addressOfRecord, kept)
    kept.owner = kept.bindings[0]!.source
    this.#count(kept, 1)
    if (this.#statics.has(kept.addressOfRecord)) this.#staticOnly--
  }

  #remove(kept: Kept): void {
    const { addressOfRecord } = kept
    if (!this.#kept.delete(addressOfRecord)) return
    this.#count(kept, -1)
    if (this.#statics.has(addressOfRecord)) this.#staticOnly++
  }

  /** Enters the record itself in its owner's share, or takes it out. */
  #count({ addressOfRecord, owner }: Kept, by: 1 | -1): void {
    const { registrations, bindings } = this.#account
    const share = registrations.shareNamed(owner)
    share.records += by
    share.charge(bindings, by * octetsOfRecord(addressOfRecord))
  }

  #clean(rest: IterableIterator<Kept>): void {
    this.#slice = undefined
    const now = this.nowMs()
    const startedMs = this.#clock.monotonicMs()
    for (let visited = 1; ; visited++) {
      const next = rest.next()
      if (next.done) return
      const kept = next.value
      const live = liveOf(kept, now)
      this.#bindings -= kept.bindings.length - live.length
      if (live !== kept.bindings)
        for (const binding of kept.bindings) if (!live.includes(binding)) this.#release(binding)
      kept.bindings = live
      if (live.length === 0) this.#remove(kept)
      if (visited % sliceStep === 0 && this.#clock.monotonicMs() - startedMs > sliceMs) break
    }
    this.#slice = this.#clock.after(1, () => this.#clean(rest))
  }
}

function unbounded(clock: Clock): RegistrationAccount {
  const registrations = Ledger.unlimited(clock, silentLog)
  return { registrations, bindings: registrations.open('registrations') }
}

function withContact({ bindings }: Kept, contact: string): KeptBinding | undefined {
  return bindings.find((binding) => binding.contact === contact)
}

/** Whether the contacts are the same; no record has one twice. */
function hasContacts(kept: Kept, bindings: readonly Binding[]): boolean {
  return (
    kept.bindings.length === bindings.length &&
    bindings.every(({ contact }) => withContact(kept, contact) !== undefined)
  )
}

function liveOf({ bindings }: Kept, now: number): readonly KeptBinding[] {
  return bindings.some(({ expiresAtMs }) => expiresAtMs <= now)
    ? bindings.filter(({ expiresAtMs }) => expiresAtMs > now)
    : bindings
}
