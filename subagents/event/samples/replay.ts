/** Samples that were kept, once more through the tests of trigger rows: what would have fired, and when. */
import { compareOid, formatOid, type Oid, startsWith } from '../../../lib/smi/oid.ts'
import type { SnmpValue } from '../../../lib/smi/value.ts'
import type { Integer } from '../conditions/integer.ts'
import { type Fired, type InstanceState, keptOf, step, type TriggerTests } from '../conditions/step.ts'
import { eventOf, keyOf, nameOf, type Pointer, type TriggerRow, testsOf } from '../rows.ts'
import { sentenceOf } from '../sentence.ts'
import { type Advice, adviseFalling, type Crossings, flaps, mostInAnHour, type Rising } from './hysteresis.ts'
import type { Sample, SampledInstance } from './sample.ts'

export interface ReplayedFiring {
  readonly timeMs: number
  readonly fired: Fired
  readonly oid: Oid
  /** What the test saw, as text: the value, or the difference; none of what is absent. */
  readonly value: string | undefined
  readonly sentence: string
  readonly event: Pointer
}

export interface Flapping {
  readonly risings: number
  /** The instance that was the worst, and its risings within an hour. */
  readonly worst: Oid
  readonly mostInAnHour: number
  /** Undefined where no falling threshold would have ended it. `risings`: those that it leaves, counted in a replay. */
  readonly advice: (Advice & { readonly risings: number }) | undefined
}

export interface ReplayedTrigger {
  readonly row: TriggerRow
  readonly samples: number
  readonly instances: number
  /** Another trigger of this name sampled the same object: its samples were used. */
  readonly borrowedFrom: string | undefined
  /** The time between two samples, as most were taken; undefined of fewer than two. */
  readonly periodMs: number | undefined
  readonly firstMs: number | undefined
  readonly lastMs: number | undefined
  readonly firings: readonly ReplayedFiring[]
  readonly flapping: Flapping | undefined
}

/** How people read names and values. */
export interface Shown {
  format(name: Oid): string
  formatValue(name: Oid, value: SnmpValue): string
}

/** `samples` is gone through up to three times, and gives the same each time. */
export function replay(
  rows: readonly TriggerRow[],
  samples: () => Iterable<Sample>,
  shown: Shown,
): readonly ReplayedTrigger[] {
  const counted = countSamples(samples())
  const triggers = rows.map((row) => new TriggerReplay(row, sourceOf(row, counted), shown))
  feed(triggers, samples())
  const flapping = new Map<TriggerReplay, { readonly advice: Advice; readonly again: TriggerReplay }>()
  for (const trigger of triggers) {
    const advice = trigger.isFlapping ? adviseFalling(trigger.crossings()) : undefined
    if (!advice) continue
    const row = { ...trigger.row, mteTriggerThresholdFalling: advice.falling }
    flapping.set(trigger, { advice, again: new TriggerReplay(row, trigger.source, shown) })
  }
  if (flapping.size > 0)
    feed(
      [...flapping.values()].map(({ again }) => again),
      samples(),
    )
  return triggers.map((trigger) => {
    const found = flapping.get(trigger)
    return trigger.result(found && { ...found.advice, risings: found.again.risings })
  })
}

/** How many samples a trigger took of each object. */
type Counted = ReadonlyMap<string, ReadonlyMap<SampledInstance, number>>

function countSamples(samples: Iterable<Sample>): Counted {
  const counts = new Map<SampledInstance, number>()
  for (const { of } of samples) counts.set(of, (counts.get(of) ?? 0) + 1)
  const counted = new Map<string, Map<SampledInstance, number>>()
  for (const [of, count] of counts) {
    const key = sourceKey(of)
    const same = counted.get(key) ?? new Map<SampledInstance, number>()
    counted.set(key, same.set(of, count))
  }
  return counted
}

