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
  for (const [, number, rest = ''] of text.matchAll(/^cpu(\d+) (.*)$/gm)) {
    const ticks = rest.trim().split(/\s+/).map(Number)
    const [, , , idleTicks, waitingTicks = 0] = ticks
    if (idleTicks === undefined || ticks.some(Number.isNaN)) continue
    // user nice system idle iowait irq softirq steal; the guest times after them are in user and nice already.
    const totalTicks = ticks.slice(0, 8).reduce((sum, value) => sum + value, 0)
    found.push({ number: Number(number), idleTicks: idleTicks + waitingTicks, totalTicks })
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
      const last = samples.at(-1)
      if (last && atMs - last.atMs < closestMs) continue
      // A processor that was away begins again: its counters may have been reset.
      if (last && times.totalTicks < last.times.totalTicks) samples.length = 0
      samples.push({ atMs, times })
      // The oldest that stays is the youngest that is a minute old, so that the window is full.
      const oldestKept = samples.findLastIndex((sample) => sample.atMs <= atMs - windowMs)
      if (oldestKept > 0) samples.splice(0, Math.min(oldestKept, samples.length - 2))
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
  const hundredths = (group: number): number => Math.round(Number(found[group]) * 100)
  return [hundredths(1), hundredths(2), hundredths(3)]
}
