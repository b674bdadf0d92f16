/** Connections of other processes: which they have, and on which of them transactions of this process are under way. */

export class ConnectionsElsewhere {
  /** By their far end. */
  readonly #byFar = new Map<string, string>()
  readonly #open = new Set<string>()
  readonly #holds = new Map<string, number>()

  /** Another process has, or has no more, a connection from this far end. */
  set(far: string, connection: string, isOpen: boolean): void {
    if (isOpen) {
      this.#byFar.set(far, connection)
      this.#open.add(connection)
      return
    }
    this.#open.delete(connection)
    if (this.#byFar.get(far) === connection) this.#byFar.delete(far)
  }

  from(far: string): string | undefined {
    return this.#byFar.get(far)
  }

  /** Whether another process has said that it has this connection. */
  isOpen(connection: string): boolean {
    return this.#open.has(connection)
  }

  /** True for the first transaction, which the other process has to be told of. */
  hold(connection: string): boolean {
    const count = this.#holds.get(connection) ?? 0
    this.#holds.set(connection, count + 1)
    return count === 0
  }

  /** True for the last one. */
  release(connection: string): boolean {
    const count = this.#holds.get(connection)
    if (count === undefined) return false
    if (count > 1) this.#holds.set(connection, count - 1)
    else this.#holds.delete(connection)
    return count === 1
  }

  /** That process is gone, and its connections with it. */
  forget(worker: number): void {
    const isGone = (connection: string): boolean => connection.startsWith(`${worker}.`)
    for (const [far, connection] of this.#byFar) if (isGone(connection)) this.#byFar.delete(far)
    for (const connection of this.#open) if (isGone(connection)) this.#open.delete(connection)
    for (const connection of this.#holds.keys()) if (isGone(connection)) this.#holds.delete(connection)
  }
}
