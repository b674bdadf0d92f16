/** One look at what runs: processes become rows, invocations begin and end, and what ended goes to the past. */

import type { ServedTable } from '../../lib/mib/served.ts'
import { type Pace, runInSlices } from '../../lib/process/slices.ts'
import type { Clock } from '../../lib/time/clock.ts'
import type { Installed } from './installed.ts'
import { currentState, type ElementProcess, type Invocation, Invocations, type PollOutcome } from './invocations.ts'
import type { ProgramMatcher } from './match.ts'
import type { sysApplElmtRunTable, sysApplMapTable, sysApplRunTable } from './mib.ts'
import type { PastRuns } from './past-runs.ts'
import type { ProcessFeed, RunningProcess } from './process-feed.ts'
import { type ElementRunRow, runStateOf, startedMsOf, toElementPastRow, toElementRunRow } from './rows.ts'
import { plays } from './syntax.ts'
import type { UserNames } from './users.ts'

export interface PollsOptions {
  readonly feed: ProcessFeed
  readonly installed: Installed
  readonly users: UserNames
  readonly runs: ServedTable<typeof sysApplRunTable>
  readonly elementRuns: ServedTable<typeof sysApplElmtRunTable>
  readonly map: ServedTable<typeof sysApplMapTable>
  readonly past: PastRuns
  readonly pageKb: number
}

/** Users and open files, most of the work, are read at one of so many polls where a process is of no application. */
const turns = 5

interface Moment {
  readonly wallMs: number
  readonly monotonicMs: number
}

interface Matched {
  readonly element: ElementProcess
  readonly path: string
}

export class Polls {
  readonly #options: PollsOptions
  readonly #invocations = new Invocations()
  /** When members of invocations ended, by PID and start. */
  readonly #ends = new Map<string, Moment>()
  #bootMs: number | undefined
  #count = 0

  constructor(options: PollsOptions) {
    this.#options = options
  }

  /** The process was seen to be there no more, which polls, being seldom, would learn late. */
  ended({ pid, state }: RunningProcess, clock: Clock): void {
    const isMember = this.#invocations.invocationOf(pid)?.members.get(pid)?.startTicks === state.startTicks
    if (isMember) this.#ends.set(`${pid} ${state.startTicks}`, momentOf(clock))
  }

