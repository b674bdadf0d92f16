/** Keeps the history beside the agent's log: an inform is a hint to look, and so is a while without one. */
import { messageOf } from '../../lib/errors.ts'
import type { Log } from '../../lib/log/log.ts'
import type { Names } from '../../lib/mib/names.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import type { EventHistory } from '../history/events.ts'
import { isLogged, type LogAgent, readLogAfter } from './log-reader.ts'

export interface CollectorOptions {
  readonly agent: LogAgent
  readonly history: EventHistory
  readonly names: Names
  readonly clock: Clock
  readonly log: Log
  /** New ones are in the history. */
  readonly onEvents: () => void
  /** Whether the agent answered, whenever that changes. */
  readonly onAgent: (answers: boolean) => void
}

/** An inform may be lost, and the agent may notify of nothing for long. */
const lookEveryMs = 15_000
/** What comes together is read together. */
const gatherMs = 50

export class Collector {
  readonly #options: CollectorOptions
  #timer: Timer | undefined
  #gathering: Timer | undefined
  #reading: Promise<void> | undefined
  #isHinted = false
  #isStopped = false
  #answers: boolean | undefined

  constructor(options: CollectorOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = this.#options.clock.every(lookEveryMs, () => this.hint())
    this.hint()
  }

  /** There may be something new. */
  hint(): void {
    if (this.#isStopped) return
    this.#isHinted = true
    this.#gathering ??= this.#options.clock.after(gatherMs, () => {
      this.#gathering = undefined
      this.#reading ??= this.#readAll().finally(() => {
        this.#reading = undefined
        if (this.#isHinted) this.hint()
      })
    })
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    this.#gathering?.cancel()
    await this.#reading
  }

  async #readAll(): Promise<void> {
    const { agent, history, log } = this.#options
    this.#isHinted = false
    try {
      const before = history.lastIndex
      await this.#read(before)
      // Nothing newer, and not even the last one: the log is another one, whose indexes are lower.
      if (before > 0 && history.lastIndex === before && !(await isLogged(agent, before)) && (await this.#isLower())) {
        log.notice('the notification log of the agent begins again; it is read from its start', { lastIndex: before })
        history.startOver()
        await this.#read(0)
      }
      this.#setAnswers(true)
    } catch (error) {
      if (this.#answers !== false) log.warn('the agent does not say what was notified', { error: messageOf(error) })
      this.#setAnswers(false)
    }
  }

  async #read(from: number): Promise<void> {
    const { agent, history, names, onEvents } = this.#options
    for await (const page of readLogAfter(agent, from, names)) {
      if (this.#isStopped) return
      if (history.add(page) > 0) onEvents()
    }
  }

  /** Whether anything is logged at all: what aged out leaves an empty log, and its indexes go on. */
  async #isLower(): Promise<boolean> {
    const { agent, names } = this.#options
    for await (const page of readLogAfter(agent, 0, names)) return page.length > 0
    return false
  }

  #setAnswers(answers: boolean): void {
    if (this.#answers === answers) return
    this.#answers = answers
    this.#options.onAgent(answers)
  }
}
