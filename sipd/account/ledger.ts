/** Octets held under one bound, by what they are (holdings) and by whom they are held for (shares). */

import { shareOfSite } from '../../lib/bounds/octet-account.ts'
import { RateLimit } from '../../lib/bounds/rate-limit.ts'
import type { Log } from '../../lib/log/log.ts'
import { sourceNetwork, sourceSite } from '../../lib/net/source-network.ts'
import type { Clock } from '../../lib/time/clock.ts'

export interface LedgerOptions {
  /** In octets, of all sources together. */
  readonly bound: number
  /** What one source may have of it. */
  readonly sharePercent: number
  /** Whether a source, as `Share.source` has it, may have all of it. */
  readonly isExempt: (source: string) => boolean
  /** That sets the bound, for the log. */
  readonly directive: string
  readonly clock: Clock
  readonly log: Log
}

/** One kind of what is held. */
export interface Holding {
  readonly name: string
  octets: number
  /** How often there was no room for more of it. */
  refused: number
}

/** The source of what comes from nobody outside, or from somebody who is not known any more. */
export const nobody = ''

/** What belongs to something that was taken already may go beyond a full share, and a full whole, by this. */
export const reserveFactor = 1.125
const firstSweepAt = 1024
/** A source is named in the log again after so long. */
const namedForMs = 3_600_000

/** What one source has. Whatever it holds keeps it, so that releasing costs no look-up. */
export class Share {
  /** `192.0.2.7`, `2001:db8:0:7::/64`, `nobody`, or the site of several such networks, `2001:db8::/48`. */
  readonly source: string
  readonly bound: number
  octets = 0
  namedMs = Number.NEGATIVE_INFINITY
  readonly #ledger: Ledger
  readonly #site: Share | undefined
  #records = 0

  constructor(ledger: Ledger, source: string, bound: number, site?: Share) {
    this.#ledger = ledger
    this.source = source
    this.bound = bound
    this.#site = site
  }

  /** Users that it registered, or connections that it has: they keep it while it holds nothing. */
  get records(): number {
    return this.#records
  }

