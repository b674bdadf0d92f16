/** Looks at the other nodes from time to time: whether they take tasks, and what they have registered. */
import { NodeError, type NodeReport, type NodeSettings } from '../../lib/backup/node.ts'
import { messageOf } from '../../lib/errors.ts'
import type { Log } from '../../lib/log/log.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import { type NodeRow, type NodeTable, nodeSettingsOf } from './node-table.ts'
import type { Registrations } from './registrations.ts'

/** Rejects with NodeError. */
export type AskNode = (node: NodeSettings, signal: AbortSignal) => Promise<NodeReport>

export interface NodesOptions {
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  readonly table: NodeTable
  readonly registrations: Registrations
  readonly ask: AskNode
}

/** A node that was away is found again without anybody asking. */
const lookEveryMs = 15 * 60_000

export class Nodes {
  readonly #options: NodesOptions
  readonly #timer: Timer
  /** One after the other: each is asked by a program of its own. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: NodesOptions) {
    this.#options = options
    this.#timer = options.clock.every(lookEveryMs, () => this.lookAtAll())
  }

  stop(): void {
    this.#timer.cancel()
  }

  lookAtAll(): void {
    for (const row of this.#options.table.active) this.lookAt(row)
  }

  lookAt(row: NodeRow): void {
    this.#last = this.#last.then(() => this.#look(row))
  }

  forget({ drsNodeIndex }: NodeRow): void {
    this.#options.registrations.forgetNode(drsNodeIndex)
  }

  async #look(row: NodeRow): Promise<void> {
    const { clock, log, signal, table, registrations } = this.#options
    if (signal.aborted) return
    const found = await this.#ask(row)
    // It may have been removed meanwhile.
    if (signal.aborted || !table.show(row, found, new Date(clock.now()))) return
    if (found instanceof NodeError) {
      registrations.lose(row.drsNodeIndex)
      log.warn('a node takes no backup tasks', { node: row.drsNodeName, error: found.message })
    } else registrations.showNode(row.drsNodeIndex, found)
  }

  async #ask(row: NodeRow): Promise<NodeReport | NodeError> {
    const { ask, signal } = this.#options
    try {
      return await ask(nodeSettingsOf(row), signal)
    } catch (error) {
      if (error instanceof NodeError) return error
      return new NodeError('unreachable', `cannot ask ${row.drsNodeName}: ${messageOf(error)}`, { cause: error })
    }
  }
}
