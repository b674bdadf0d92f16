/** Several rows at once: they begin in the order of critAppStartOrder, and stop in its reverse. */
import type { Clock, Timer } from '../../../lib/time/clock.ts'
import type { Entry } from './entry.ts'
import { actInOrder } from './order.ts'
import type { Reconciler } from './reconciler.ts'

interface Turn {
  act(entry: Entry): void
  /** Those of the next number wait for it. */
  isOnItsWay(entry: Entry): boolean
  isDue(entry: Entry): boolean
}

export class Sequence {
  readonly #clock: Clock
  readonly #reconciler: Pick<Reconciler, 'begin' | 'setAdminStatus'>
  readonly #waiting: Timer[] = []
  readonly #pending = new Set<Entry>()

  constructor(clock: Clock, reconciler: Pick<Reconciler, 'begin' | 'setAdminStatus'>) {
    this.#clock = clock
    this.#reconciler = reconciler
  }

  begin(entries: readonly Entry[]): void {
    this.#inOrder(entries, 'ascending', {
      act: (entry) => this.#reconciler.begin(entry),
      isOnItsWay: ({ shown }) => shown.state === 'starting' || shown.state === 'unknown',
      // It may have been set up or down by somebody while it waited.
      isDue: ({ shown }) => shown.state === 'unknown',
    })
  }

  /** As their rows have it now: those that go before those that come. */
  set(entries: readonly Entry[]): void {
    this.#set(entries, 'down')
    this.#set(entries, 'up')
  }

  /** Its turn is still to come. */
  isPending(entry: Entry): boolean {
    return this.#pending.has(entry)
  }

  end(): void {
    this.#pending.clear()
    for (const timer of this.#waiting.splice(0)) timer.cancel()
  }

  #set(entries: readonly Entry[], adminStatus: 'up' | 'down'): void {
    const wanted = entries.filter(({ shown }) => shown.spec.adminStatus === adminStatus)
    this.#inOrder(wanted, adminStatus === 'up' ? 'ascending' : 'descending', {
      act: (entry) => this.#reconciler.setAdminStatus(entry, adminStatus),
      isOnItsWay: ({ shown }) => shown.state === (adminStatus === 'up' ? 'starting' : 'stopping'),
      isDue: ({ shown }) => shown.spec.adminStatus === adminStatus,
    })
  }

  #inOrder(entries: readonly Entry[], direction: 'ascending' | 'descending', turn: Turn): void {
    if (entries.length === 0) return
    for (const entry of entries) this.#pending.add(entry)
    const timer = actInOrder(entries, {
      clock: this.#clock,
      direction,
      orderOf: ({ shown }) => shown.spec.startOrder,
      act: (entry) => turn.act(entry),
      isOnItsWay: (entry) => !entry.hasLeft && turn.isOnItsWay(entry),
      isDue: (entry) => {
        this.#pending.delete(entry)
        return !entry.hasLeft && turn.isDue(entry)
      },
    })
    if (timer) this.#waiting.push(timer)
  }
}
