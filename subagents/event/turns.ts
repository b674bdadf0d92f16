/** Long work gives others their turn once it has taken a slice. */

/** Well below the 2 ms that a request may be made to wait, for a collection of garbage may come on top. */
export const sliceMs = 0.5

export class Turns {
  #endMs = performance.now() + sliceMs

  /** Whether the slice is over; then `give` is to be awaited. */
  get areDue(): boolean {
    return performance.now() >= this.#endMs
  }

  async give(): Promise<void> {
    await new Promise(setImmediate)
    this.#endMs = performance.now() + sliceMs
  }
}
