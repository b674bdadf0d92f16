/** An account of the octets that others make a process hold: so many in all, and a share of them for each source. */

export interface OctetFigures {
  /** Octets that are held now. */
  readonly held: number
  /** Octets that may be held. */
  readonly most: number
  /** How often there was no room. */
  readonly refused: number
}

/**
 * What all sources of one site may hold, where each may hold `share` of `most`: twice as much, and a quarter is left to everybody
 * else. Four sources would have the whole.
 */
export function shareOfSite(most: number, share: number): number {
  return Math.max(share, Math.min(2 * share, Math.floor(most * 0.75)))
}

export class OctetAccount implements OctetFigures {
  readonly most: number
  readonly #share: number
  readonly #shareOfSite: number
  readonly #bySource = new Map<string | number, number>()
  #held = 0
  #refused = 0

  /** `share` is what one source may hold; the whole of it where it is not given. */
  constructor(most: number, share = most) {
    this.most = most
    this.#share = share
    this.#shareOfSite = shareOfSite(most, share)
  }

  get held(): number {
    return this.#held
  }

  get refused(): number {
    return this.#refused
  }

  /** What one source holds now. */
  heldBy(source: string | number): number {
    return this.#bySource.get(source) ?? 0
  }

  /** False, and counted, when there is no room for it; what is taken must be given back. `site` has several sources. */
  take(octets: number, source: string | number = '', site?: string): boolean {
    const ofSource = this.heldBy(source) + octets
    const ofSite = site === undefined ? 0 : this.heldBy(site) + octets
    if (this.#held + octets > this.most || ofSource > this.#share || ofSite > this.#shareOfSite) {
      this.#refused++
      return false
    }
    this.#held += octets
    this.#bySource.set(source, ofSource)
    if (site !== undefined) this.#bySource.set(site, ofSite)
    return true
  }

  give(octets: number, source: string | number = '', site?: string): void {
    this.#held -= octets
    this.#release(octets, source)
    if (site !== undefined) this.#release(octets, site)
  }

  #release(octets: number, source: string | number): void {
    const left = this.heldBy(source) - octets
    if (left > 0) this.#bySource.set(source, left)
    else this.#bySource.delete(source)
  }

  /** Counts what was refused for another reason than octets, so that one counter has all of it. */
  refuse(): void {
    this.#refused++
  }
}
