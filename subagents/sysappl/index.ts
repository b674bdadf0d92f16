/** The sysappl module: SYSAPPL-MIB over what is installed on the disk and over the processes that another module scans. */
import { join } from 'node:path'
import { foldersOf, type Home } from '../../lib/home/home.ts'
import { anyServing, type MibModule, type ModuleHost, type Serving, serve } from '../../lib/mib/module.ts'
import { programRoot } from '../../lib/program-root.ts'
import { oid } from '../../lib/smi/oid.ts'
import { Applications } from './applications.ts'
import { Declared } from './declared.ts'
import { Installed } from './installed.ts'
import { Ledger } from './ledger.ts'
import { sysApplElmtRunTable, sysApplMapTable, sysApplRunTable } from './mib.ts'
import { PastRuns } from './past-runs.ts'
import { Polls } from './polls.ts'
import type { ProcessFeed } from './process-feed.ts'
import { elementRule, packageRule } from './rules.ts'
import { UserNames } from './users.ts'

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
  let running: { readonly host: ModuleHost; readonly applications: Applications } | undefined
  const [runs, elementRuns, map] = [serve(sysApplRunTable), serve(sysApplElmtRunTable), serve(sysApplMapTable)]
  const installed = new Installed(ledger)
  const past = new PastRuns()
  const declared = new Declared(() => running?.applications.lookAgain())
  const polls = new Polls({
    feed: processes,
    installed,
    users: new UserNames(passwd),
    runs: runs.table,
    elementRuns: elementRuns.table,
    map: map.table,
    past,
    pageKb,
  })
  /** The processes may be listed before this module starts. */
  let isListed = false
  processes.listen({
    ended: (process) => running && polls.ended(process, running.host.clock),
    listed: () => {
      isListed = true
      running?.applications.listed()
    },
  })

  const tables: readonly Serving[] = [
    ...installed.servings,
    ...[runs, elementRuns, map].map(anyServing),
    ...past.servings,
    ...declared.servings,
  ]
  const module: MibModule = {
    name: 'sysappl',
    description: 'SYSAPPL-MIB: installed and running applications (RFC 2287)',
    oid: oid('1.3.6.1.2.1.54'),
    tables,
    async start(host) {
      const { clock, log, signal } = host
      const processCount = (): number => elementRuns.table.size
      const looked = { ledger, installed, declared, past, polls, program, dpkgFolder, processCount }
      const applications = new Applications({ clock, log, signal, ...looked })
      running = { host, applications }
      past.use(clock)
      await applications.start()
      if (isListed) applications.listed()
    },
    async stop() {
      await running?.applications.stop()
      running = undefined
      past.use(undefined)
    },
  }
  const configured = [anyServing(past.limits), ...declared.servings]
  const rules = { checks: [packageRule], machineChecks: [elementRule] }
  return { module, configured, ...rules, persist: () => ledger.save() }
}
