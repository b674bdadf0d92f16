/** The text of stats_log: what was counted in the last interval, how fast, and since the start. */
import type { Snapshot } from './snapshot.ts'
import { formatTable } from './text-table.ts'

export interface StatisticsPeriod {
  /** The end of the interval, in milliseconds since 1970. */
  readonly nowMs: number
  readonly intervalMs: number
  readonly sinceStartMs: number
  /** At the beginning of the interval. */
  readonly before: Snapshot
  readonly now: Snapshot
}

const nothing: Snapshot = { counters: {}, gauges: {} }

/**
 * One block: a dated line, a table of counters by group, a table of what there is now, and an empty line. A group with
 * several counters ends with their sum.
 */
export function formatStatistics({ nowMs, intervalMs, sinceStartMs, before, now }: StatisticsPeriod): string {
  const row = (label: string, names: readonly string[]): string[] => {
    const total = sum(names, now.counters)
    const inInterval = total - sum(names, before.counters)
    const perSecond = intervalMs > 0 ? ((inInterval * 1000) / intervalMs).toFixed(2) : '-'
    return [label, String(inInterval), perSecond, String(total)]
  }
  const rows = [['counted', 'last interval', 'per second', 'since start']]
  for (const [group, names] of byGroup(Object.keys(now.counters))) {
    for (const name of names) rows.push(row(labelOf(name), [name]))
    if (names.length > 1) rows.push(row(`${group}, all`, names))
  }
  const gauges = Object.entries(now.gauges).map(([name, value]) => [labelOf(name), String(value)])
  const title = `${new Date(nowMs).toISOString()} statistics of ${seconds(intervalMs)} s, ${seconds(sinceStartMs)} s after the start\n`
  return `${title}${formatTable(rows)}${gauges.length > 0 ? formatTable([['now', ''], ...gauges]) : ''}\n`
}

/** Keeps what was counted when it printed last. */
export class StatisticsText {
  #before = nothing
  #printedMs: number
  readonly #startedMs: number

  /** `monotonicMs` is when sipd started, by Clock.monotonicMs. */
  constructor(monotonicMs: number) {
    this.#startedMs = monotonicMs
    this.#printedMs = monotonicMs
  }

  next(now: Snapshot, time: { readonly nowMs: number; readonly monotonicMs: number }): string {
    const text = formatStatistics({
      nowMs: time.nowMs,
      intervalMs: time.monotonicMs - this.#printedMs,
      sinceStartMs: time.monotonicMs - this.#startedMs,
      before: this.#before,
      now,
    })
    this.#before = now
    this.#printedMs = time.monotonicMs
    return text
  }
}

function byGroup(names: readonly string[]): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const name of names) {
    const group = name.split('.', 1)[0]!
    groups.set(group, [...(groups.get(group) ?? []), name])
  }
  return groups
}

/** `requests received.INVITE` is printed as `requests received, INVITE`. */
function labelOf(name: string): string {
  return name.replace('.', ', ')
}

function sum(names: readonly string[], values: Readonly<Record<string, number>>): number {
  return names.reduce((total, name) => total + (values[name] ?? 0), 0)
}

function seconds(ms: number): string {
  return String(Math.round(ms / 1000))
}
