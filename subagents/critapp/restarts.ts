/** What follows the end of a process, or a start that failed: what is said of it, and whether and when it starts again. */
import { lastLines } from '../../lib/program/last-words.ts'
import { formatSeconds } from '../../lib/text/text.ts'
import type { Context } from './context.ts'
import { type ExitStatus, isFailure } from './exit-status.ts'
import type { Entry } from './process.ts'
import { killGroup } from './signal.ts'
import { describeRecent } from './storm.ts'

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

/** What is missing to start anything, descriptors, processes or memory, may come back soon. */
const wantRetryMs = 2000
/** So many lines of what it printed last go to the log. */
const keptLines = 20

export class Restarts {
  readonly #context: Context
  readonly #events: RestartEvents

  constructor(context: Context, events: RestartEvents) {
    this.#context = context
    this.#events = events
  }

  ended(entry: Entry, exitStatus: ExitStatus): void {
    const { code, signal, how } = exitStatus
    const { clock, events, log } = this.#context.options
    const { spec, state } = entry.shown
    const { failureReason } = entry
    // A graceful command may itself stop the process and start it again.
    const isGraceful = entry.graceful !== 'idle' && !isFailure(exitStatus)
    const wasTold = (state === 'stopping' || isGraceful) && failureReason === undefined
    // As long as nobody starts it again, it stays as the order has it.
    const isOrdered = !wasTold && exitStatus.isOrdered === true && failureReason === undefined
    if (isOrdered) entry.isGivenUp = true
    this.#forgetProcess(entry)
    const output = wasTold || isOrdered ? [] : lastLines(this.#context.outputPath(spec), keptLines)
    const plan = wasTold || isOrdered ? undefined : this.#plan(entry, spec.restartOnExit || failureReason !== undefined)
    const why = failureReason === undefined ? how : `was stopped: ${failureReason.reason}`
    const said = failureReason?.said ?? ''
    const next = isOrdered ? '; it is not started again before somebody starts its unit or sets it up' : plan?.words
    const sentence = `${spec.name} ${wasTold ? `${how}, as requested` : `${why}${next ?? ''}`}`
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
    this.#context.complain(entry, wasTold ? '' : sentence, said)
    this.#context.move(entry, 'exited')
    const { name } = spec
    log.notice('a process ended', {
      name,
      sentence,
      ...(said === '' ? {} : { said }),
      ...(output.length > 0 ? { output: output.join('\n') } : {}),
    })
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

  /**
   * The start of a row failed; that was said already. Where the machine had nothing left to start it with, that says nothing of
   * the process: it is tried again whatever the row says of restarts, and does not count among them.
   */
  startFailed(entry: Entry, isForWant: boolean): void {
    if (!isForWant) this.#retry(entry, this.#plan(entry, entry.shown.spec.restartOnExit))
    else if (this.#events.isAtWork() && entry.shown.spec.adminStatus === 'up')
      this.#retry(entry, { delayMs: wantRetryMs, words: '' })
  }

  #forgetProcess(entry: Entry): void {
    entry.round++
    entry.timer?.cancel()
    entry.monitor?.stop()
    entry.monitor = undefined
    entry.failureReason = undefined
    entry.formerGroup = entry.identity && entry.leads ? entry.identity.pid : undefined
    if (entry.formerGroup !== undefined) this.#killGroup(entry.formerGroup)
    entry.identity = undefined
    entry.child = undefined
    const { unit } = entry.shown.spec
    if (unit !== '') this.#context.units.forget(unit)
  }

  #killGroup(groupId: number): void {
    const { spare, options } = this.#context
    try {
      spare.retry(() => killGroup(groupId))
    } catch (error) {
      options.log.warn('cannot look whether a process left others behind, which go on then', { groupId, error })
    }
  }

  /** When the next start is due, or that there are too many; nothing where no restart is wanted. */
  #plan({ history, shown }: Entry, isWished: boolean): Plan | undefined {
    const { spec } = shown
    if (!this.#events.isAtWork() || spec.adminStatus !== 'up' || !isWished) return undefined
    const { maxRestarts, restartWindowMs: windowMs, restartIntervalMs: intervalMs } = spec
    const rules = { intervalMs, maxRestarts, windowMs }
    const now = this.#context.options.clock.monotonicMs()
    const recent = describeRecent(history.recent(now, rules) + 1, windowMs)
    const delayMs = history.next(now, rules)
    if (delayMs === undefined)
      return { delayMs, words: `${recent}; it is not started again before somebody sets it up` }
    return { delayMs, words: `${recent}, next try in ${formatSeconds(delayMs)}` }
  }

  #retry(entry: Entry, plan: Plan | undefined): void {
    if (!plan) return
    const { clock, log, events } = this.#context.options
    if (plan.delayMs === undefined) {
      const sentence = `${entry.shown.spec.name} ended too often${plan.words}`
      entry.isGivenUp = true
      this.#context.move(entry, 'tooOften')
      this.#context.complain(entry, sentence)
      log.error('a process ended too often', { name: entry.shown.spec.name, sentence })
      events.failed(entry.shown, sentence)
      return
    }
    this.#context.move(entry, 'retry')
    entry.timer = clock.after(plan.delayMs, () => {
      if (entry.shown.state === 'restartWait') this.#events.due(entry)
    })
  }
}
