/** Look-ups of what requests lead to, within bounds: of one source, of all, and of what is remembered. */
import type { Clock } from '../../lib/time/clock.ts'
import { ownString } from '../location/own-strings.ts'
import { LruMap } from './lru-map.ts'

/** Why nothing is known: nobody answered, or there was no room to ask. */
export type Unknown = 'noAnswer' | 'noRoom'

export interface Found<V> {
  readonly value: V
  /** How long it is true. */
  readonly ttlSeconds: number
}

/** Throws when nobody answers. */
type Ask<V> = () => Promise<Found<V>>

export interface LookupsOptions {
  readonly clock: Clock
  /** Kept at most; the one that was not asked for the longest goes first. */
  readonly mostCached: number
  /** Looked up at once, of all sources and of one. */
  readonly mostPending: number
  readonly mostPendingOfSource: number
  /** What cannot be looked up now keeps the answer it had (RFC 8767). */
  readonly keepsOld: boolean
  /** Told why nobody answered. */
  readonly onFailure?: (key: string, error: unknown) => void
}

interface Cached<V> {
  readonly value: V | Unknown
  readonly untilMs: number
}

/** What has moved is found within this time, whatever its records promised. */
const longestKeptSeconds = 3600
/** How long nobody is asked again for what nobody answered for. */
const failedSeconds = 5

export class Lookups<V extends object> {
  readonly #options: LookupsOptions
  readonly #cache: LruMap<string, Cached<V>>
  readonly #pending = new Map<string, Promise<V | Unknown>>()
  readonly #ofSource = new Map<string, number>()

  constructor(options: LookupsOptions) {
    this.#options = options
    this.#cache = new LruMap(options.mostCached)
  }

  /** Those that are under way. */
  get pending(): number {
    return this.#pending.size
  }

  /** At once when it is known, or cannot be asked now. `source` is undefined for one that has all the room there is. */
  find(key: string, source: string | undefined, ask: Ask<V>): V | Unknown | Promise<V | Unknown> {
    const cached = this.#cache.get(key)
    if (cached && cached.untilMs > this.#options.clock.monotonicMs()) return cached.value
    const asked = this.#pending.get(key)
    if (asked) return asked
    if (!this.#take(source)) return 'noRoom'
    // A key cut out of a message would keep all of the message.
    const own = ownString(key)
    const asking = this.#ask(own, ask, cached?.value).finally(() => {
      this.#pending.delete(own)
      this.#giveBack(source)
    })
    this.#pending.set(own, asking)
    return asking
  }

  async #ask(key: string, ask: Ask<V>, old: V | Unknown | undefined): Promise<V | Unknown> {
    const { clock, keepsOld, onFailure } = this.#options
    let value: V | Unknown = 'noAnswer'
    let ttlSeconds = failedSeconds
    try {
      const found = await ask()
      value = found.value
      ttlSeconds = Math.min(found.ttlSeconds, longestKeptSeconds)
    } catch (error) {
      if (keepsOld && old !== undefined) value = old
      onFailure?.(key, error)
    }
    this.#cache.set(key, { value, untilMs: clock.monotonicMs() + ttlSeconds * 1000 })
    return value
  }

  #take(source: string | undefined): boolean {
    const { mostPending, mostPendingOfSource } = this.#options
    if (this.#pending.size >= mostPending) return false
    if (source === undefined) return true
    const pending = this.#ofSource.get(source) ?? 0
    if (pending >= mostPendingOfSource) return false
    this.#ofSource.set(source, pending + 1)
    return true
  }

  #giveBack(source: string | undefined): void {
    if (source === undefined) return
    const left = (this.#ofSource.get(source) ?? 0) - 1
    if (left <= 0) this.#ofSource.delete(source)
    else this.#ofSource.set(source, left)
  }
}