/** The trigger's own samples; else those of the trigger that sampled its object the most. */
function sourceOf(row: TriggerRow, counted: Counted): string {
  const own = keyOf(row)
  const fitting = (key: string): number => {
    let total = 0
    for (const [{ oid }, count] of counted.get(key) ?? []) if (isOf(row, oid)) total += count
    return total
  }
  if (fitting(own) > 0) return own
  let [best, most] = [own, 0]
  for (const key of counted.keys()) {
    const total = fitting(key)
    if (total > most) [best, most] = [key, total]
  }
  return best
}

function sourceKey({ owner, name }: SampledInstance): string {
  return keyOf({ mteOwner: owner, mteTriggerName: name })
}

function isOf({ mteTriggerValueID, mteTriggerValueIDWildcard }: TriggerRow, oid: Oid): boolean {
  if (!startsWith(oid, mteTriggerValueID)) return false
  return mteTriggerValueIDWildcard ? oid.length > mteTriggerValueID.length : oid.length === mteTriggerValueID.length
}

function feed(triggers: readonly TriggerReplay[], samples: Iterable<Sample>): void {
  const bySource = new Map<string, TriggerReplay[]>()
  for (const trigger of triggers) bySource.set(trigger.source, [...(bySource.get(trigger.source) ?? []), trigger])
  const takers = new Map<SampledInstance, readonly TriggerReplay[]>()
  for (const sample of samples) {
    let taking = takers.get(sample.of)
    if (!taking) {
      taking = (bySource.get(sourceKey(sample.of)) ?? []).filter(({ row }) => isOf(row, sample.of.oid))
      takers.set(sample.of, taking)
    }
    for (const trigger of taking) trigger.take(sample)
  }
}

/** What is remembered of one instance. */
interface Instance {
  readonly oid: Oid
  state: InstanceState | undefined
  /** When its trigger knew it first, within this run. */
  runMs: number
  lastMs: number | undefined
  /** Whether it rose since its state began. */
  hasRisen: boolean
  /** The lowest value since then, or since its state began. */
  low: Integer
  ends: Integer[]
  risings: Rising[]
}

const periodsAtMost = 1001

class TriggerReplay {
  readonly row: TriggerRow
  /** Whose samples it is given. */
  readonly source: string
  readonly #shown: Shown
  readonly #tests: TriggerTests
  readonly #instances = new Map<string, Instance>()
  readonly #periodsMs: number[] = []
  readonly #firings: ReplayedFiring[] = []
  #runMs: number | undefined
  /** What is there at the first sample has not come. It ends when names do not grow any more, as they do within one. */
  #isFirst = true
  #lastOid: Oid = []
  #samples = 0
  #firstMs: number | undefined
  #lastMs: number | undefined

  constructor(row: TriggerRow, source: string, shown: Shown) {
    this.row = row
    this.source = source
    this.#shown = shown
    this.#tests = testsOf(row)
  }