  /** False when it was told to stop before the end. */
  async poll(matcher: ProgramMatcher, pace: Pace): Promise<boolean> {
    const { feed, users, installed } = this.#options
    await users.refresh()
    this.#bootMs ??= feed.bootMs()
    this.#count++
    const processes = [...feed.processes()]
    const matched = new Map<number, Matched>()
    const parents = new Map<number, number>()
    if (!(await runInSlices(this.#match(processes, matcher, matched, parents), pace))) return false
    const outcome = this.#invocations.poll(
      [...matched.values()].map(({ element }) => element),
      {
        roleOf: (packageIndex, elementIndex) => installed.roleOf(packageIndex, elementIndex),
        requiredOf: (packageIndex) =>
          [...installed.elementsOf(packageIndex)]
            .filter(({ sysApplInstallElmtRole }) => plays(sysApplInstallElmtRole, 'required'))
            .map(({ sysApplInstallElmtIndex }) => sysApplInstallElmtIndex),
        isInstalled: (packageIndex) => installed.has(packageIndex),
      },
      (pid) => parents.get(pid),
    )
    this.#bury(outcome, pace.clock)
    this.#showInvocations()
    return runInSlices(this.#show(processes, matched), pace)
  }

  *#match(
    processes: readonly RunningProcess[],
    matcher: ProgramMatcher,
    matched: Map<number, Matched>,
    parents: Map<number, number>,
  ): Iterable<void> {
    for (const process of processes) {
      const { pid, state } = process
      parents.set(pid, state.parentPid)
      const found = matcher.find(process)
      const runState = runStateOf(process)
      // What is left of a process that ended is no part of an application any more.
      if (found && runState !== 'exiting') {
        const { packageIndex, elementIndex, path } = found
        const startedMs = startedMsOf(process, this.#bootMs)
        const { startTicks } = state
        matched.set(pid, { element: { pid, startTicks, startedMs, state: runState, packageIndex, elementIndex }, path })
      }
      yield
    }
  }

  /** Moves what ended to the past tables, so that nothing is in both for a moment; processes in the order in which they ended. */
  #bury({ endedProcesses, ended }: PollOutcome, clock: Clock): void {
    const { elementRuns, map, past } = this.#options
    const now = momentOf(clock)
    for (const { process, invocation } of endedProcesses) {
      const { pid, startTicks, elementIndex } = process
      const row = elementRuns.get(indexOf(pid, invocation))
      const end = this.#ends.get(`${pid} ${startTicks}`) ?? now
      if (row) past.addElementRun(toElementPastRow(row, new Date(end.wallMs)), end.monotonicMs)
      elementRuns.delete(indexOf(pid, invocation))
      map.delete({
        sysApplElmtRunIndex: pid,
        sysApplElmtRunInvocID: invocation.runIndex,
        sysApplMapInstallElmtIndex: elementIndex,
      })
    }
    this.#ends.clear()
    for (const { invocation, exitState } of ended) {
      past.addRun(
        {
          sysApplInstallPkgIndex: invocation.packageIndex,
          sysApplPastRunIndex: invocation.runIndex,
          sysApplPastRunStarted: dateOf(invocation.startedMs),
          sysApplPastRunExitState: exitState,
          sysApplPastRunTimeEnded: new Date(now.wallMs),
        },
        now.monotonicMs,
      )
    }
  }

  #showInvocations(): void {
    const { runs } = this.#options
    runs.beginSweep()
    for (const invocation of this.#invocations.running()) {
      runs.put({
        sysApplInstallPkgIndex: invocation.packageIndex,
        sysApplRunIndex: invocation.runIndex,
        sysApplRunStarted: dateOf(invocation.startedMs),
        sysApplRunCurrentState: currentState(invocation),
      })
    }
    runs.endSweep()
  }

  *#show(processes: readonly RunningProcess[], matched: ReadonlyMap<number, Matched>): Iterable<void> {
    const { feed, users, elementRuns, map, pageKb } = this.#options
    elementRuns.beginSweep()
    map.beginSweep()
    for (const process of processes) {
      const { pid } = process
      const match = matched.get(pid)
      const invocation = match && this.#invocations.invocationOf(pid)
      const runIndex = invocation?.runIndex ?? 0
      const packageIndex = invocation?.packageIndex ?? 0
      const before = elementRuns.get(indexOf(pid, invocation))
      const started = sameDate(before, startedMsOf(process, this.#bootMs))
      const isKnown = before !== undefined && before.sysApplElmtRunTimeStarted === started
      const isRead = invocation !== undefined || !isKnown || (pid + this.#count) % turns === 0
      const user = isRead ? feed.userOf(pid) : undefined
      elementRuns.put(
        toElementRunRow(
          process,
          { packageIndex, runIndex, elementIndex: match?.element.elementIndex ?? 0, path: match?.path },
          {
            started,
            user: user === undefined ? (before?.sysApplElmtRunUser ?? '') : users.nameOf(user),
            regularFiles: isRead ? feed.regularFilesOf(pid) : before?.sysApplElmtRunNumFiles,
            pageKb,
          },
        ),
      )
      // sysApplMapTable: a process of no invocation is there under its PID and 0.0, whatever element it is.
      map.put({
        sysApplElmtRunIndex: pid,
        sysApplElmtRunInvocID: runIndex,
        sysApplMapInstallElmtIndex: invocation ? match.element.elementIndex : 0,
        sysApplMapInstallPkgIndex: packageIndex,
      })
      yield
    }
    elementRuns.endSweep()
    map.endSweep()
  }
}

function indexOf(pid: number, invocation: Invocation | undefined) {
  return {
    sysApplElmtRunInstallPkg: invocation?.packageIndex ?? 0,
    sysApplElmtRunInvocID: invocation?.runIndex ?? 0,
    sysApplElmtRunIndex: pid,
  }
}

/** The date that the row has already, if it is this one: then a row of which nothing changed is not encoded again. */
function sameDate(before: ElementRunRow | undefined, startedMs: number | undefined): Date | undefined {
  const known = before?.sysApplElmtRunTimeStarted
  return known?.getTime() === startedMs ? known : dateOf(startedMs)
}

function dateOf(timeMs: number | undefined): Date | undefined {
  return timeMs === undefined ? undefined : new Date(timeMs)
}

function momentOf(clock: Clock): Moment {
  return { wallMs: clock.now(), monotonicMs: clock.monotonicMs() }
}
