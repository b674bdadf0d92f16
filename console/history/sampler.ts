/** Reads the chosen objects from the agent, each as often as its line says, and keeps them. */
import { messageOf } from '../../lib/errors.ts'
import type { Log } from '../../lib/log/log.ts'
import type { Names } from '../../lib/mib/names.ts'
import { formatOid, type Oid } from '../../lib/smi/oid.ts'
import type { Varbind } from '../../lib/smi/value.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import type { Manager } from '../../snmp/manager/manager.ts'
import type { SampledObject } from './config.ts'
import type { Retention } from './retention.ts'
import type { Sample, SampleHistory } from './samples.ts'

export interface SamplerOptions {
  readonly agent: Pick<Manager, 'walk' | 'get'>
  readonly objects: readonly SampledObject[]
  readonly samples: SampleHistory
  readonly retention: Retention
  readonly names: Names
  readonly clock: Clock
  readonly log: Log
}

/** Of a counter: what it was, and when, for how much a second it grew. */
interface Counted {
  readonly value: number
  readonly atMs: number
}

const gatherEveryMs = 60_000
const thinEveryMs = 10 * 60_000

export class Sampler {
  readonly #options: SamplerOptions
  readonly #counted = new Map<string, Counted>()
  readonly #timers: Timer[] = []
  /** Of objects that are read at the same interval, one reading at a time. */
  readonly #reading = new Map<number, Promise<void>>()
  #isStopped = false
  #isFailing = false

  constructor(options: SamplerOptions) {
    this.#options = options
  }

  start(): void {
    const { clock, objects, samples, retention } = this.#options
    for (const seconds of new Set(objects.map(({ everySeconds }) => everySeconds))) {
      const due = objects.filter(({ everySeconds }) => everySeconds === seconds)
      this.#timers.push(clock.every(seconds * 1000, () => this.#read(seconds, due)))
    }
    this.#timers.push(
      clock.every(gatherEveryMs, () => this.#try(() => samples.rollUp(clock.now()))),
      clock.every(thinEveryMs, () => this.#try(() => retention.thin(clock.now()))),
    )
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    for (const timer of this.#timers) timer.cancel()
    await Promise.all(this.#reading.values())
  }

  #read(seconds: number, due: readonly SampledObject[]): void {
    if (this.#reading.has(seconds)) return
    const reading = this.#sample(due).finally(() => this.#reading.delete(seconds))
    this.#reading.set(seconds, reading)
  }

  async #sample(due: readonly SampledObject[]): Promise<void> {
    const { agent, clock, samples } = this.#options
    try {
      const found: Sample[] = []
      for (const { oid } of due)
        for (const varbind of await instancesOf(agent, oid)) {
          const sample = this.#sampleOf(varbind, clock.monotonicMs())
          if (sample) found.push(sample)
        }
      if (this.#isStopped || found.length === 0) return
      samples.add(clock.now(), found)
      this.#isFailing = false
    } catch (error) {
      this.#say('samples are missing in the history', error)
    }
  }

  #sampleOf({ name, value }: Varbind, atMs: number): Sample | undefined {
    const [oid, label] = [formatOid(name), this.#options.names.format(name)]
    switch (value.type) {
      case 'Integer32':
      case 'Gauge32':
      case 'TimeTicks':
        return { oid, name: label, kind: 'gauge', value: value.value }
      case 'Counter32':
      case 'Counter64': {
        const now = { value: Number(value.value), atMs }
        const before = this.#counted.get(oid)
        this.#counted.set(oid, now)
        // The first one says nothing, and one that fell began again (RFC 2578 §7.1.6).
        if (!before || now.value < before.value || atMs <= before.atMs) return undefined
        return { oid, name: label, kind: 'rate', value: ((now.value - before.value) * 1000) / (atMs - before.atMs) }
      }
      default:
        return undefined
    }
  }

  #try(act: () => void): void {
    try {
      act()
    } catch (error) {
      this.#say('the history cannot be gathered and thinned', error)
    }
  }

  /** Once, until it goes well again. */
  #say(sentence: string, error: unknown): void {
    if (!this.#isFailing) this.#options.log.warn(sentence, { error: messageOf(error) })
    this.#isFailing = true
  }
}

/** Of a column all that there are, of an instance itself. */
async function instancesOf(agent: SamplerOptions['agent'], oid: Oid): Promise<Varbind[]> {
  const found: Varbind[] = []
  for await (const varbind of agent.walk(oid)) found.push(varbind)
  return found.length > 0 ? found : [...(await agent.get([oid]))]
}
