/** All runs of all launches: numbered, bounded in number, forgotten when their time is over. Knows nothing of SNMP. */

import type { Log } from '../../lib/log/log.ts'
import type { Leader } from '../../lib/proc/session.ts'
import type { Launcher } from '../../lib/program/launcher.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { Countdown } from './countdown.ts'
import type { Leftovers } from './leftovers.ts'
import type { Report } from './output.ts'
import { type RunOrder, ScriptRun } from './run.ts'

/** Which launch a run is of: smLaunchOwner and smLaunchName. */
export interface LaunchId {
  readonly owner: string
  readonly name: string
}

export interface LaunchedRun {
  readonly launch: LaunchId
  /** smRunIndex */
  readonly index: number
  readonly run: ScriptRun
  /** How long it is remembered when it is over. */
  readonly expireTime: Countdown
}

export interface RunsEvents {
  changed(launched: LaunchedRun): void
  reported(launched: LaunchedRun, kind: Report['kind']): void
  ended(launched: LaunchedRun): void
  forgotten(launched: LaunchedRun): void
  /** smLaunchMaxCompleted of a launch. */
  maxCompleted(launch: LaunchId): number
}

export interface RunsOptions {
  readonly clock: Clock
  readonly log: Log
  readonly environment: Readonly<Record<string, string>>
  readonly leftovers: Leftovers
  readonly launcher: Launcher
  readonly events: RunsEvents
}

/** However much the launches allow: the machine has other things to do, and memory is finite. */
export const maxRunningTotal = 32
const maxCompletedTotal = 1000
const maxIndex = 0x7fff_ffff
const stopWithinMs = 2000

interface Kept extends LaunchedRun {
  /** It is forgotten as soon as it is over. */
  isDismissed: boolean
  leader: Leader | undefined
}

export class Runs {
  readonly #options: RunsOptions
  /** In the order of their start. */
  #runs: Kept[] = []
  readonly #lastIndexes = new Map<string, number>()
  #onAllOver = (): void => {}

  constructor(options: RunsOptions) {
    this.#options = options
  }

  of(launch: LaunchId): LaunchedRun[] {
    return this.#of(launch)
  }

  #of({ owner, name }: LaunchId): Kept[] {
    return this.#runs.filter(({ launch }) => launch.owner === owner && launch.name === name)
  }

  find(launch: LaunchId, index: number): LaunchedRun | undefined {
    return this.of(launch).find((launched) => launched.index === index)
  }

  runningOf(launch: LaunchId): number {
    return this.of(launch).filter(({ run }) => !run.isOver).length
  }

  get running(): number {
    return this.#runs.filter(({ run }) => !run.isOver).length
  }

  /** An index that no run of this launch has; another one each time. */
  nextIndex(launch: LaunchId): number {
    const key = `${launch.owner}\0${launch.name}`
    const used = new Set(this.of(launch).map(({ index }) => index))
    let index = this.#lastIndexes.get(key) ?? 0
    do index = index === maxIndex ? 1 : index + 1
    while (used.has(index))
    this.#lastIndexes.set(key, index)
    return index
  }

  start(launch: LaunchId, index: number, order: RunOrder, expireTicks: number): void {
    const { clock, log, environment, launcher, leftovers, events } = this.#options
    const run = new ScriptRun(order, {
      clock,
      log,
      environment,
      launcher,
      events: {
        changed: () => events.changed(kept),
        reported: (_, kind) => events.reported(kept, kind),
        began: (_, leader) => {
          kept.leader = leader
          try {
            leftovers.remember(leader)
          } catch (error) {
            log.warn('a run could not be written down: if the subagents are killed, nobody ends it', { error })
          }
        },
        ended: () => this.#ended(kept),
      },
    })
    const expireTime = new Countdown(clock, expireTicks, () => this.#forget(kept))
    const kept: Kept = { launch, index, run, expireTime, isDismissed: false, leader: undefined }
    this.#runs.push(kept)
    log.info('a script is started', { ...wordsFor(kept), script: order.program.name })
    events.changed(kept)
    run.start()
  }

  /** Forgets the oldest of a launch's runs that are over, until there are no more than it may keep. */
  trim(launch: LaunchId): void {
    const over = this.of(launch).filter(({ run }) => run.isOver)
    this.#forgetOldest(over, this.#options.events.maxCompleted(launch))
  }

  /** Ends the runs of a launch that is no more, or disabled, and forgets them. */
  dismiss(launch: LaunchId): void {
    for (const launched of this.#of(launch)) {
      launched.isDismissed = true
      launched.run.abort({ exitCode: 'halted', sentence: 'its launch was disabled or taken away' })
      if (launched.run.isOver) this.#forget(launched)
    }
  }

  /** Kills all that runs, and resolves when nothing of it is left. */
  async stop(): Promise<void> {
    if (this.running === 0) return
    const over = new Promise<void>((resolve) => {
      this.#onAllOver = resolve
      this.#options.clock.after(stopWithinMs, resolve)
    })
    for (const { run } of this.#runs) run.kill()
    await over
  }

  #ended(kept: Kept): void {
    const { log, events, leftovers } = this.#options
    const { run, launch } = kept
    if (kept.leader) leftovers.forget(kept.leader)
    const fields = { ...wordsFor(kept), exitCode: run.exitCode }
    if (run.exitCode === 'noError') log.info('a script ended', fields)
    else log.notice('a script ended', { ...fields, sentence: run.error })
    events.ended(kept)
    if (this.running === 0) this.#onAllOver()
    kept.expireTime.go()
    if (kept.isDismissed) this.#forget(kept)
    this.trim(launch)
    this.#forgetOldest(
      this.#runs.filter((other) => other.run.isOver),
      maxCompletedTotal,
    )
  }

  #forgetOldest(over: readonly LaunchedRun[], keep: number): void {
    const byEnd = over.toSorted((a, b) => a.run.endedMs - b.run.endedMs)
    for (const launched of byEnd.slice(0, Math.max(0, byEnd.length - keep))) this.#forget(launched)
  }

  #forget(launched: LaunchedRun): void {
    if (!this.#runs.some((kept) => kept === launched)) return
    launched.expireTime.hold()
    this.#runs = this.#runs.filter((kept) => kept !== launched)
    this.#options.events.forgotten(launched)
  }
}

function wordsFor({ launch, index }: LaunchedRun): { launch: string; run: number } {
  return { launch: `${launch.owner}/${launch.name}`, run: index }
}
