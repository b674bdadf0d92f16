/** The sysappl module: SYSAPPL-MIB over what is installed on the disk and over the processes that another module scans. */

import { join } from 'node:path'
import { foldersOf, type Home } from '../../lib/home/home.ts'
import { anyServing, type MibModule, type ModuleHost, serve } from '../../lib/mib/module.ts'
import { programRoot } from '../../lib/program-root.ts'
import { oid } from '../../lib/smi/oid.ts'
import { pause } from '../../lib/time/pause.ts'
import { inspectPackages } from './inspect.ts'
import { Installed } from './installed.ts'
import { Ledger } from './ledger.ts'
import { ProgramMatcher } from './match.ts'
import {
  castellanApplElementTable,
  castellanApplPackageTable,
  sysApplElmtPastRunTable,
  sysApplElmtRunTable,
  sysApplInstallElmtTable,
  sysApplInstallPkgTable,
  sysApplMapTable,
  sysApplPastRunTable,
  sysApplRun,
  sysApplRunTable,
} from './mib.ts'
import { type DeclaredPackage, readOwnPackages } from './packages.ts'
import { PastRows } from './past.ts'
import { Polls } from './polls.ts'
import type { ProcessFeed } from './process-feed.ts'
import { elementRule, packageRule } from './rules.ts'
import { plays } from './syntax.ts'
import { UserNames } from './users.ts'

/** A lower bound of sysApplAgentPollInterval, as it allows: the processes are listed so often, and 0 means each time. */
const shortestPollMs = 2_000
/** What is installed changes seldom; a shorter poll interval is for what runs. */
const shortestInspectionMs = 60_000
const ageEveryMs = 1_000
/** Between slices of a poll: of 10,000 processes it takes some seconds, and a tenth of the core while it does. */
const pollRestMs = 4
/** A poll takes a tenth of a millisecond for a process: so far apart, polls never take more than a 200th of a core. */
const pollApartMsPerProcess = 20

export interface SysapplOptions {
  /** Scans the processes while this module is there; its owner starts and stops it. */
  readonly processes: ProcessFeed
  /** Castellan's own folder. */
  readonly program?: string
  readonly dpkgFolder?: string
  readonly passwd?: string
  readonly pageKb?: number
}

