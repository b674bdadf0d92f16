/** Stopping one process: its command or SIGTERM, and SIGKILL to its whole group when its time is over. */
import { ageMs, type ProcessStat } from '../../lib/proc/process.ts'
import { terminateCommandOf } from './commands.ts'
import type { Context } from './context.ts'
import { isControlScript } from './control-script.ts'
import type { ExitStatus } from './exit-status.ts'
import { isNamed } from './find.ts'
import { type Entry, liveChild } from './process.ts'
import { runToEnd, supervisedBy } from './run.ts'
import { signalProcess } from './signal.ts'
import { appearWithinMs, lookEveryMs } from './starter.ts'
import { unitKill } from './unit.ts'

export interface StopEvents {
  /** There is nothing to stop: what was to start never appeared. */
  ended(entry: Entry, exitStatus: ExitStatus): void
}

const killWithinMs = 10_000

export class Stopper {
  readonly #context: Context
  readonly #events: StopEvents

  constructor(context: Context, events: StopEvents) {
    this.#context = context
    this.#events = events
  }

  /** Of a process that is known. Its end is seen by the watch. */
  stop(entry: Entry): void {
    const { spare, options } = this.#context
    const { log, clock, systemctl } = options
    const { spec } = entry.shown
    const round = entry.round
    const limitMs = spec.stopTimeoutSeconds * 1000
    const command = terminateCommandOf(spec, systemctl)
    if (!command) this.#signal(entry, 'SIGTERM')
    else
      void runToEnd(command.parsed, {
        limitMs,
        variables: supervisedBy(spec.name, entry.identity),
        spare,
        launcher: this.#context.launcherOf(command),
      }).then((reason) => {
        if (reason === undefined) return
        log.warn('a terminate command failed; sending SIGTERM', { name: spec.name, reason })
        if (entry.round === round) this.#signal(entry, 'SIGTERM')
      })
    entry.timer = clock.after(limitMs, () => {
      if (entry.round !== round || entry.shown.state !== 'stopping') return
      log.warn('a process did not stop in time and is killed', { name: spec.name, seconds: spec.stopTimeoutSeconds })
      this.#kill(entry)
    })
  }

  /**
   * Of one that is about to start: a start command that will leave a daemon behind is let end first, so that there is
   * a process that can be stopped; one that stays in front is the process.
   */
  stopWhatStarts(entry: Entry): void {
    const { round } = entry
    const { clock } = this.#context.options
    const { name, stopTimeoutSeconds } = entry.shown.spec
    const deadline = clock.monotonicMs() + Math.min(stopTimeoutSeconds * 1000, appearWithinMs)
    const look = (): void => {
      if (entry.round !== round || entry.shown.state !== 'stopping') return
      const { child } = entry
      const itself = liveChild(child)
      const real = itself ? ownProcess(itself, name) : this.#context.search(entry).main
      if (real) {
        const known = this.#context.identify(entry, real)
        entry.timer?.cancel()
        this.#context.know(entry, known)
        if (real.pid !== child?.pid) entry.child = undefined
        this.stop(entry)
      } else if (clock.monotonicMs() > deadline) {
        entry.timer?.cancel()
        if (itself) this.#kill(entry)
        else this.#events.ended(entry, { code: -1, signal: 0, how: 'never appeared' })
      }
    }
    entry.timer = clock.every(lookEveryMs, () => this.#context.attempt(look))
    this.#context.attempt(look)
  }

  #kill(entry: Entry): void {
    const { unit } = entry.shown.spec
    const kill = (): void => this.#signal(entry, 'SIGKILL')
    if (unit === '') kill()
    else {
      const { spare, options } = this.#context
      void runToEnd(unitKill(options.systemctl, unit), { limitMs: killWithinMs, spare }).then((reason) => {
        if (reason !== undefined) kill()
      })
    }
  }

  #signal({ identity, child }: Entry, signal: NodeJS.Signals): void {
    const pid = identity?.pid ?? child?.pid
    if (pid === undefined) return
    const { spare, options } = this.#context
    try {
      spare.retry(() => signalProcess(pid, identity, signal))
    } catch (error) {
      options.log.warn('a process could not be signalled', { pid, signal, error })
    }
  }
}

/** A start command is the process if it stays in front; a script that starts the process is let end. */
function ownProcess(child: ProcessStat, name: string): ProcessStat | undefined {
  return isNamed(child, name) && !isControlScript(child, ageMs) ? child : undefined
}
