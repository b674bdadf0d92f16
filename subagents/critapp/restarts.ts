/** What follows the end of a process, or a start that failed: what is said of it, and whether and when it starts again. */
import { lastLines } from '../../lib/program/last-words.ts'
import { formatSeconds } from '../../lib/text.ts'
import { type Finding, isFailure } from './inquest.ts'
import type { Entry } from './process.ts'
import { killGroup } from './signal.ts'
import { describeRecent } from './storm.ts'
import type { Surroundings } from './surroundings.ts'

export interface RestartEvents {
  /** Whether anything is to be started at all. */
  isAtWork(): boolean
  /** It ended as it was told to, and was set up meanwhile. */
  wanted(entry: Entry): void
  /** Its delay is over. */
  due(entry: Entry): void
}

/** Undefined: it ended too often. */
interface Plan {
  readonly delayMs: number | undefined
  /** Follows the sentence on its end. */
  readonly words: string
}

/** So many lines of what it printed last go to the log. */
const keptLines = 20

export class Restarts {
  readonly #surroundings: Surroundings
  readonly #events: RestartEvents

  constructor(surroundings: Surroundings, events: RestartEvents) {
    this.#surroundings = surroundings
    this.#events = events
  }

  ended(entry: Entry, finding: Finding): void {
    const { code, signal, how } = finding
    const { clock, events, log } = this.#surroundings.options
    const { spec, state } = entry.shown
    const { sickness } = entry
    // A graceful command may itself stop the process and start it again.
    const isGraceful = entry.graceful !== 'idle' && !isFailure(finding)
    const wasTold = (state === 'stopping' || isGraceful) && sickness === undefined
    this.#forgetProcess(entry)
    const output = wasTold ? [] : lastLines(this.#surroundings.outputPath(spec), keptLines)
    const plan = wasTold ? undefined : this.#plan(entry, spec.restartOnExit || sickness !== undefined)
    const why = sickness === undefined ? how : `was stopped: ${sickness}`
    const sentence = `${spec.name} ${wasTold ? `${how}, as requested` : `${why}${plan?.words ?? ''}`}`
    Object.assign(entry.shown, {
      isUp: false,
      health: 'unknown',
      pid: 0,
      count: 0,
      exits: entry.shown.exits + 1,
      lastExit: new Date(clock.now()),
      lastExitCode: code,
      lastExitSignal: signal,
    })
    this.#surroundings.complain(entry, wasTold ? '' : sentence)
    this.#surroundings.move(entry, 'exited')
    const { name } = spec
    log.notice('a process ended', { name, sentence, ...(output.length > 0 ? { output: output.join('\n') } : {}) })
    events.exited(entry.shown, sentence)
    if (spec.adminStatus !== 'up') return
    if (isGraceful) return // what its command leaves is looked at when that ends
    if (wasTold) this.#events.wanted(entry)
    else this.#retry(entry, plan)
  }

  /** It is down though its row wants it up and restarted: it is as if it had ended now. */
  again(entry: Entry): void {
    this.#retry(entry, this.#plan(entry, true))
  }

  /** The start of a row failed; that was said already. */
  startFailed(entry: Entry): void {
    this.#retry(entry, this.#plan(entry, entry.shown.spec.restartOnExit))
  }

  #forgetProcess(entry: Entry): void {
    entry.round++
    entry.timer?.cancel()
    entry.monitor?.stop()
    entry.monitor = undefined
    entry.sickness = undefined
    entry.formerGroup = entry.identity && entry.leads ? entry.identity.pid : undefined
    if (entry.formerGroup !== undefined) killGroup(entry.formerGroup)
    entry.identity = undefined
    entry.child = undefined
    const { unit } = entry.shown.spec
    if (unit !== '') this.#surroundings.units.forget(unit)
  }

  /** When the next start is due, or that there are too many; nothing where a restart is not wished. */
  #plan({ history, shown }: Entry, isWished: boolean): Plan | undefined {
    const { spec } = shown
    if (!this.#events.isAtWork() || spec.adminStatus !== 'up' || !isWished) return undefined
    const { maxRestarts, restartWindowMs: windowMs, restartIntervalMs: intervalMs } = spec
    const rules = { intervalMs, maxRestarts, windowMs }
    const now = this.#surroundings.options.clock.monotonicMs()
    const recent = describeRecent(history.recent(now, rules) + 1, windowMs)
    const delayMs = history.next(now, rules)
    if (delayMs === undefined)
      return { delayMs, words: `${recent}; it is not started again before somebody sets it up` }
    return { delayMs, words: `${recent}, next try in ${formatSeconds(delayMs)}` }
  }

  #retry(entry: Entry, plan: Plan | undefined): void {
    if (!plan) return
    const { clock, log, events } = this.#surroundings.options
    if (plan.delayMs === undefined) {
      const sentence = `${entry.shown.spec.name} ended too often${plan.words}`
      entry.isGivenUp = true
      this.#surroundings.move(entry, 'tooOften')
      this.#surroundings.complain(entry, sentence)
      log.error('a process ended too often', { name: entry.shown.spec.name, sentence })
      events.failed(entry.shown, sentence)
      return
    }
    this.#surroundings.move(entry, 'retry')
    entry.timer = clock.after(plan.delayMs, () => {
      if (entry.shown.state === 'restartWait') this.#events.due(entry)
    })
  }
}
