/** SetRequests one after the other (RFC 3416 §4.2.5); reads go on meanwhile. */

import type { Log } from '../../lib/log/log.ts'
import type { Registry } from '../../lib/mib/registry.ts'
import type { SetFailure, SetVarbind } from '../../lib/mib/set.ts'
import { SetTransaction } from '../../lib/mib/set-transaction.ts'
import type { View } from '../../lib/mib/view.ts'
import { Walk } from '../../lib/mib/walk.ts'
import type { Principal } from '../../lib/smi/principal.ts'
import type { SnmpValue } from '../../lib/smi/value.ts'
import { wholeRequestMs } from './remote-answer.ts'

export interface SetOutcome {
  /** Undefined when all is done and durable. */
  readonly failure: SetFailure | undefined
  /** What each instance held before; undefined where there was none. */
  readonly before: readonly (SnmpValue | undefined)[]
}

export class SetRequests {
  readonly #registry: Registry
  readonly #log: Log
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  constructor(registry: Registry, log: Log) {
    this.#registry = registry
    this.#log = log
  }

  /** SETs that wait or run; a caller bounds it. */
  get length(): number {
    return this.#waiting
  }

  /** Runs the SET after those before it. */
  run(varbinds: readonly SetVarbind[], view: View, requester?: Principal): Promise<SetOutcome> {
    this.#waiting++
    const perform = async (): Promise<SetOutcome> => {
      const before = varbinds.map((varbind) => this.#valueOf(varbind))
      const set = new SetTransaction(this.#registry, this.#log, varbinds, requester, performance.now() + wholeRequestMs)
      const failure = (await set.test(view)) ?? (await set.commit())
      if (!failure) set.finish()
      return { failure, before }
    }
    const result = this.#last.then(perform).finally(() => this.#waiting--)
    this.#last = result.catch(() => {})
    return result
  }

  /** The value of an instance, read as a manager would read it. */
  #valueOf({ name }: SetVarbind): SnmpValue | undefined {
    const walk = new Walk(this.#registry)
    const found = walk.find(name, 0, name.length)
    // What is served elsewhere is not asked for the sake of the audit log.
    return typeof found === 'string' || found.remote !== undefined ? undefined : found.valueAt(walk.position)
  }
}
