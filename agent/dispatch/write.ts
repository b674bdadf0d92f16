/** SET over backends (RFC 3416 §4.2.5): test everywhere, commit everywhere, finish; or undo in reverse. One at a time. */

import type { Log } from '../../lib/log.ts'
import type { Backend, SetPart } from '../../lib/mib/backend.ts'
import type { SetFailure, SetVarbind } from '../../lib/mib/set.ts'
import type { View } from '../access/view.ts'
import type { Registry } from './registry.ts'

const stepLimitMs = 10_000

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

  /** Runs the SET after those before it; resolves to its failure, or to undefined when all is done and durable. */
  run(varbinds: readonly SetVarbind[], view: View): Promise<SetFailure | undefined> {
    this.#waiting++
    const result = this.#last.then(() => this.#perform(varbinds, view)).finally(() => this.#waiting--)
    this.#last = result.catch(() => {})
    return result
  }

  async #perform(varbinds: readonly SetVarbind[], view: View): Promise<SetFailure | undefined> {
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
      const part = backend.prepareSet(own)
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