export function sysapplModule(
  home: Home,
  {
    processes,
    program = programRoot,
    dpkgFolder = '/var/lib/dpkg',
    passwd = '/etc/passwd',
    pageKb = 4, // of x86-64 and of arm64 as Debian builds it
  }: SysapplOptions,
) {
  const ledger = new Ledger(join(foldersOf(home, 'agent').data, 'sysappl.json'))
  let host: ModuleHost | undefined
  /** Undefined until the disk was looked at. */
  let matcher: ProgramMatcher | undefined
  let isListed = false
  let isPolling = false
  let polledMs = Number.NEGATIVE_INFINITY
  const failing = new Set<string>()
  let missing = ''
  /** Ends the rest between two looks at the disk. */
  let resting = new AbortController()

  const packages = serve(sysApplInstallPkgTable)
  const elements = serve(sysApplInstallElmtTable, {
    test({ after }) {
      // sysApplInstallElmtRole: one, and only one, element of an application is its primary executable.
      if (!after || !plays(after.sysApplInstallElmtRole, 'primary')) return undefined
      const others = [...installed.elementsOf(after.sysApplInstallPkgIndex)].filter(
        (row) => row.sysApplInstallElmtIndex !== after.sysApplInstallElmtIndex,
      )
      const isTaken = others.some((row) => plays(row.sysApplInstallElmtRole, 'primary'))
      return isTaken ? { status: 'inconsistentValue', column: 'sysApplInstallElmtRole' } : undefined
    },
    commit({ after }) {
      if (!after) return undefined
      return { undo: installed.setRole(after) }
    },
  })
  const runs = serve(sysApplRunTable)
  const past = serve(sysApplPastRunTable)
  const elementRuns = serve(sysApplElmtRunTable)
  const pastElements = serve(sysApplElmtPastRunTable)
  const map = serve(sysApplMapTable)
  const limits = serve(sysApplRun, {
    live: {
      sysApplPastRunTableRemItems: () => pastRuns.removedForRoom,
      sysApplElemPastRunTableRemItems: () => pastElementRuns.removedForRoom,
    },
    commit: () => ({ finish: keepLimits }),
  })
  limits.table.put({
    sysApplPastRunMaxRows: 500,
    sysApplPastRunTblTimeLimit: 7200,
    sysApplElemPastRunMaxRows: 500,
    sysApplElemPastRunTblTimeLimit: 7200,
    sysApplAgentPollInterval: 60,
  })
  const lookAgain = { commit: () => ({ finish: () => resting.abort() }) }
  const declaredPackages = serve(castellanApplPackageTable, lookAgain)
  const declaredElements = serve(castellanApplElementTable, lookAgain)

  const installed = new Installed(ledger, packages.table, elements.table)
  const pastRuns = new PastRows<typeof sysApplPastRunTable>(
    past.table,
    (a, b) => a.sysApplInstallPkgIndex === b.sysApplInstallPkgIndex && a.sysApplPastRunIndex === b.sysApplPastRunIndex,
  )
  const pastElementRuns = new PastRows<typeof sysApplElmtPastRunTable>(
    pastElements.table,
    (a, b) =>
      a.sysApplInstallPkgIndex === b.sysApplInstallPkgIndex &&
      a.sysApplElmtPastRunInvocID === b.sysApplElmtPastRunInvocID &&
      a.sysApplElmtPastRunIndex === b.sysApplElmtPastRunIndex,
  )
  const limit = () => limits.table.get({})!
  const polls = new Polls({
    feed: processes,
    installed,
    users: new UserNames(passwd),
    runs: runs.table,
    elementRuns: elementRuns.table,
    map: map.table,
    pastRuns,
    pastElementRuns,
    limits: () => ({
      pastRuns: limit().sysApplPastRunMaxRows,
      pastElementRuns: limit().sysApplElemPastRunMaxRows,
    }),
    pageKb,
  })

  const keepLimits = (): void => {
    pastRuns.keepAtMost(limit().sysApplPastRunMaxRows)
    pastElementRuns.keepAtMost(limit().sysApplElemPastRunMaxRows)
    age()
  }
  const age = (): void => {
    if (!host) return
    const nowMs = host.clock.monotonicMs()
    pastRuns.removeOlder(nowMs - limit().sysApplPastRunTblTimeLimit * 1000)
    pastElementRuns.removeOlder(nowMs - limit().sysApplElemPastRunTblTimeLimit * 1000)
  }
  const pollIntervalMs = (): number =>
    Math.max(shortestPollMs, limit().sysApplAgentPollInterval * 1000, elementRuns.table.size * pollApartMsPerProcess)

  /** What fails is told when it begins to, and tried again. */
  const attempt = async (what: string, act: () => Promise<unknown>): Promise<void> => {
    try {
      await act()
      failing.delete(what)
    } catch (error) {
      if (!failing.has(what))
        host?.log.error('applications could not be looked at, and rows keep their last values', { what, error })
      failing.add(what)
    }
  }
  const saveLedger = () => attempt('save the numbers of packages', () => ledger.save())

  const pollIfDue = async (): Promise<void> => {
    const given = host
    if (!given || !matcher || !isListed || isPolling) return
    const { clock, signal } = given
    // A listing that comes a moment early is not to be waited for until the next.
    if (clock.monotonicMs() - polledMs < pollIntervalMs() - shortestPollMs / 4) return
    isPolling = true
    polledMs = clock.monotonicMs()
    const now = matcher
    await attempt('poll what runs', () => polls.poll(now, { clock, signal, restMs: pollRestMs }))
    isPolling = false
  }

  const inspect = async ({ log }: ModuleHost): Promise<void> => {
    const own = await readOwnPackages(program)
    const ownNames = new Set(own.map(({ name }) => name))
    const inFile = declaredInFile()
    const found = await inspectPackages([...own, ...inFile.filter(({ name }) => !ownNames.has(name))], dpkgFolder)
    matcher = new ProgramMatcher(installed.show(found.packages))
    await ledger.save()
    const untold = [...found.missing, ...unusable(inFile, ownNames)].join(', ')
    if (untold !== missing && untold !== '')
      log.notice('some of what sysappl.cnf or the program names has no rows', { missing: untold })
    missing = untold
  }

  /** Lines of the file that say nothing, in words. */
  function unusable(inFile: readonly DeclaredPackage[], ownNames: ReadonlySet<string>): string[] {
    const names = new Set(inFile.map(({ name }) => name))
    const homeless = [...declaredElements.table.rows()].filter((row) => !names.has(row.castellanApplPackageName))
    return [
      ...[...names].filter((name) => ownNames.has(name)).map((name) => `${name} (a package of Castellan's own)`),
      ...homeless.map((row) => `${row.castellanApplElementPath} (without castellanApplPackageEntry)`),
    ]
  }

  function declaredInFile(): DeclaredPackage[] {
    const all = [...declaredElements.table.rows()]
    return [...declaredPackages.table.rows()].map((row) => ({
      name: row.castellanApplPackageName,
      manufacturer: row.castellanApplPackageManufacturer,
      version: row.castellanApplPackageVersion,
      location: row.castellanApplPackageLocation,
      dpkg: row.castellanApplPackageDpkg,
      elements: all
        .filter(({ castellanApplPackageName }) => castellanApplPackageName === row.castellanApplPackageName)
        .map((element) => ({
          path: element.castellanApplElementPath,
          type: element.castellanApplElementType,
          role: element.castellanApplElementRole,
        })),
    }))
  }

  processes.listen({
    ended: (process) => host && polls.ended(process, host.clock),
    listed: () => {
      isListed = true
      void pollIfDue()
    },
  })

  const module: MibModule = {
    name: 'sysappl',
    description: 'SYSAPPL-MIB: installed and running applications (RFC 2287)',
    oid: oid('1.3.6.1.2.1.54'),
    tables: [
      packages,
      elements,
      runs,
      past,
      elementRuns,
      pastElements,
      limits,
      map,
      declaredPackages,
      declaredElements,
    ].map(anyServing),
    async start(given) {
      host = given
      const { clock, log, signal } = given
      try {
        await ledger.load()
      } catch (error) {
        log.warn('the numbers of packages could not be read and are given anew', { error })
      }
      const ageing = clock.every(ageEveryMs, age)
      signal.addEventListener('abort', () => ageing.cancel(), { once: true })
      const goOn = async (): Promise<void> => {
        while (!signal.aborted) {
          resting = new AbortController()
          await attempt('look for what is installed', () => inspect(given))
          void pollIfDue()
          const restMs = Math.max(shortestInspectionMs, limit().sysApplAgentPollInterval * 1000)
          await pause(clock, restMs, AbortSignal.any([signal, resting.signal]))
        }
      }
      void goOn()
    },
    async stop() {
      await saveLedger()
      host = undefined
    },
  }
  const configured = [limits, declaredPackages, declaredElements].map(anyServing)
  const rules = { checks: [packageRule], machineChecks: [elementRule] }
  return { module, configured, ...rules, persist: () => ledger.save() }
}
