/** An account of the octets that others make a process hold: so many in all, and a share of them for each source. */

export interface OctetFigures {
  /** Octets that are held now. */
  readonly held: number
  /** Octets that may be held. */
  readonly most: number
  /** How often there was no room. */
  readonly refused: number
}

export class OctetAccount implements OctetFigures {
  readonly most: number
  readonly #share: number
  readonly #bySource = new Map<string | number, number>()
  #held = 0
  #refused = 0

  /** `share` is what one source may hold; the whole of it where it is not given. */
  constructor(most: number, share = most) {
    this.most = most
    this.#share = share
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

  /** False, and counted, when there is no room for it; what is taken must be given back. */
  take(octets: number, source: string | number = ''): boolean {
    const ofSource = this.heldBy(source) + octets
    if (this.#held + octets > this.most || ofSource > this.#share) {
      this.#refused++
      return false
    }
    this.#held += octets
    this.#bySource.set(source, ofSource)
    return true
  }

  give(octets: number, source: string | number = ''): void {
    const left = this.heldBy(source) - octets
    this.#held -= octets
    if (left > 0) this.#bySource.set(source, left)
    else this.#bySource.delete(source)
  }

  /** Counts what was refused for another reason than octets, so that one counter has all of it. */
  refuse(): void {
    this.#refused++
  }
}
