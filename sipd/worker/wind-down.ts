/**
 * The connections of a worker that drains, whose phones do well on them: no process can take over a TLS connection. They end one
 * after the other in the second half of the time that there is, so that not all phones connect again at the same moment.
 */
import type { Clock } from '../../lib/time/clock.ts'

export interface WindingConnection {
  readonly isOpen: boolean
  /** When it was used last. */
  readonly usedMs: number
  /** A transaction is under way on it: it ends among the last. */
  readonly isHeld?: boolean
  end(): void
}

export class WindDown {
  readonly #connections: { all(): Iterable<WindingConnection> }
  readonly #clock: Clock
  readonly #beginMs: number
  readonly #endMs: number
  /** How many there were when the second half began. */
  #atBegin: number | undefined
  readonly #ended = new Set<WindingConnection>()

  constructor(connections: { all(): Iterable<WindingConnection> }, clock: Clock, withinMs: number) {
    this.#connections = connections
    this.#clock = clock
    this.#endMs = clock.monotonicMs() + withinMs
    this.#beginMs = this.#endMs - withinMs / 2
  }

  /** Ends as many as it is time for; call it every so often. True when the time is over. */
  look(): boolean {
    const now = this.#clock.monotonicMs()
    if (now >= this.#endMs) return true
    if (now < this.#beginMs) return false
    const open = [...this.#connections.all()].filter((one) => one.isOpen && !this.#ended.has(one))
    this.#atBegin ??= open.length
    const most = Math.ceil((this.#atBegin * (this.#endMs - now)) / (this.#endMs - this.#beginMs))
    const idle = open.filter(({ isHeld = false }) => !isHeld).sort((a, b) => a.usedMs - b.usedMs)
    for (const connection of idle.slice(0, Math.max(0, open.length - most))) {
      this.#ended.add(connection)
      connection.end()
    }
    return false
  }
}
