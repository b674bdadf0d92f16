/** Processors: /proc/stat and /proc/cpuinfo (proc(5)), and each one's load over the last minute. */

/** Ticks since the machine started. */
export interface ProcessorTimes {
  readonly number: number
  readonly idleTicks: number
  readonly totalTicks: number
}

/** One entry per line `cpuN`, in the order of the lines; offline processors have none. */
export function parseStat(text: string): ProcessorTimes[] {
  const found: ProcessorTimes[] = []
  for (const [, number, rest] of text.matchAll(/^cpu(\d+) (.*)$/gm)) {
    const ticks = rest!.trim().split(/\s+/).map(Number)
    if (ticks.length < 4 || ticks.some(Number.isNaN)) continue
    // user nice system idle iowait irq softirq steal; the guest times after them are in user and nice already.
    const totalTicks = ticks.slice(0, 8).reduce((sum, value) => sum + value, 0)
    found.push({ number: Number(number), idleTicks: ticks[3]! + (ticks[4] ?? 0), totalTicks })
  }
  return found
}

/** What each processor is, by its number; architectures that name no model give none. */
export function parseCpuinfo(text: string): Map<number, string> {
  const models = new Map<number, string>()
  for (const block of text.split(/\n\s*\n/)) {
    const field = (name: string): string | undefined =>
      new RegExp(`^${name}\\s*:\\s*(.+)$`, 'mi').exec(block)?.[1]?.trim()
    const number = field('processor')
    const model = field('model name') ?? field('cpu model') ?? field('CPU part')
    if (number !== undefined && /^\d+$/.test(number) && model !== undefined) models.set(Number(number), model)
  }
  return models
}

interface Sample {
  readonly atMs: number
  readonly times: ProcessorTimes
}

const windowMs = 60_000
/** Of two samples closer together the ticks, hundredths of a second, say nothing. */
const closestMs = 1_000

/** hrProcessorLoad: the share of the last minute in which a processor was not idle. */
export class ProcessorLoads {
  readonly #samples = new Map<number, Sample[]>()

  /** Takes what /proc/stat says at a time of a clock that only grows. */
  add(atMs: number, all: readonly ProcessorTimes[]): void {
    for (const times of all) {
      const samples = this.#samples.get(times.number) ?? []
      if (samples.length > 0 && atMs - samples.at(-1)!.atMs < closestMs) continue
      // A processor that was away begins again: its counters may have been reset.
      if (samples.length > 0 && times.totalTicks < samples.at(-1)!.times.totalTicks) samples.length = 0
      samples.push({ atMs, times })
      // The oldest that stays is the youngest that is a minute old, so that the window is full.
      while (samples.length > 2 && samples[1]!.atMs <= atMs - windowMs) samples.shift()
      this.#samples.set(times.number, samples)
    }
  }

  /**
   * In percent. What of the minute was before the first sample is taken to have been as the machine was from its start until
   * then: the few seconds after the agent started are no minute.
   */
  loadPercent(number: number): number {
    const samples = this.#samples.get(number) ?? []
    const [first, last] = [samples[0], samples.at(-1)]
    if (!first || !last) return 0
    const watchedMs = Math.min(last.atMs - first.atMs, windowMs)
    const before = busyPercent({ idleTicks: 0, totalTicks: 0 }, first.times)
    const watched = busyPercent(first.times, last.times)
    return Math.round((before * (windowMs - watchedMs) + watched * watchedMs) / windowMs)
  }
}

type Ticks = Pick<ProcessorTimes, 'idleTicks' | 'totalTicks'>

function busyPercent(from: Ticks, to: Ticks): number {
  const total = to.totalTicks - from.totalTicks
  // The kernel's idle counters of a processor may step back by a little (proc(5), iowait).
  const idle = Math.max(0, to.idleTicks - from.idleTicks)
  return total <= 0 ? 0 : Math.min(100, Math.max(0, 100 - (idle * 100) / total))
}

/** Load averages of /proc/loadavg in hundredths. */
export function parseLoadavg(text: string): readonly [number, number, number] | undefined {
  const found = /^([\d.]+) ([\d.]+) ([\d.]+) /.exec(text)
  if (!found) return undefined
  const [one, five, fifteen] = found.slice(1).map((load) => Math.round(Number(load) * 100))
  return [one!, five!, fifteen!]
}
