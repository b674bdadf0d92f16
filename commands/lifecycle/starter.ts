/** Starts the daemons of a home, starts again the one that ends, and stops them: what `castellan start` is. */

import { RefusedError } from '../../lib/cli/exit-codes.ts'
import { HomeError } from '../../lib/home/home.ts'
import {
  type Child,
  companions,
  type HomeHost,
  type Lock,
  lookEveryMs,
  type OwnDaemon,
  ownDaemons,
  type SipdChoice,
  until,
} from './host.ts'
import { endProcesses, unknownHolder } from './stop-home.ts'

export const startWithinMs = 15_000
const holderStopsWithinMs = 90_000
/** How a daemon ends that refuses its files. */
const refused = 4
const firstRestartMs = 500
const longestRestartMs = 30_000
/** A daemon that lived this long was well: its next end is answered at once again. */
const wellAfterMs = 60_000

/** Asked to stop while it was still starting. */
export class Interrupted extends Error {}

/** What is to be done at the turns of a starter's life; the lock is held during each. */
export interface StarterEvents {
  /** Before anything is started. */
  locked?(): Promise<void>
  /** All daemons serve. */
  serving?(): Promise<void>
  /** Nothing runs any more. */
  stopped?(): Promise<void>
}

export class Starter {
  readonly #host: HomeHost
  readonly #say: (sentence: string) => void
  #sipd: SipdChoice | undefined
  #request: () => void = () => {}
  readonly #requested: Promise<void>

