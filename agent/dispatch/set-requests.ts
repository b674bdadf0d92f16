/** SetRequests one after the other (RFC 3416 §4.2.5); reads go on meanwhile. */

import type { Log } from '../../lib/log/log.ts'
import { groupBy } from '../../lib/mib/group.ts'
import type { Registry } from '../../lib/mib/registry.ts'
import type { SetFailure, SetVarbind } from '../../lib/mib/set.ts'
import { SetTransaction } from '../../lib/mib/set-transaction.ts'
import type { View } from '../../lib/mib/view.ts'
import { Walk } from '../../lib/mib/walk.ts'
import { compareOid, type Oid } from '../../lib/smi/oid.ts'
import type { Principal } from '../../lib/smi/principal.ts'
import { isException, type SnmpValue } from '../../lib/smi/value.ts'
import { wholeRequestMs } from './remote-answer.ts'

/** Of the time that the whole SET has. */
const oldValuesWithinMs = wholeRequestMs / 4

export interface SetOutcome {
  /** Undefined when all is done and durable. */
  readonly failure: SetFailure | undefined
  /** What each instance held before; undefined where there was none. */
  readonly before: readonly (SnmpValue | undefined)[]
}

export class SetRequests {
  readonly #registry: Registry
  readonly #log: Log
  readonly #tellsBefore: boolean
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  /** `tellsBefore`: what was there before is wanted of what is served elsewhere too, which costs a GET. */
  constructor(registry: Registry, log: Log, tellsBefore = false) {
    this.#registry = registry
    this.#log = log
    this.#tellsBefore = tellsBefore
  }

  /** SETs that wait or run; a caller bounds it. */
  get length(): number {
    return this.#waiting
  }

  /** Runs the SET after those before it. */
  run(varbinds: readonly SetVarbind[], view: View, requester?: Principal): Promise<SetOutcome> {
    this.#waiting++
    const perform = async (): Promise<SetOutcome> => {
      const deadlineMs = performance.now() + wholeRequestMs
      const before = await this.#valuesOf(varbinds, view)
      const set = new SetTransaction(this.#registry, this.#log, varbinds, requester, deadlineMs)
      const failure = (await set.test(view)) ?? (await set.commit())
      if (!failure) set.finish()
      return { failure, before }
    }
    const result = this.#last.then(perform).finally(() => this.#waiting--)
    this.#last = result.catch(() => {})
    return result
  }

  /** The values of the instances, read as a manager would read them; each backend elsewhere is asked once for all of its own. */
  async #valuesOf(varbinds: readonly SetVarbind[], view: View): Promise<(SnmpValue | undefined)[]> {
    const values = varbinds.map((varbind) => this.#valueOf(varbind))
    // One that is refused at once troubles nobody.
    if (!this.#tellsBefore || !varbinds.every(({ name }) => view.includes(name))) return values
    const elsewhere = varbinds.flatMap(({ name }, index) => {
      const region = this.#objectOf(name)?.remote
      return region ? [{ name, index, region }] : []
    })
    const asking = [...groupBy(elsewhere, ({ region }) => region.backend)].map(async ([backend, questions]) => {
      const timeoutMs = Math.min(oldValuesWithinMs, ...questions.map(({ region }) => region.timeoutMs))
      const names = questions.map(({ name }) => name)
      // Nobody waits for the audit log alone: who does not answer leaves it without the old value.
      const answer = await backend.get(names, timeoutMs).catch(() => [])
      for (const [i, { name, index }] of questions.entries()) {
        const varbind = answer[i]
        if (varbind && compareOid(varbind.name, name) === 0 && !isException(varbind.value))
          values[index] = varbind.value
      }
    })
    await Promise.all(asking)
    return values
  }

  #objectOf(name: Oid) {
    return this.#registry.objects[this.#registry.locate(name, 0, name.length)]
  }

  /** Of what is served here. */
  #valueOf({ name }: SetVarbind): SnmpValue | undefined {
    const walk = new Walk(this.#registry)
    const found = walk.find(name, 0, name.length)
    return typeof found === 'string' || found.remote !== undefined ? undefined : found.valueAt(walk.position)
  }
}
