/** The registrations of one worker: in memory, on disk, and the same as those of the other workers. */

import { messageOf } from '../../lib/errors.ts'
import type { Log } from '../../lib/log/log.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import { type Binding, isStatic } from './binding.ts'
import { decodeChanges } from './changes.ts'
import { diskAnswer, isWithin } from './disk-answer.ts'
import { loadBindings, notAll, restoreWithin } from './load.ts'
import { MemoryLocation, type MemoryLocationOptions, type RegistrationAccount } from './memory.ts'
import { Replication } from './replication.ts'
import { LocationWriter, type Unwritten } from './writer.ts'

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
  /** What an address-of-record that was kept under another sipd.conf is called now; the same unless given. */
  readonly rename?: (addressOfRecord: string) => string
}

/** How often the wall clock is compared with the time that passed, and how far they may part before the file is corrected. */
const compareClocksEveryMs = 10_000
const toleratedStepMs = 10_000
/** A disk that takes longer for its first octets is not waited for. */
const diskAnswersWithinMs = 3000
/** Of the bound in memory: rows that have expired and free pages need room too. */
const fileFactor = 2

/** What another worker has, page by page, as `pages` gives it. Throws when it does not give all. */
export type Pages = AsyncIterable<Buffer>

export class Registrations {
  readonly store: MemoryLocation
  readonly #options: RegistrationsOptions
  readonly #writer: LocationWriter
  readonly #replication: Replication
  readonly #comparing: Timer
  /** What makes wall-clock times, as the file has them now. */
  #fileToWallMs: number
  /** Names that the file has, and that are others now. */
  readonly #oldNames = new Map<string, string>()

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
    this.#replication = new Replication({ ...options, store: this.store, rename: (name) => this.#rename(name) })
    this.#fileToWallMs = this.store.toWallMs()
    this.#comparing = clock.every(compareClocksEveryMs, () => this.#compareClocks())
    this.store.onChange((addressOfRecord, bindings, isRefresh) => {
      this.#writer.changed(addressOfRecord, bindings, isRefresh)
      this.#replication.changed(addressOfRecord, bindings)
    })
  }

  /**
   * Takes what another worker has in memory, from the first of `others` that gives all of it; the file is read where none does.
   * What was told meanwhile counts after that. The file is written once `mayWrite` resolves.
   */
  async load(others: Iterable<Pages> = [], mayWrite: Promise<void> = Promise.resolve()): Promise<number> {
    const loaded = (await this.#fillFrom(others)) ?? (await this.#loadFile())
    this.#moveRenamed()
    void mayWrite.then(() => this.#writer.start())
    this.#replication.begin()
    return loaded
  }

  /** Page by page, for another worker: static registrations are left out, and of expiry what is left of it is told. */
  *pages(): IterableIterator<Buffer> {
    yield* this.#replication.pages()
  }

  /** A worker that wrote the file is gone. `isHandedOver`: it had passed on what it had not written. */
  gone(isHandedOver: boolean): void {
    // While the disk takes nothing, what that one had not written is in memory alone: here, for all have the same.
    if (!isHandedOver || !this.#writer.isWriting) this.#writer.rewrite()
  }

  /** What this one has not written is a successor's (see LocationWriter). Memory goes on. */
  handOver(): Unwritten {
    this.tellNow()
    return this.#writer.handOver()
  }

  /** A worker before this one has passed on what it had not written. */
  takeOver(addresses: readonly string[], isAll: boolean): void {
    for (const addressOfRecord of addresses) this.#writeAgain(this.#rename(addressOfRecord))
    this.#moveRenamed()
    if (isAll) this.#writer.rewrite()
  }

  #writeAgain(addressOfRecord: string): void {
    this.#writer.changed(addressOfRecord, this.store.find(addressOfRecord).filter(isDynamic), false)
  }

  #rename(addressOfRecord: string): string {
    const now = this.#options.rename?.(addressOfRecord) ?? addressOfRecord
    if (now !== addressOfRecord) this.#oldNames.set(addressOfRecord, now)
    return now
  }

  /** The file has under its new name what it had under an old one. */
  #moveRenamed(): void {
    for (const [before, now] of this.#oldNames) {
      this.#writer.changed(before, [], false)
      this.#writeAgain(now)
    }
    if (this.#oldNames.size > 0)
      this.#options.log.notice('registrations have other names since sipd.conf changed', { users: this.#oldNames.size })
    this.#oldNames.clear()
  }

  /** Undefined when none of them gave all. */
  async #fillFrom(others: Iterable<Pages>): Promise<number | undefined> {
    for (const pages of others) {
      try {
        return await this.#fill(pages)
      } catch (error) {
        this.#options.log.info('another worker gave no registrations', { error: messageOf(error) })
        this.store.clear()
      }
    }
    return undefined
  }

  async #fill(pages: Pages): Promise<number> {
    const { log } = this.#options
    const { longestMs, mostUsers } = this.#bounds
    let loaded = 0
    for await (const page of pages) {
      const now = this.store.nowMs()
      for (const [name, bindings] of decodeChanges(page.toString('utf8'), now)) {
        const addressOfRecord = this.#rename(name)
        for (const binding of bindings) {
          const expiresAtMs = Math.min(binding.expiresAtMs, now + longestMs)
          const raise = restoreWithin(this.store, addressOfRecord, { ...binding, expiresAtMs }, { mostUsers })
          if (raise !== undefined) {
            log.error(notAll(raise), { loaded, users: this.store.users })
            return loaded
          }
          loaded++
        }
      }
    }
    return loaded
  }

  get #bounds(): { readonly longestMs: number; readonly mostUsers: number } {
    const { limits } = this.#options
    const none = Number.POSITIVE_INFINITY
    return limits
      ? { longestMs: limits.maxExpiresSeconds * 1000, mostUsers: limits.users }
      : { longestMs: none, mostUsers: none }
  }

  async #loadFile(): Promise<number> {
    const { path, clock, log } = this.#options
    const answer = diskAnswer(path)
    if (await isWithin(clock, answer, diskAnswersWithinMs)) return this.#loadInto(this.store)
    log.error(
      'the disk of the registrations does not answer; phones are unknown until it does, or they register again',
      {
        path,
      },
    )
    void answer.then(() => this.#loadLate())
    return 0
  }

  #loadInto(store: MemoryLocation): number {
    const { path, maxAgeMs, clock, log } = this.#options
    const rename = (name: string): string => this.#rename(name)
    return loadBindings(path, store, { nowMs: clock.now(), maxAgeMs, log, rename, ...this.#bounds })
  }

  /** Who has registered meanwhile is known better than the file has it. */
  #loadLate(): void {
    const { clock, cleanupEveryMs, log, path } = this.#options
    const late = new MemoryLocation({ clock, cleanupEveryMs })
    const loaded = this.#loadInto(late)
    const shiftMs = this.store.nowMs() - late.nowMs()
    for (const [addressOfRecord, bindings] of late.all()) {
      if (this.store.find(addressOfRecord).some(isDynamic)) continue
      for (const binding of bindings)
        restoreWithin(
          this.store,
          addressOfRecord,
          { ...binding, expiresAtMs: binding.expiresAtMs + shiftMs },
          this.#bounds,
        )
    }
    late.stop()
    this.#moveRenamed()
    log.notice('the disk of the registrations answers again', { path, loaded })
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

  /** What the disk has not taken within the limit is lost to it. */
  async stop(limitMs?: number): Promise<void> {
    this.#comparing.cancel()
    this.tellNow()
    this.store.stop()
    await this.#writer.stop(limitMs)
  }
}

const isDynamic = (binding: Binding): boolean => !isStatic(binding)
