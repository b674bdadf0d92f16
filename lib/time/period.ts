/** How often something is looked at that costs more where there is more of it: never so often that it takes more than its share. */

/** The least of so many is what it costs: others use the machine too, and may interrupt a slice. */
const costsKept = 3

export class Period {
  readonly #everyMs: number
  readonly #coreShare: number
  #costsMs: number[] = []

  /** `coreShare` of a core is the most that it may take. */
  constructor(everyMs: number, coreShare: number) {
    this.#everyMs = everyMs
    this.#coreShare = coreShare
  }

  /** Milliseconds from one look to the next: everyMs, doubled until what a look costs is within its share. */
  get ms(): number {
    const costMs = this.#costsMs.length < costsKept ? 0 : Math.min(...this.#costsMs)
    let periodMs = this.#everyMs
    while (costMs > periodMs * this.#coreShare) periodMs *= 2
    return periodMs
  }

  /** Processor time that a look took. */
  add(costMs: number): void {
    this.#costsMs = [...this.#costsMs, costMs].slice(-costsKept)
  }
}