  take({ of, timeMs, runMs, upTimeTicks, value, discontinuity }: Sample): void {
    this.#samples++
    this.#firstMs ??= timeMs
    this.#lastMs = timeMs
    if (runMs !== this.#runMs) {
      this.#runMs = runMs
      this.#isFirst = true
    } else if (compareOid(of.oid, this.#lastOid) <= 0) this.#isFirst = false
    this.#lastOid = of.oid
    const instance = this.#find(of.oid, runMs)
    if (instance.lastMs !== undefined && this.#periodsMs.length < periodsAtMost)
      this.#periodsMs.push(timeMs - instance.lastMs)
    instance.lastMs = timeMs
    const before = instance.state
    const sample = value === 'absent' ? value : { value, discontinuity, upTimeTicks }
    const { state, fired } = step(this.#tests, before, sample)
    instance.state = state
    this.#measure(instance, timeMs, fired.includes('rising'), before?.threshold !== undefined)
    for (const one of fired) this.#fire(one, timeMs, of.oid, before, state)
  }

  get isFlapping(): boolean {
    const { mteTriggerThresholdRisingEvent: rising, mteTriggerThresholdFallingEvent: falling } = this.row
    if (!this.#tests.threshold || !(rising || falling)) return false
    if (this.#tests.threshold.falling >= this.#tests.threshold.rising) return false
    return [...this.#instances.values()].some(({ risings }) => flaps(risings))
  }

  get risings(): number {
    return [...this.#instances.values()].reduce((sum, { risings }) => sum + risings.length, 0)
  }

  crossings(): Crossings[] {
    return [...this.#instances.values()].map(({ risings, ends, low }) => ({ risings, ends: [...ends, low] }))
  }

  result(advice: (Advice & { readonly risings: number }) | undefined): ReplayedTrigger {
    const sorted = this.#periodsMs.toSorted((a, b) => a - b)
    const [owner, name]: readonly [string, string] = JSON.parse(this.source)
    return {
      row: this.row,
      samples: this.#samples,
      instances: this.#instances.size,
      borrowedFrom:
        this.#samples > 0 && name !== '' && this.source !== keyOf(this.row)
          ? nameOf({ mteOwner: owner, mteTriggerName: name })
          : undefined,
      periodMs: sorted[sorted.length >> 1],
      firstMs: this.#firstMs,
      lastMs: this.#lastMs,
      firings: this.#firings,
      flapping: this.isFlapping ? { risings: this.risings, ...this.#worst(), advice } : undefined,
    }
  }

  #worst(): Pick<Flapping, 'worst' | 'mostInAnHour'> {
    const each = [...this.#instances.values()].map(({ oid, risings }) => ({
      worst: oid,
      mostInAnHour: mostInAnHour(risings),
    }))
    return each.reduce((a, b) => (b.mostInAnHour > a.mostInAnHour ? b : a))
  }

  /** The agent keeps what was raised when it ends, and the replay with it. */
  #find(oid: Oid, runMs: number): Instance {
    const key = formatOid(oid)
    const known = this.#instances.get(key)
    if (known?.runMs === runMs) return known
    const hasAppeared = this.row.mteTriggerValueIDWildcard && !this.#isFirst && this.#tests.existence !== undefined
    const existence = { isPresent: false as const }
    const kept = keptOf(known?.state)
    const state = hasAppeared || kept ? { ...(hasAppeared ? { existence } : {}), ...kept } : undefined
    if (known) {
      known.state = state
      known.runMs = runMs
      return known
    }
    const instance: Instance = {
      oid,
      state,
      runMs,
      lastMs: undefined,
      hasRisen: false,
      low: Number.POSITIVE_INFINITY,
      ends: [],
      risings: [],
    }
    this.#instances.set(key, instance)
    return instance
  }

  #measure(instance: Instance, timeMs: number, hasRisen: boolean, wasKnown: boolean): void {
    const { sampled } = instance.state ?? {}
    if (!wasKnown) endCrossings(instance)
    if (!hasRisen) {
      if (sampled !== undefined && sampled < instance.low) instance.low = sampled
      return
    }
    // The first one that a state knows of fires whatever was below.
    const { low, hasRisen: hadRisen } = instance
    if (!hadRisen) endCrossings(instance)
    instance.risings.push({ timeMs, low: hadRisen ? low : Number.NEGATIVE_INFINITY })
    instance.hasRisen = true
    instance.low = Number.POSITIVE_INFINITY
  }

  #fire(fired: Fired, timeMs: number, oid: Oid, before: InstanceState | undefined, after: InstanceState): void {
    const event = eventOf(this.row, fired)
    // Thresholds that nobody has set fire too, but have no event.
    if (event.name === '') return
    const shown = this.#shown
    const show = (value: SnmpValue): string => shown.formatValue(oid, value)
    const value = after.sampled === undefined ? after.last && show(after.last.value) : String(after.sampled)
    const sentence = sentenceOf(this.row, shown.format(oid), { fired, before, after }, show)
    this.#firings.push({ timeMs, fired, oid, value, sentence, event })
  }
}

function endCrossings(instance: Instance): void {
  if (instance.low < Number.POSITIVE_INFINITY) instance.ends.push(instance.low)
  instance.low = Number.POSITIVE_INFINITY
  instance.hasRisen = false
}