  set records(count: number) {
    if (this.#site) this.#site.records += count - this.#records
    this.#records = count
  }

  /** Those of all sources of its site. */
  get recordsOfSite(): number {
    return this.#site?.records ?? this.#records
  }

  /** Whether so many octets more are within the share, that of its site and the whole, or within each times a factor. */
  fits(octets: number, factor = 1): boolean {
    return (
      !this.isFull(octets, factor) &&
      !(this.#site?.isFull(octets, factor) ?? false) &&
      !this.#ledger.isFull(octets, factor)
    )
  }

  isFull(octets: number, factor: number): boolean {
    return this.octets + octets > this.bound * factor
  }

  /** Enters octets that are held from now on; a negative number releases some. */
  charge(holding: Holding, octets: number): void {
    this.octets += octets
    if (this.#site) this.#site.octets += octets
    holding.octets += octets
    this.#ledger.octets += octets
  }

  /** Charges when there is room; otherwise counts it as refused and returns false. */
  take(holding: Holding, octets: number, factor = 1): boolean {
    if (this.fits(octets, factor)) {
      this.charge(holding, octets)
      return true
    }
    this.refuse(holding, octets)
    return false
  }

  /** Counts what there was no room for, and names in the log whose share or which whole is full. */
  refuse(holding: Holding, octets: number): void {
    holding.refused++
    const full = [this, this.#site].find((share) => share?.isFull(octets, 1))
    if (full) {
      const { octets: held, bound } = full
      full.name('a source holds its whole share of memory; more from it is refused', { octets: held, bound })
    } else this.#ledger.logFull()
  }

  /** Names the source in the log, with what it did: once in an hour, and not many sources at once. */
  name(message: string, fields: Readonly<Record<string, unknown>>): void {
    this.#ledger.name(this, message, fields)
  }

  /** It may have the whole. */
  get isExempt(): boolean {
    return this.bound === Number.POSITIVE_INFINITY
  }

  get isIdle(): boolean {
    return this.octets === 0 && this.records === 0
  }
}

export class Ledger {
  readonly bound: number
  /** Of all holdings. */
  octets = 0
  readonly holdings: Holding[] = []
  /** For what belongs to no source: only the whole is looked at. */
  readonly common: Share
  readonly #options: LedgerOptions
  readonly #shareBound: number
  readonly #shares = new Map<string, Share>()
  readonly #sites = new Map<string, Share>()
  #sweepAt = firstSweepAt
  readonly #shareLog: RateLimit
  readonly #wholeLog: RateLimit

  constructor(options: LedgerOptions) {
    this.#options = options
    this.bound = options.bound
    this.#shareBound = Math.floor((options.bound * options.sharePercent) / 100)
    this.common = new Share(this, nobody, Number.POSITIVE_INFINITY)
    this.#shareLog = new RateLimit(options.clock, 10, 1 / 60)
    this.#wholeLog = new RateLimit(options.clock, 1, 1 / 60)
  }

  /** One that has no end, for what is not bounded here. */
  static unlimited(clock: Clock, log: Log): Ledger {
    return new Ledger({
      bound: Number.POSITIVE_INFINITY,
      sharePercent: 100,
      isExempt: () => true,
      directive: '',
      clock,
      log,
    })
  }

  /** A kind of what is held. */
  open(name: string): Holding {
    const holding = { name, octets: 0, refused: 0 }
    this.holdings.push(holding)
    return holding
  }

  /** The share of a numeric address. */
  shareOf(address: string): Share {
    return this.shareNamed(sourceNetwork(address))
  }

  /** The share of a source as `Share.source` has it. */
  shareNamed(source: string): Share {
    return source === nobody ? this.common : (this.#shares.get(source) ?? this.#add(source))
  }

  isFull(octets: number, factor: number): boolean {
    return this.octets + octets > this.bound * factor
  }

  get shares(): number {
    return this.#shares.size
  }

  name(share: Share, message: string, fields: Readonly<Record<string, unknown>>): void {
    const { clock, log, directive } = this.#options
    if (clock.monotonicMs() - share.namedMs < namedForMs || this.#shareLog.take() === undefined) return
    share.namedMs = clock.monotonicMs()
    log.warn(message, { source: share.source, ...fields, directive: fields.directive ?? directive })
  }

  logFull(): void {
    if (this.#wholeLog.take() === undefined) return
    const { log, directive } = this.#options
    const most = this.#largest()
    log.error('the memory for what others send is used up; more is refused', {
      directive,
      octets: this.octets,
      bound: this.bound,
      mostIsOf: most?.source,
      itsOctets: most?.octets,
    })
  }

  #largest(): Share | undefined {
    let most: Share | undefined
    for (const share of this.#shares.values()) if (share.octets > (most?.octets ?? 0)) most = share
    return most
  }

  #add(source: string): Share {
    if (this.#shares.size >= this.#sweepAt) this.#sweep()
    const share = this.#options.isExempt(source)
      ? new Share(this, source, Number.POSITIVE_INFINITY)
      : new Share(this, source, this.#shareBound, this.#siteOf(source))
    this.#shares.set(source, share)
    return share
  }

  #siteOf(source: string): Share | undefined {
    const name = sourceSite(source)
    if (name === undefined) return undefined
    const site = this.#sites.get(name) ?? new Share(this, name, shareOfSite(this.bound, this.#shareBound))
    this.#sites.set(name, site)
    return site
  }

  /** Addresses are cheap to forge: those that hold nothing are forgotten, so that shares cost less than what they bound. */
  #sweep(): void {
    for (const shares of [this.#shares, this.#sites])
      for (const [source, share] of shares) if (share.isIdle) shares.delete(source)
    this.#sweepAt = Math.max(firstSweepAt, this.#shares.size * 2)
  }
}
