/** One SET over backends (RFC 3416 §4.2.5): tested everywhere, committed everywhere and finished; or undone in reverse. */
import { groupBy } from '../../lib/group.ts'
import type { Log } from '../../lib/log.ts'
import type { SetPart } from '../../lib/mib/backend.ts'
import type { Requester } from '../../lib/mib/module.ts'
import type { SetFailure, SetVarbind } from '../../lib/mib/set.ts'
import type { View } from '../access/view.ts'
import type { Registry } from './registry.ts'
import type { RemoteBackend } from './remote.ts'

const stepLimitMs = 10_000
type SetOwner = Pick<RemoteBackend, 'name' | 'prepareSet'>

interface Part {
  readonly owner: SetOwner
  readonly part: SetPart
  readonly position: number
}

export class SetTransaction {
  readonly #registry: Registry
  readonly #log: Log
  readonly #varbinds: readonly SetVarbind[]
  readonly #requester: Requester | undefined
  #parts: readonly Part[] = []
  #committed: readonly Part[] = []
  #isUndone = true

  constructor(registry: Registry, log: Log, varbinds: readonly SetVarbind[], requester?: Requester) {
    this.#registry = registry
    this.#log = log
    this.#varbinds = varbinds
    this.#requester = requester
  }

  /** Undefined when it may be committed. Without a view all may be written: a master asked its own before. */
  async test(view?: View): Promise<SetFailure | undefined> {
    const owned: { readonly owner: SetOwner; readonly varbind: SetVarbind; readonly timeoutMs: number }[] = []
    for (const varbind of this.#varbinds) {
      const { name, position } = varbind
      if (view && !view.includes(name)) return { status: 'noAccess', position }
      const located = this.#registry.locate(name, 0, name.length)
      if (located < 0) return { status: 'notWritable', position }
      const object = this.#registry.objects[located]!
      const timeoutMs = object.remote?.timeoutMs ?? stepLimitMs
      owned.push({ owner: this.#registry.ownerOf(object), varbind, timeoutMs })
    }
    this.#parts = [...groupBy(owned, ({ owner }) => owner)].map(([owner, group]) => {
      const own = group.map(({ varbind }) => varbind)
      const timeoutMs = Math.max(...group.map((one) => one.timeoutMs))
      return { owner, part: owner.prepareSet(own, this.#requester, timeoutMs), position: own[0]!.position }
    })
    const failures = await Promise.all(this.#parts.map((one) => this.#step(one, 'genErr', () => one.part.test())))
    // The failure of the first varbind counts, RFC 3416 asks for one; so the least index is reported.
    let failure: SetFailure | undefined
    for (const one of failures) if (one && (!failure || one.position < failure.position)) failure = one
    if (failure) for (const { part } of this.#parts) part.abandon?.()
    return failure
  }

  /** Undefined when all is committed; otherwise what was is undone again. */
  async commit(): Promise<SetFailure | undefined> {
    const committed: Part[] = []
    this.#committed = committed
    for (const [i, one] of this.#parts.entries()) {
      committed.push(one)
      const failure = await this.#step(one, 'commitFailed', () => one.part.commit())
      if (!failure) continue
      for (const { part } of this.#parts.slice(i + 1)) part.abandon?.()
      return (await this.undo()) ? failure : { status: 'undoFailed', position: 0 }
    }
    return undefined
  }

  /** False when something could not be put back, now or at the commit that failed. */
  async undo(): Promise<boolean> {
    for (const { part } of this.#committed.toReversed()) {
      if (!(await part.undo().catch(() => false))) this.#isUndone = false
    }
    this.#committed = []
    if (!this.#isUndone) this.#log.error('a set failed and could not be undone everywhere')
    return this.#isUndone
  }

  finish(): void {
    for (const { part } of this.#committed) part.finish()
    this.#committed = []
  }

  async #step(
    { owner, position }: Part,
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
      this.#log.error('bug while setting', { backend: owner.name, error })
      return { status: whenBroken, position }
    } finally {
      clearTimeout(timer)
    }
  }
}