  constructor(host: HomeHost, say: (sentence: string) => void) {
    this.#host = host
    this.#say = say
    this.#requested = new Promise((resolve) => {
      this.#request = resolve
    })
  }

  /** Ends `run`, at whatever point it is. The first choice counts. */
  stop(sipd: SipdChoice): void {
    this.#sipd ??= sipd
    this.#request()
  }

  /**
   * Takes the lock of the home and holds it to the end. Resolves when it was stopped and nothing runs. Throws when the home is held or run by others (HomeError), when a daemon does not serve, with its
   * own words, or Interrupted; nothing that it started runs then.
   */
  async run(events: StarterEvents = {}): Promise<void> {
    const lock = await this.#takeLock()
    try {
      await events.locked?.()
      await this.#takeOver()
      await this.#serve(lock, events)
    } finally {
      lock.release()
    }
  }

  async #serve(lock: Lock, events: StarterEvents): Promise<void> {
    const hadSipd = this.#host.processes().some(({ part }) => part === 'sipd')
    const children = new Map<OwnDaemon, Child>()
    const kept: Promise<void>[] = []
    try {
      for (const name of ownDaemons) children.set(name, await this.#launch(name))
      // They are of use only beside daemons that serve, and none is waited for.
      for (const name of companions) kept.push(this.#keep(name, undefined))
      await events.serving?.()
    } catch (error) {
      lock.setPhase('stopping')
      // A sipd that ran before has calls of its own.
      this.stop(hadSipd ? 'keep sipd' : 'stop sipd')
      await Promise.all(kept)
      await endProcesses(this.#host, this.#sipd ?? 'stop sipd')
      throw error
    }
    lock.setPhase('serving')
    await Promise.all([...[...children].map(([name, child]) => this.#keep(name, child)), ...kept])
    lock.setPhase('stopping')
    await endProcesses(this.#host, this.#sipd ?? 'stop sipd')
    await events.stopped?.()
  }

  /** Waits for a command that is stopping the home; one that starts or runs it keeps the lock. */
  async #takeLock(): Promise<Lock> {
    const deadline = this.#host.nowMs() + holderStopsWithinMs
    for (;;) {
      if (this.#sipd) throw new Interrupted('interrupted, and nothing was started')
      const lock = this.#host.tryLock('starting')
      if (lock) return lock
      const holder = this.#host.holder()
      if (holder?.phase === 'serving') throw new HomeError(`runs already, as PID ${holder.pid}`)
      if (holder?.phase === 'starting') throw new HomeError(`is being started already, by PID ${holder.pid}`)
      if (this.#host.nowMs() > deadline)
        throw new Error(
          holder
            ? `PID ${holder.pid} is stopping it, and does not come to an end`
            : `cannot be started: ${unknownHolder}`,
        )
      await this.#pause(lookEveryMs)
    }
  }

  /** With the lock in hand no starter lives: daemons of one that was killed are replaced, and sipd goes on. */
  async #takeOver(): Promise<void> {
    const running = this.#host.processes().filter(({ part }) => part !== 'sipd' && part !== 'sip')
    const other = running.find(({ isOfStarter }) => !isOfStarter)
    if (other) {
      const advice = other.unit ? `systemctl stop ${other.unit}` : 'castellan stop'
      throw new HomeError(
        `cannot be started: its ${other.part} runs already, as PID ${other.pid}, and castellan start did not start it; to stop it, run: ${advice}`,
      )
    }
    if (running.length === 0) return
    const list = running.map(({ part, pid }) => `${part} (PID ${pid})`).join(' and ')
    this.#say(`${list} had lost the castellan start that kept them, and is started again`)
    await endProcesses(this.#host, 'keep sipd')
  }

  /** Resolves when it serves; throws with its own words when it does not, and it does not run then. */
  async #launch(name: OwnDaemon): Promise<Child> {
    const host = this.#host
    if (this.#sipd) throw new Interrupted('interrupted, and what it had started is stopped')
    const child = host.spawn(name)
    const deadline = host.nowMs() + startWithinMs
    let isUnknown = false
    const serves = (): boolean => {
      try {
        isUnknown = false
        return host.serving(name) === child.pid
      } catch {
        isUnknown = true // no descriptor is left to look with, or /proc hides it
        return false
      }
    }
    while (!serves()) {
      if (this.#sipd) throw new Interrupted('interrupted, and what it had started is stopped')
      if (child.end) {
        const words = child.end.words || `the ${name} ${child.end.how}`
        throw child.end.exitCode === refused ? new RefusedError(words) : new Error(words)
      }
      if (host.nowMs() > deadline) {
        // It runs, and is not ended because nobody can tell whether it serves.
        if (isUnknown) return child
        host.signal(child, 'SIGKILL')
        await until(host, () => child.end !== undefined, startWithinMs)
        throw new Error(`the ${name} did not serve within ${startWithinMs / 1000} s; see logs/${name}/${name}.log`)
      }
      await Promise.race([this.#pause(lookEveryMs), child.ended])
    }
    return child
  }

  /** Starts a daemon again whenever it ends; one that ends again and again, ever later. Resolves when asked to stop. */
  async #keep(name: OwnDaemon, first: Child | undefined): Promise<void> {
    let child = first
    let isFirst = first === undefined
    let delayMs = 0
    while (!this.#sipd) {
      if (child) {
        const startedMs = this.#host.nowMs()
        await Promise.race([child.ended, this.#requested])
        if (this.#sipd) return
        const isWell = this.#host.nowMs() - startedMs > wellAfterMs
        delayMs = isWell ? firstRestartMs : Math.min(delayMs * 2 || firstRestartMs, longestRestartMs)
        this.#say(`the ${name} ${child.end?.how ?? 'ended'}; it is started again in ${delayMs / 1000} s`)
      }
      await this.#pause(delayMs)
      if (this.#sipd) return
      child = await this.#launch(name).catch((error: Error) => {
        delayMs = Math.min((delayMs || firstRestartMs) * 2, longestRestartMs)
        if (!this.#sipd) this.#say(`the ${name} does not start: ${error.message}; next try in ${delayMs / 1000} s`)
        return undefined
      })
      if (child && !isFirst) this.#say(`the ${name} runs again`)
      isFirst = false
    }
  }

  async #pause(ms: number): Promise<void> {
    await Promise.race([this.#host.pause(ms), this.#requested])
  }
}
