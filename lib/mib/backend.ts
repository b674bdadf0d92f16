/** A backend answers for objects; ModuleBackend makes one of a module, in the master's process or behind AgentX. */

import type { Log } from '../log/log.ts'
import type { Principal } from '../smi/principal.ts'
import { PartlyPersistedError, type TakeBack } from './all-or-nothing.ts'
import { runGenerator } from './generator.ts'
import type { Effects, MibModule, ModuleHost } from './module.ts'
import type { RowChange } from './row-change.ts'
import { planSet, type RowPlan, type SetFailure, type SetRules, type SetVarbind } from './set.ts'
import type { ServedObject } from './subtree.ts'
import { Unkept } from './unkept.ts'

/** One SET's part for one backend: test, then commit, then finish; or undo after a commit anywhere failed. */
export interface SetPart {
  test(): SetFailure | undefined | Promise<SetFailure | undefined>
  commit(): Promise<SetFailure | undefined>
  /** False when something could not be put back. */
  undo(): Promise<boolean>
  finish(): void
  /** Nothing will come of it: the test of another part failed. */
  abandon?(): void
}

export interface Backend {
  readonly name: string
  readonly objects: readonly ServedObject[]
  prepareSet(varbinds: readonly SetVarbind[], requester?: Principal): SetPart
}

export interface ModuleBackendOptions {
  /**
   * Makes configured rows durable before a SET is answered, and gives what takes that back; a failure undoes the SET. When it
   * rejects, nothing is durable, unless with PartlyPersistedError.
   */
  readonly persist?: (changes: readonly RowChange[]) => Promise<TakeBack>
  readonly rules?: SetRules
  readonly log: Log
}

export class ModuleBackend implements Backend {
  readonly name: string
  readonly module: MibModule
  readonly objects: readonly ServedObject[]
  readonly #options: ModuleBackendOptions
  readonly #unkept: Unkept
  #running = new AbortController()

  constructor(module: MibModule, options: ModuleBackendOptions) {
    this.name = module.name
    this.module = module
    this.objects = module.tables.flatMap(({ table }) => table.objects)
    this.#options = options
    const { log, persist = async () => async () => {} } = options
    this.#unkept = new Unkept({ log, persist })
  }

  async start(host: ModuleHost): Promise<void> {
    // Generators end with the module, which may be started again, or with the host.
    this.#running = new AbortController()
    const signal = AbortSignal.any([host.signal, this.#running.signal])
    this.#unkept.start(host.clock)
    await this.module.start?.({ ...host, signal })
    for (const serving of this.module.tables) {
      const { generate } = serving.handlers
      if (generate) await runGenerator(serving.table, generate, { ...host, signal })
    }
  }

  async stop(): Promise<void> {
    this.#running.abort()
    this.#unkept.stop()
    await this.module.stop?.()
  }

  prepareSet(varbinds: readonly SetVarbind[], requester?: Principal): SetPart {
    return new ModuleSet(this.module, varbinds, requester, { ...this.#options, unkept: this.#unkept })
  }
}

interface Committed {
  readonly plan: RowPlan
  effects: Effects | undefined
}

interface ModuleSetOptions extends ModuleBackendOptions {
  readonly unkept: Unkept
}

class ModuleSet implements SetPart {
  readonly #module: MibModule
  readonly #varbinds: readonly SetVarbind[]
  readonly #requester: Principal | undefined
  readonly #options: ModuleSetOptions
  #plans: readonly RowPlan[] = []
  readonly #committed: Committed[] = []
  /** What takes back what is durable of it, if anything is; undefined before persisting began. */
  #takesBack: Promise<TakeBack | undefined> | undefined

  constructor(
    module: MibModule,
    varbinds: readonly SetVarbind[],
    requester: Principal | undefined,
    options: ModuleSetOptions,
  ) {
    this.#module = module
    this.#varbinds = varbinds
    this.#requester = requester
    this.#options = options
  }

  test(): SetFailure | undefined {
    const rules = this.#options.rules ?? { commandsWritable: false }
    const planned = planSet(this.#module.tables, this.#varbinds, rules, this.#requester)
    if ('status' in planned) return planned
    const refused = this.#module.test?.(planned.map(changeOf))
    if (refused) return { status: refused, position: planned[0]?.position ?? 1 }
    this.#plans = planned
    return undefined
  }

  async commit(): Promise<SetFailure | undefined> {
    for (const plan of this.#plans) {
      try {
        const { table, handlers } = plan.serving
        const committed: Committed = { plan, effects: undefined }
        this.#committed.push(committed)
        if (plan.after) table.putAny(plan.after)
        else table.deleteAny(plan.instance)
        const { before, after, changes } = plan
        const change = { before, after, changes, requester: this.#requester }
        committed.effects = handlers.commit?.(change)
      } catch (error) {
        this.#options.log.error('a module failed to commit a set', { module: this.#module.name, error })
        return { status: 'commitFailed', position: plan.position }
      }
    }
    const changes = this.#plans.map(changeOf)
    const persisting = this.#options.persist?.(changes)
    if (!persisting) return undefined
    this.#takesBack = persisting.catch((error: unknown) =>
      error instanceof PartlyPersistedError ? () => Promise.reject(error) : undefined,
    )
    try {
      await persisting
    } catch (error) {
      if (this.#plans.every((plan) => this.#actsUnkept(plan))) {
        const { log, unkept } = this.#options
        log.error('a set takes effect and cannot be kept on disk yet', { module: this.#module.name, error })
        unkept.add(this.#plans)
        return undefined
      }
      this.#options.log.error('a set could not be made durable and is undone', { module: this.#module.name, error })
      return { status: 'commitFailed', position: this.#plans[0]?.position ?? 1 }
    }
    return undefined
  }

  #actsUnkept({ serving, before, after, changes }: RowPlan): boolean {
    return serving.handlers.actsUnkept?.({ before, after, changes, requester: this.#requester }) ?? false
  }

  async undo(): Promise<boolean> {
    let isUndone = true
    for (const { plan, effects } of this.#committed.toReversed()) {
      try {
        effects?.undo?.()
        if (plan.before) plan.serving.table.putAny(plan.before)
        else plan.serving.table.deleteAny(plan.instance)
      } catch (error) {
        isUndone = false
        this.#options.log.error('a set could not be undone', { module: this.#module.name, error })
      }
    }
    // What is not durable needs no file to be written again: that would fail as the commit did.
    const takeBack = await this.#takesBack
    try {
      await takeBack?.()
    } catch (error) {
      isUndone = false
      this.#options.log.error('a set could not be undone in its files', { module: this.#module.name, error })
    }
    return isUndone
  }

  finish(): void {
    for (const { effects } of this.#committed) {
      try {
        effects?.finish?.()
      } catch (error) {
        this.#options.log.error('a module failed to finish a set', { module: this.#module.name, error })
      }
    }
  }
}

function changeOf({ serving, before, after }: RowPlan): RowChange {
  return { definition: serving.table.definition, before, after }
}
