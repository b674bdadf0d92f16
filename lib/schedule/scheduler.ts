/**
 * Runs schedules when they are due. What was due while nobody was there, while the machine slept or while the run before
 * went on is counted and reported. It takes place late only when it is a few minutes old, since 02:30 was asked for and not
 * noon, or when its schedule says that late is better than never.
 */

import type { Log } from '../log/log.ts'
import type { Clock, Timer } from '../time/clock.ts'
import { isPlausibleTime } from '../time/wall-clock.ts'
import type { Zone } from '../time/zone.ts'
import { missedCountedAtMost, passedUntil } from './passed-runs.ts'
import { repeatedAtMostMs, SavedClock } from './saved-clock.ts'
import {
  newState,
  nextRunOf,
  type RunFailure,
  type Schedule,
  type ScheduleEvent,
  type ScheduleState,
  timingOf,
  transitions,
} from './schedule.ts'
import type { SavedSchedule, ScheduleStore } from './store.ts'

export interface SchedulerOptions {
  readonly clock: Clock
  readonly zone: Zone
  readonly log: Log
  readonly store: ScheduleStore
  /** Does what the schedule is for; undefined when it is done. */
  readonly run: (state: ScheduleState) => Promise<RunFailure | undefined>
  /** Called after the state shows it. */
  readonly events: {
    failed(state: ScheduleState): void
    missed(state: ScheduleState): void
  }
}

/** How late a run by the calendar may be and still take place: a restart costs none, a night without power does. */
export const latestMs = 5 * 60_000
/** After a start nothing runs for so long: subagents are on their way to connect, and what is set may be theirs. */
export const settlingMs = 5000
/** However far away the next run is, the wall clock is looked at this often: it may be set, and the machine may sleep. */
const lookMs = 60_000
/** Periodic schedules that run more often begin again with the agent, and are not written down at each run. */
const keptFromSeconds = 60
const saveAgainMs = 10_000

export class Scheduler {
  readonly #options: SchedulerOptions
  readonly #states = new Map<string, ScheduleState>()
  #saved = new Map<string, SavedSchedule>()
  #savedClock: SavedClock
  #saving: Promise<void> = Promise.resolve()
  #waitingToSave: Promise<void> | undefined
  #isUnsaved = false
  #savingTimer: Timer | undefined
  #timer: Timer | undefined
  #lookedMs = 0
  #startedMonotonicMs = 0
  #isStarted = false

  constructor(options: SchedulerOptions) {
    this.#options = options
    this.#savedClock = new SavedClock(options.clock, 0)
  }

  /** Reads what was saved; schedules that are configured from now on run. */
  async start(): Promise<void> {
    const { clock, log, store } = this.#options
    let savedMs = 0
    try {
      const saved = await store.load()
      this.#saved = new Map(saved?.schedules.map((one) => [one.key, one]))
      savedMs = saved?.savedMs ?? 0
    } catch (error) {
      log.error('when schedules ran last cannot be read; what was missed meanwhile is not known', { error })
    }
    this.#lookedMs = clock.now()
    this.#savedClock = new SavedClock(clock, savedMs)
    this.#startedMonotonicMs = clock.monotonicMs()
    this.#isStarted = true
    this.#arm()
  }

  /** Resolves when no run is on its way to the disk; what is being set is not waited for. */
  async stop(): Promise<void> {
    this.#isStarted = false
    this.#timer?.cancel()
    await this.#save()
  }

  find(key: string): ScheduleState | undefined {
    return this.#states.get(key)
  }

  /** Whether a run, or the note of it, is on its way. */
  get isBusy(): boolean {
    return this.#waitingToSave !== undefined || [...this.#states.values()].some(({ isRunning }) => isRunning)
  }

  /**
   * Takes a schedule, or a change of one; the next run is found again when its timing changed. `isRenewed` enables a
   * finished one again.
   */
  configure(schedule: Schedule, isEnabled: boolean, isRenewed = false): void {
    let state = this.#states.get(schedule.key)
    const timing = timingOf(schedule)
    const isOther = state && state.timing !== timing
    if (!state) {
      state = newState(schedule)
      this.#states.set(schedule.key, state)
      this.#recall(state, isEnabled)
    }
    const isOfOtherType = state.schedule.type !== schedule.type
    Object.assign(state, { schedule, timing })
    if (!isEnabled) this.#enter(state, 'disabled')
    else if (state.status === 'disabled' || isRenewed || isOfOtherType) this.#enter(state, 'enabled')
    if (state.status === 'enabled' && (isOther || state.nextMs === undefined)) this.#plan(state)
    this.#arm()
    void this.#save()
  }

