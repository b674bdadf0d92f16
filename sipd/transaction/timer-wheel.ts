/** Timers by the hundred thousand: set and cancelled in constant time, due to the nearest tick, never early. */
import type { Clock, Timer as ClockTimer } from '../../lib/time/clock.ts'

/** What owns timers; told which of them is due. */
export interface TimerOwner<Name extends string = string> {
  onTimer(name: Name): void
}

/** One timer of an owner; it is set and cancelled as often as one likes. */
export class WheelTimer<Name extends string = string> {
  readonly owner: TimerOwner<Name>
  readonly name: Name
  previous: WheelTimer<Name> | undefined
  next: WheelTimer<Name> | undefined
  /** Undefined while it is not set. */
  slot: Slot | undefined
  dueTick = 0

  constructor(owner: TimerOwner<Name>, name: Name) {
    this.owner = owner
    this.name = name
  }

  get isSet(): boolean {
    return this.slot !== undefined
  }

  cancel(): void {
    const { slot, previous, next } = this
    if (!slot) return
    if (previous) previous.next = next
    else slot.first = next
    if (next) next.previous = previous
    this.slot = undefined
    this.previous = undefined
    this.next = undefined
  }
}

interface Slot {
  // The wheel does not care whose names the timers have.
  // biome-ignore lint/suspicious/noExplicitAny: timers of owners with different names share the slots
  first: WheelTimer<any> | undefined
}

const tickMs = 25
const slotCount = 4096

export class TimerWheel {
  readonly #clock: Clock
  readonly #slots: readonly Slot[] = Array.from({ length: slotCount }, () => ({ first: undefined }))
  readonly #ticking: ClockTimer
  readonly #startMs: number
  #tick = 0
  readonly #onBug: (error: unknown) => void

  /** A timer's owner that throws is told of to `onBug`; the others go on. */
  constructor(clock: Clock, onBug: (error: unknown) => void) {
    this.#clock = clock
    this.#onBug = onBug
    this.#startMs = clock.monotonicMs()
    this.#ticking = clock.every(tickMs, () => this.#advance())
  }

  set<Name extends string>(timer: WheelTimer<Name>, delayMs: number): void {
    timer.cancel()
    const dueTick = Math.max(this.#tick + 1, Math.ceil((this.#clock.monotonicMs() - this.#startMs + delayMs) / tickMs))
    const slot = this.#slots[dueTick % slotCount]!
    timer.dueTick = dueTick
    timer.slot = slot
    timer.next = slot.first
    if (slot.first) slot.first.previous = timer
    slot.first = timer
  }

  stop(): void {
    this.#ticking.cancel()
  }

  #advance(): void {
    const now = Math.floor((this.#clock.monotonicMs() - this.#startMs) / tickMs)
    // After a long pause one turn visits every slot; more turns would find nothing.
    const from = Math.max(this.#tick + 1, now - slotCount + 1)
    this.#tick = now
    for (let tick = from; tick <= now; tick++) {
      const slot = this.#slots[tick % slotCount]!
      for (let timer = slot.first; timer; ) {
        const following: typeof timer | undefined = timer.next
        if (timer.dueTick <= now) {
          timer.cancel()
          this.#fire(timer)
          // What ran may have cancelled the one that follows: begin again with those still here.
          timer = following?.slot === slot ? following : firstDue(slot, now)
        } else timer = following
      }
    }
  }

  #fire(timer: WheelTimer): void {
    try {
      timer.owner.onTimer(timer.name)
    } catch (error) {
      this.#onBug(error)
    }
  }
}

function firstDue(slot: Slot, now: number): WheelTimer | undefined {
  for (let timer = slot.first; timer; timer = timer.next) if (timer.dueTick <= now) return timer
  return undefined
}
