/** How many instances are sampled, and how many may be (the resource control section of RFC 2981). */

export class Resources {
  readonly #maximum: () => number
  #instances = 0
  #high = 0
  #lacks = 0

  /** `maximum` gives mteResourceSampleInstanceMaximum, where 0 is no limit. */
  constructor(maximum: () => number) {
    this.#maximum = maximum
  }

  get instances(): number {
    return this.#instances
  }

  get high(): number {
    return this.#high
  }

  get lacks(): number {
    return this.#lacks
  }

  /** Takes room for one more; false, and counted, when there is none. */
  take(): boolean {
    const maximum = this.#maximum()
    if (maximum > 0 && this.#instances >= maximum) {
      this.#lacks = (this.#lacks + 1) >>> 0
      return false
    }
    this.#instances++
    this.#high = Math.max(this.#high, this.#instances)
    return true
  }

  give(count = 1): void {
    this.#instances -= count
  }
}
