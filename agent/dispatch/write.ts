/** SET over backends (RFC 3416 §4.2.5): test everywhere, commit everywhere, finish; or undo in reverse. One at a time. */

import { BerReader } from '../../lib/ber/reader.ts'
import { tag } from '../../lib/ber/tags.ts'
import { BerWriter } from '../../lib/ber/writer.ts'
import type { Log } from '../../lib/log.ts'
import type { Backend, SetPart } from '../../lib/mib/backend.ts'
import type { Requester } from '../../lib/mib/module.ts'
import type { SetFailure, SetVarbind } from '../../lib/mib/set.ts'
import type { SnmpValue } from '../../lib/smi/value.ts'
import type { View } from '../access/view.ts'
import type { Registry } from './registry.ts'

const stepLimitMs = 10_000

export interface SetOutcome {
  /** Undefined when all is done and durable. */
  readonly failure: SetFailure | undefined
  /** What each instance held before; undefined where there was none. */
  readonly before: readonly (SnmpValue | undefined)[]
}

export class SetQueue {
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
  run(varbinds: readonly SetVarbind[], view: View, requester?: Requester): Promise<SetOutcome> {
    this.#waiting++
    const perform = async (): Promise<SetOutcome> => {
      const before = varbinds.map((varbind) => this.#valueOf(varbind))
      return { failure: await this.#perform(varbinds, view, requester), before }
    }
    const result = this.#last.then(perform).finally(() => this.#waiting--)
    this.#last = result.catch(() => {})
    return result
  }

  /** The value of an instance, read as a manager would read it. */
  #valueOf({ name }: SetVarbind): SnmpValue | undefined {
    const located = this.#registry.locate(name, 0, name.length)
    const object = this.#registry.objects[located]
    const position = object?.find(name, object.oid.length, name.length - object.oid.length) ?? -1
    if (!object || position < 0) return undefined
    const out = new BerWriter(1024)
    if (!object.write(position, out, 65_536)) return undefined
    const reader = new BerReader().reset(out.take())
    reader.enter(tag.sequence)
    reader.oid()
    return reader.value()
  }

  async #perform(
    varbinds: readonly SetVarbind[],
    view: View,
    requester: Requester | undefined,
  ): Promise<SetFailure | undefined> {
    const parts: { part: SetPart; position: number }[] = []
    const byBackend = new Map<Backend, SetVarbind[]>()
    for (const varbind of varbinds) {
      const { name, position } = varbind
      if (!view.includes(name)) return { status: 'noAccess', position }
      const located = this.#registry.locate(name, 0, name.length)
      if (located < 0) return { status: 'notWritable', position }
      const backend = this.#registry.ownerOf(this.#registry.objects[located]!)
      const own = byBackend.get(backend)
      if (own) own.push(varbind)
      else byBackend.set(backend, [varbind])
    }
    let failure: SetFailure | undefined
    for (const [backend, own] of byBackend) {
      const part = backend.prepareSet(own, requester)
      const position = own[0]!.position
      const failed = await this.#step(backend, position, 'genErr', () => part.test())
      // The failure of the first varbind counts, RFC 3416 asks for one; so the least index is reported.
      if (failed && (!failure || failed.position < failure.position)) failure = failed
      parts.push({ part, position })
    }
    if (failure) return failure

    const committed: SetPart[] = []
    for (const [i, { part, position }] of parts.entries()) {
      committed.push(part)
      failure = await this.#step([...byBackend.keys()][i]!, position, 'commitFailed', () => part.commit())
      if (failure) return (await this.#undo(committed)) ? failure : { status: 'undoFailed', position: 0 }
    }
    for (const part of committed) part.finish()
    return undefined
  }

  async #undo(committed: readonly SetPart[]): Promise<boolean> {
    let isUndone = true
    for (const part of committed.toReversed()) {
      if (!(await part.undo().catch(() => false))) isUndone = false
    }
    if (!isUndone) this.#log.error('a set failed and could not be undone everywhere')
    return isUndone
  }

  async #step(
    backend: Backend,
    position: number,
    whenBroken: SetFailure['status'],
    run: () => SetFailure | undefined | Promise<SetFailure | undefined>,
  ): Promise<SetFailure | undefined> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<SetFailure>((resolve) => {
      timer = setTimeout(() => resolve({ status: whenBroken, position }), stepLimitMs)
    })
    try {
      return await Promise.race([run(), late])
    } catch (error) {
      this.#log.error('bug while setting', { backend: backend.name, error })
      return { status: whenBroken, position }
    } finally {
      clearTimeout(timer)
    }
  }
}
