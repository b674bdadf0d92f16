/** One SET over backends (RFC 3416 §4.2.5): tested everywhere, committed everywhere and finished; or undone in reverse. */

import type { Log } from '../log/log.ts'
import type { Principal } from '../smi/principal.ts'
import type { SetPart } from './backend.ts'
import { groupBy } from './group.ts'
import type { Registry } from './registry.ts'
import type { RemoteBackend } from './remote.ts'
import type { SetFailure, SetVarbind } from './set.ts'
import type { View } from './view.ts'

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
  readonly #requester: Principal | undefined
  #parts: readonly Part[] = []
  #committed: readonly Part[] = []
  #isUndone = true
  /** Of test and commit together, on the clock of `performance`; undefined: each step has its own time. */
  readonly #deadlineMs: number | undefined

  constructor(
    registry: Registry,
    log: Log,
    varbinds: readonly SetVarbind[],
    requester?: Principal,
    deadlineMs?: number,
  ) {
    this.#deadlineMs = deadlineMs
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
    // What is to be undone is asked for all the same when the time of the SET is over, within as much again.
    const deadlineMs = performance.now() + stepLimitMs
    for (const { part } of this.#committed.toReversed()) {
      const undone = within(deadlineMs - performance.now(), part.undo(), false)
      if (!(await undone.catch(() => false))) this.#isUndone = false
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
    const leftMs = this.#deadlineMs === undefined ? stepLimitMs : this.#deadlineMs - performance.now()
    const late: SetFailure = { status: whenBroken, position }
    if (leftMs <= 0) return late
    try {
      return await within(Math.min(leftMs, stepLimitMs), run(), late)
    } catch (error) {
      this.#log.error('bug while setting', { backend: owner.name, error })
      return late
    }
  }
}

/** What comes of it within the time; `late` when it takes longer. */
async function within<T>(ms: number, result: T | Promise<T>, late: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(late), Math.max(0, ms))
  })
  try {
    return await Promise.race([result, over])
  } finally {
    clearTimeout(timer)
  }
}
