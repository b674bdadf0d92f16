/** What stats_log prints: what was counted, and what there is. */

export interface Snapshot {
  /** Only grow. The name is printed; what stands before its first dot is the group: `requests received.INVITE`. */
  readonly counters: Readonly<Record<string, number>>
  /** What there is at this moment, likewise named. */
  readonly gauges: Readonly<Record<string, number>>
}