  remove(key: string): void {
    if (!this.#states.delete(key)) return
    this.#arm()
    void this.#save()
  }

  #enter(state: ScheduleState, event: ScheduleEvent): void {
    const next = transitions[state.status][event]
    if (next === undefined) return
    state.status = next
    state.nextMs = undefined
    state.nextMonotonicMs = undefined
    if (next === 'enabled') this.#plan(state)
  }

  /** Finds the next run after now. */
  #plan(state: ScheduleState): void {
    const { clock, zone } = this.#options
    const { type, intervalSeconds } = state.schedule
    if (type === 'periodic') {
      const intervalMs = intervalSeconds * 1000
      state.nextMonotonicMs = intervalMs === 0 ? undefined : clock.monotonicMs() + intervalMs
      state.nextMs = intervalMs === 0 ? undefined : clock.now() + intervalMs
    } else {
      state.nextMonotonicMs = undefined
      state.nextMs = nextRunOf(state.schedule, clock.now(), zone)
    }
  }

  /** Goes on where the agent ended: with a run that was due meanwhile, and without a one-shot that has been. */
  #recall(state: ScheduleState, isEnabled: boolean): void {
    const saved = this.#saved.get(state.schedule.key)
    this.#saved.delete(state.schedule.key)
    if (!saved || !isEnabled || saved.timing !== state.timing) return
    const { clock } = this.#options
    const now = clock.now()
    state.lastMs = saved.lastMs
    this.#enter(state, 'enabled')
    if (saved.isFinished) {
      this.#enter(state, 'oneshotTriggered')
      return
    }
    if (saved.nextMs === undefined || state.nextMs === undefined) return
    // Planned by a clock that was not set yet: it says nothing of what was missed.
    if (this.#savedClock.isBefore(saved.nextMs)) return
    if (state.schedule.type !== 'periodic') {
      if (saved.nextMs <= now || this.#savedClock.isBehind) state.nextMs = saved.nextMs
      return
    }
    const intervalMs = state.schedule.intervalSeconds * 1000
    const leftMs = Math.min(Math.max(saved.nextMs - now, 0), intervalMs)
    const lostRuns = Math.floor((now - saved.nextMs) / intervalMs)
    state.nextMs = now + leftMs
    state.nextMonotonicMs = clock.monotonicMs() + leftMs
    if (lostRuns > 0) this.#missed(state, lostRuns, saved.nextMs + (lostRuns - 1) * intervalMs, 'Castellan did not run')
  }

  #arm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (!this.#isStarted) return
    const { clock } = this.#options
    let waitMs = Number.POSITIVE_INFINITY
    for (const state of this.#states.values()) waitMs = Math.min(waitMs, this.#waitOf(state))
    if (waitMs === Number.POSITIVE_INFINITY) return
    const settleMs = this.#startedMonotonicMs + settlingMs - clock.monotonicMs()
    const delayMs = Math.max(Math.min(Math.max(waitMs, 0), lookMs), settleMs)
    this.#timer = clock.after(Math.ceil(delayMs), () => this.#look())
  }

  #waitOf({ status, schedule, nextMs, nextMonotonicMs }: ScheduleState): number {
    const { clock } = this.#options
    if (status !== 'enabled') return Number.POSITIVE_INFINITY
    if (schedule.type === 'periodic') return (nextMonotonicMs ?? Number.POSITIVE_INFINITY) - clock.monotonicMs()
    return (nextMs ?? Number.POSITIVE_INFINITY) - clock.now()
  }

  #look(): void {
    const now = this.#options.clock.now()
    const backMs = this.#lookedMs - now
    this.#lookedMs = now
    const turn = this.#savedClock.turn(now)
    const isReplanned = backMs > repeatedAtMostMs || turn === 'believed'
    for (const state of [...this.#states.values()]) {
      if (state.status !== 'enabled') continue
      const isPeriodic = state.schedule.type === 'periodic'
      const isPlannedBehind = turn === 'set' && this.#savedClock.isBefore(state.nextMs ?? now)
      if (!isPeriodic && (isReplanned || isPlannedBehind)) this.#plan(state)
      else if (this.#waitOf(state) > 0) continue
      else if (isPeriodic) this.#duePeriodic(state)
      else this.#dueByCalendar(state, now)
    }
    this.#arm()
  }

  #duePeriodic(state: ScheduleState): void {
    const dueMs = this.#options.clock.now()
    // From this run on, not from when it was due: schedInterval is the least that passes between two.
    this.#plan(state)
    if (state.isRunning) this.#missed(state, 1, dueMs, 'the run before had not ended')
    else void this.#run(state)
  }

  #dueByCalendar(state: ScheduleState, now: number): void {
    const { zone } = this.#options
    const { schedule, nextMs = now } = state
    // Planned before the clock was set: nothing was due then, and nothing was missed.
    if (!isPlausibleTime(nextMs)) return this.#plan(state)
    const { dueMs, passed, isMore, passedMs } = passedUntil(now, schedule, nextMs, zone)
    const isLate = now - dueMs > latestMs
    state.nextMs = nextRunOf(schedule, Math.max(now, dueMs), zone)
    if (state.isRunning || (isLate && !schedule.runsLate)) {
      const why = isLate
        ? 'Castellan did not run, the machine slept or its clock was set'
        : 'the run before had not ended'
      this.#missed(state, passed + 1, dueMs, why, isMore)
      return
    }
    if (passed > 0) this.#missed(state, passed, passedMs, 'a later run was due already', isMore)
    if (schedule.type === 'oneshot') this.#enter(state, 'oneshotTriggered')
    void this.#run(state)
  }

  async #run(state: ScheduleState): Promise<void> {
    const { clock, log, run, events } = this.#options
    state.isRunning = true
    state.triggers++
    state.lastMs = clock.now()
    // On disk before it runs: a crash in between costs a run, and never does one twice.
    if (this.#isKept(state)) await this.#save()
    let failure: RunFailure | undefined
    try {
      failure = await run(state)
    } catch (error) {
      log.error('bug while running a schedule', { schedule: state.schedule.key, error })
      failure = { status: 'genErr', sentence: 'the agent could not run it; its log says why' }
    }
    state.isRunning = false
    if (!failure) {
      state.lastError = ''
      log.debug('a schedule ran', { schedule: state.schedule.key })
      return
    }
    state.failures++
    state.lastFailure = failure.status
    state.lastFailedMs = clock.now()
    state.lastError = failure.sentence
    log.warn('a schedule failed', { schedule: state.schedule.key, status: failure.status, error: failure.sentence })
    if (this.#states.get(state.schedule.key) === state) events.failed(state)
  }

  /** `isMore`: there were more than are counted. */
  #missed(state: ScheduleState, count: number, lastDueMs: number, why: string, isMore = false): void {
    const { log, events } = this.#options
    state.missed += count
    state.lastMissedMs = lastDueMs
    const last = new Date(lastDueMs).toISOString()
    const runs = isMore ? `more than ${missedCountedAtMost} runs` : `${count} runs`
    state.lastError =
      count === 1 ? `the run due at ${last} was missed: ${why}` : `${runs} were missed, the last due at ${last}: ${why}`
    log.warn('a schedule missed runs', { schedule: state.schedule.key, count, error: state.lastError })
    events.missed(state)
  }

  #isKept({ schedule: { isKept, type, intervalSeconds } }: ScheduleState): boolean {
    return isKept && (type !== 'periodic' || intervalSeconds >= keptFromSeconds)
  }

  /** What could not be written, as on a full disk, is written as soon as it can be, whether or not anything runs by then. */
  #planSaving(): void {
    this.#savingTimer?.cancel()
    this.#savingTimer = undefined
    if (this.#isUnsaved && this.#isStarted)
      this.#savingTimer = this.#options.clock.after(saveAgainMs, () => void this.#save())
  }

  /** Writes down where all schedules are, as they are when the writing begins; a failure is logged, and it is tried again. */
  #save(): Promise<void> {
    this.#waitingToSave ??= this.#saving = this.#saving.then(async () => {
      this.#waitingToSave = undefined
      const { store, log } = this.#options
      const kept = [...this.#states.values()].filter((state) => this.#isKept(state))
      const schedules = kept.map((state) => ({
        key: state.schedule.key,
        timing: state.timing,
        lastMs: state.lastMs,
        nextMs: state.nextMs,
        isFinished: state.status === 'finished',
      }))
      try {
        await store.save({ savedMs: this.#savedClock.timeOfSaving, schedules })
        this.#isUnsaved = false
      } catch (error) {
        if (!this.#isUnsaved)
          log.error('when schedules ran cannot be written down; after a restart runs may seem missed', { error })
        this.#isUnsaved = true
      }
      this.#planSaving()
    })
    return this.#waitingToSave
  }
}
