/**
 * Which thresholds each instance was beyond, kept over a restart of the agent and while a subagent is away: an alarm that
 * was raised is neither raised again nor left without its end.
 */
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { messageOf } from '../../lib/errors.ts'
import { writeFileAtomic } from '../../lib/files/files.ts'
import { brokenSentence, readState } from '../../lib/files/state-file.ts'
import type { Log } from '../../lib/log/log.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import { type InstanceState, type KeptState, keptOf } from './conditions/step.ts'
import type { CrossingState } from './conditions/threshold.ts'
import { keyOf, type TriggerRow, testsOf } from './rows.ts'

export interface MemoryOptions {
  /** Nothing outlives the agent when it is left out. */
  readonly path?: string | undefined
  readonly clock: Clock
  readonly log: Log
}

/** Of one trigger, by what follows mteTriggerValueID. */
interface Kept {
  /** What it tests: of another definition nothing is known. */
  readonly definition: string
  readonly instances: Map<string, KeptState>
}

/** Written together with what changes soon after: an alarm seldom comes alone. */
const gapMs = 1000

export class Memory {
  readonly #options: MemoryOptions
  readonly #triggers = new Map<string, Kept>()
  #timer: Timer | undefined
  #writing: Promise<void> = Promise.resolve()
  #isFailing = false

  private constructor(options: MemoryOptions) {
    this.#options = options
  }

  /** A file that cannot be understood is kept aside, and nothing is known. */
  static async load(options: MemoryOptions): Promise<Memory> {
    const memory = new Memory(options)
    const { path, log } = options
    if (path === undefined) return memory
    const found = await readState(path, parse)
    if (found.kind === 'read') for (const [key, kept] of found.value) memory.#triggers.set(key, kept)
    if (found.kind === 'broken')
      log.error('cannot read which alarms were raised; alarms that ended meanwhile are not notified', {
        error: brokenSentence(path, found),
      })
    return memory
  }

  /** What an instance starts with; undefined where it is new, and mteTriggerThresholdStartup counts. */
  recall(row: TriggerRow, instance: string): KeptState | undefined {
    const kept = this.#triggers.get(keyOf(row))
    return kept?.definition === definitionOf(row) ? kept.instances.get(instance) : undefined
  }

  /** Takes the state after a sample; cheap where no alarm began or ended. */
  put(row: TriggerRow, instance: string, before: InstanceState | undefined, after: InstanceState): void {
    if (
      before?.threshold === after.threshold &&
      before?.boolean === after.boolean &&
      before?.isRaised === after.isRaised
    )
      return
    const next = keptOf(after)
    const key = keyOf(row)
    const known = this.#triggers.get(key)?.instances.get(instance)
    if (isSame(known, next)) return
    const definition = definitionOf(row)
    let kept = this.#triggers.get(key)
    if (kept?.definition !== definition) {
      kept = { definition, instances: new Map() }
      this.#triggers.set(key, kept)
    }
    if (next) kept.instances.set(instance, next)
    else kept.instances.delete(instance)
    this.#changed()
  }

  /** A trigger that is removed has no alarms. */
  drop(row: TriggerRow): void {
    if (this.#triggers.delete(keyOf(row))) this.#changed()
  }

  /** Drops what is known of triggers that are no more. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const key of this.#triggers.keys()) if (!keys.has(key) && this.#triggers.delete(key)) this.#changed()
  }

  /** Resolves when what changed is durable, or could not be written. */
  async stop(): Promise<void> {
    if (this.#timer) this.#write()
    await this.#writing
  }

  #changed(): void {
    if (this.#options.path === undefined) return
    this.#timer ??= this.#options.clock.after(gapMs, () => this.#write())
  }

  #write(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#writing = this.#writing.then(async () => {
      const { path, log } = this.#options
      if (path === undefined) return
      try {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 })
        await writeFileAtomic(path, format(this.#triggers))
        this.#isFailing = false
      } catch (error) {
        if (!this.#isFailing)
          log.warn('cannot keep which alarms are raised; after a restart they may be notified again', {
            error: messageOf(error),
          })
        this.#isFailing = true
        this.#changed()
      }
    })
  }
}

/** What of a row its alarms depend on. */
function definitionOf(row: TriggerRow): string {
  const { sampleType, boolean, threshold } = testsOf(row)
  return JSON.stringify([row.mteTriggerValueID, row.mteTriggerValueIDWildcard, sampleType, boolean, threshold])
}

function isSame(a: KeptState | undefined, b: KeptState | undefined): boolean {
  const [one, other] = [a?.threshold, b?.threshold]
  return (
    a?.boolean === b?.boolean &&
    a?.isRaised === b?.isRaised &&
    isSameCrossing(one?.value, other?.value) &&
    isSameCrossing(one?.delta, other?.delta)
  )
}

/** The value may differ: it says nothing that these two do not. */
function isSameCrossing(a: CrossingState | undefined, b: CrossingState | undefined): boolean {
  return a?.isRisingArmed === b?.isRisingArmed && a?.isFallingArmed === b?.isFallingArmed
}

function format(triggers: ReadonlyMap<string, Kept>): string {
  const content = [...triggers]
    .filter(([, { instances }]) => instances.size > 0)
    .map(([key, { definition, instances }]) => [key, { definition, instances: [...instances] }])
  // A 64-bit value that a number cannot hold is text in JSON.
  return `${JSON.stringify(content, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))}\n`
}

/** Throws when it is not what `format` gives. */
function parse(text: string): [string, Kept][] {
  const content: unknown = JSON.parse(text, (_, value: unknown) =>
    typeof value === 'string' && /^-?\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value,
  )
  if (!Array.isArray(content)) throw new Error('expected a list of triggers')
  return content.map((one: unknown) => {
    const [key, kept]: readonly unknown[] = Array.isArray(one) ? one : []
    const { definition, instances }: { definition?: unknown; instances?: unknown } = kept ?? {}
    if (typeof key !== 'string' || typeof definition !== 'string' || !Array.isArray(instances))
      throw new Error('expected a name, a definition and instances of each trigger')
    return [key, { definition, instances: new Map(instances.map(parseInstance)) }]
  })
}

function parseInstance(one: unknown): [string, KeptState] {
  const [instance, state]: readonly unknown[] = Array.isArray(one) ? one : []
  if (typeof instance !== 'string' || !isKeptState(state)) throw new Error('expected an instance and its state')
  return [instance, state]
}

function isKeptState(state: unknown): state is KeptState {
  const { threshold, boolean, isRaised }: { [K in keyof KeptState]?: unknown } = state ?? {}
  return [boolean, isRaised].every((flag) => flag === undefined || typeof flag === 'boolean') && isThreshold(threshold)
}

function isThreshold(threshold: unknown): boolean {
  if (threshold === undefined) return true
  const { value, delta }: { value?: unknown; delta?: unknown } = threshold ?? {}
  return isCrossing(value) && (delta === undefined || isCrossing(delta))
}

function isCrossing(crossing: unknown): boolean {
  const { value, isRisingArmed, isFallingArmed }: { [K in keyof CrossingState]?: unknown } = crossing ?? {}
  const isNumber = typeof value === 'number' || typeof value === 'bigint'
  return isNumber && typeof isRisingArmed === 'boolean' && typeof isFallingArmed === 'boolean'
}
