/** What the processes of sipd counted, as one: a worker that has ended still counts, and what it held does not. */

export interface Snapshot {
  /** Only grow. The name is printed; what stands before its first dot is the group: `requests received.INVITE`. */
  readonly counters: Readonly<Record<string, number>>
  /** What there is at this moment, likewise named. */
  readonly gauges: Readonly<Record<string, number>>
}

/** The sum of all, name by name; names keep the order in which they came first. */
export function mergeSnapshots(snapshots: Iterable<Snapshot>): Snapshot {
  const counters: Record<string, number> = {}
  const gauges: Record<string, number> = {}
  for (const snapshot of snapshots) {
    addAll(counters, snapshot.counters)
    addAll(gauges, snapshot.gauges)
  }
  return { counters, gauges }
}

/** The latest snapshot of each worker, and the counters of those that are gone. */
export class SnapshotBook {
  readonly #latest = new Map<number, Snapshot>()
  readonly #gone: Record<string, number> = {}

  /** What a worker says of itself since its start; replaces what it said before. */
  update(pid: number, snapshot: Snapshot): void {
    this.#latest.set(pid, snapshot)
  }

  /** The worker ended. */
  retire(pid: number): void {
    addAll(this.#gone, this.#latest.get(pid)?.counters ?? {})
    this.#latest.delete(pid)
  }

  merged(): Snapshot {
    return mergeSnapshots([{ counters: this.#gone, gauges: {} }, ...this.#latest.values()])
  }
}

function addAll(sums: Record<string, number>, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) sums[name] = (sums[name] ?? 0) + value
}
