/** What the first process of sipd does: configuration, workers, logs, statistics; each change of them in one place. */

import { errorOf } from '../../lib/errors.ts'
import type { Home } from '../../lib/home/home.ts'
import type { Log } from '../../lib/log/log.ts'
import { memoryUse } from '../../lib/proc/memory.ts'
import { describePortOwner } from '../../lib/proc/port-owner.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import { nameOf } from '../../lib/users/privileges.ts'
import type { SipdConfig } from '../config/directives.ts'
import { type ReadConfig, readConfig } from '../config/read.ts'
import { TlsFiles } from '../config/tls-files.ts'
import { formatMemory, type ProcessMemory } from '../log/memory-stats.ts'
import { PeriodicLog } from '../log/periodic-log.ts'
import { StatisticsText } from '../log/stats.ts'
import { formatHop } from '../message/hop.ts'
import type { Privileges } from '../privileges/privileges.ts'
import type { ListItem, ListSubject } from '../worker/listing.ts'
import { Logs } from './logs.ts'
import { markKey, markKeyPath } from './mark-key.ts'
import { type PoolSettings, WorkerPool } from './pool.ts'
import { Totals } from './statistics.ts'
import { WorkerError } from './worker-handle.ts'

/** RFC 2788's words: down when no worker serves, congested while workers die again and again. */
export type ServiceState = 'up' | 'down' | 'restarting' | 'quiescing' | 'congested'

/** `refuse`: 503 with Retry-After; `silence`: no answer, not even 100. */
export type ClosingBehaviour = 'refuse' | 'silence'

const restartWithinMs = 1000
const firstRetryMs = 500
const longestRetryMs = 30_000

export class SipdParent {
  readonly totals: Totals
  log: Log
  readonly #home: Home
  readonly #clock: Clock
  readonly #logs: Logs
  #pool: WorkerPool | undefined
  #configuration: ReadConfig | undefined
  #periodic: PeriodicLog[] = []
  #statisticsText: StatisticsText
  #state: ServiceState = 'up'
  readonly #startedMs: number
  #restarting: Timer | undefined
  readonly #privileges: Privileges
  readonly #tlsFiles: TlsFiles

  /** Called where it cannot serve any more, and only a new start as root helps. */
  onLost: () => void = () => {}

  /** Until the error log is open, what there is to say goes to `fallback`. */
  constructor(home: Home, clock: Clock, fallback: Log, privileges: Privileges) {
    this.#home = home
    this.#privileges = privileges
    this.#tlsFiles = new TlsFiles([], (read) => privileges.readAsRoot(read))
    this.#clock = clock
    this.#logs = new Logs(home, clock, fallback)
    this.log = fallback
    this.totals = new Totals(() => this.#pool?.workers ?? [])
    this.#startedMs = clock.monotonicMs()
    this.#statisticsText = new StatisticsText(this.#startedMs)
  }

  /** Serves when it resolves. Throws all complaints about the configuration, or what cannot be had. */
  async start(): Promise<ReadConfig> {
    const configuration = this.#privileges.asAccount(() => readConfig(this.#home, this.#tlsFiles.read))
    // Logs are the account's, and so are the programs that they may be piped to.
    if (!this.#privileges.isPending) await this.#apply(configuration)
    const currentLog = (): Log => this.log
    const key = this.#privileges.asAccount(() => markKey(markKeyPath(this.#home), this.log))
    this.#pool = new WorkerPool(
      {
        home: this.#home,
        clock: this.#clock,
        // As LogLevel is at the time, not as it was at the start.
        get log() {
          return currentLog()
        },
        markKey: key,
        onLog: (name, lines) => this.#logs.write(name, lines),
        onReport: (worker) => this.totals.reported(worker),
        onEnded: (worker) => this.totals.ended(worker),
        account: this.#privileges.account,
        onPortsLost: (error) => this.#portsLost(error),
      },
      this.#poolSettings(configuration),
    )
    try {
      await this.#pool.start(() => this.#giveUpRoot(configuration))
    } catch (error) {
      throw this.#explained(errorOf(error), configuration)
    }
    const { account, whyRoot } = this.#privileges
    if (account) this.log.notice('sipd gave up root', { runsAs: nameOf(account) })
    if (whyRoot !== undefined) this.log.warn('sipd runs as root', { reason: whyRoot })
    const { Listen } = configuration.config
    this.#configuration = configuration
    this.log.notice('sipd serves', { listen: Listen.map(formatHop).join(' ') })
    return configuration
  }

  get state(): ServiceState {
    if (this.#pool === undefined || this.#state !== 'up') return this.#state
    if (!this.#pool.isServing) return 'down'
    return this.#pool.alarm > 0 ? 'congested' : 'up'
  }

  /** What the workers have been given; a reload that failed changes nothing here. */
  get configuration(): ReadConfig {
    if (!this.#configuration) throw new Error('sipd has no configuration before it was started')
    return this.#configuration
  }

  get #serving(): WorkerPool {
    if (!this.#pool) throw new Error('sipd does not serve yet')
    return this.#pool
  }

  get generation(): number {
    return this.#pool?.generation ?? 0
  }

  /** New workers with the configuration as it is now. Throws what is wrong; what was in force stays then. */
  async graceful(): Promise<void> {
    const configuration = await this.#readConfiguration()
    try {
      await this.#serving.graceful(this.#poolSettings(configuration))
      this.#configuration = configuration
    } catch (error) {
      throw this.#explained(errorOf(error), configuration)
    }
  }

  /** New INVITE and REGISTER are not taken for so long; then all workers are replaced at once. */
  txnGracefulRestart(seconds: number, behaviour: ClosingBehaviour): void {
    this.#state = 'quiescing'
    this.#serving.setOpenness(behaviour === 'refuse' ? 'refusing' : 'silent')
    this.log.notice('a restart is near; new calls and registrations are not taken', { seconds, behaviour })
    // Asked for again, the last word counts: there is one restart.
    this.#restarting?.cancel()
    this.#restarting = this.#clock.after(seconds * 1000, () => {
      this.#state = 'restarting'
      void this.#restart()
        .catch((error: Error) => {
          if (!this.#serving.isServing) return this.#serveLater(error, firstRetryMs)
          this.log.error('the restart did not work; what was in force stays', { error: error.message })
          this.#serving.setOpenness('open')
        })
        .finally(() => {
          this.#state = 'up'
        })
    })
  }

  async reopenLogs(): Promise<void> {
    await this.#logs.reopen()
    this.log.notice('the logs were reopened')
  }

  status(): Record<string, unknown> {
    return {
      generation: this.generation,
      state: this.state,
      workers: (this.#pool?.workers ?? []).map(({ pid, generation, state, report }) => ({
        pid,
        generation,
        state,
        transactions: report?.liveTransactions ?? 0,
        held: report?.heldTransactions ?? 0,
        bindings: report?.bindings ?? 0,
        calls: report?.calls ?? null,
        connections: report?.connections ?? 0,
        rssOctets: report?.rssOctets ?? 0,
      })),
    }
  }

  /** Registrations or calls, of a user or of all where that is the empty string. */
  list(subject: ListSubject, user: string): AsyncIterable<ListItem> {
    return this.#serving.list(subject, user)
  }

  async stop(withinMs: number): Promise<void> {
    this.#state = 'quiescing'
    this.#restarting?.cancel()
    await this.#pool?.stop(withinMs)
    await Promise.all(this.#periodic.map((periodic) => periodic.stop()))
    await this.#logs.close()
  }

  async #restart(): Promise<void> {
    const configuration = await this.#readConfiguration()
    try {
      await this.#serving.restart(this.#poolSettings(configuration), restartWithinMs)
      this.#configuration = configuration
    } catch (error) {
      throw this.#explained(errorOf(error), configuration)
    }
  }

  /** The old workers are gone and the new ones cannot serve: tried again, with sipd.conf as it is by then. */
  #serveLater(error: Error, delayMs: number): void {
    this.log.error('no worker serves; it is tried again', { error: error.message, delayMs })
    this.#restarting = this.#clock.after(delayMs, () => {
      if (this.#serving.isServing) return
      this.graceful().catch((next: Error) => this.#serveLater(next, Math.min(delayMs * 2, longestRetryMs)))
    })
  }

  async #readConfiguration(): Promise<ReadConfig> {
    const configuration = readConfig(this.#home, this.#tlsFiles.read)
    await this.#apply(configuration)
    return configuration
  }

  /** The ports are open, and nothing that came to them was looked at. */
  async #giveUpRoot(configuration: ReadConfig): Promise<void> {
    if (!this.#privileges.isPending) return
    this.#privileges.giveUp()
    await this.#apply(configuration)
  }

  async #apply(configuration: ReadConfig): Promise<void> {
    const { config, warnings } = configuration
    await this.#logs.open(config)
    this.log = this.#logs.errorLog(config)
    for (const { file, line, message } of warnings) this.log.warn(message, { at: `${file}:${line}` })
    for (const path of this.#tlsFiles.takeStale())
      this.log.warn('only root can read this file; what it held when sipd was started is used', { path })
    await Promise.all(this.#periodic.map((periodic) => periodic.stop()))
    this.#periodic = this.#periodicLogs(configuration)
    for (const periodic of this.#periodic) periodic.start()
  }

  #periodicLogs({ config }: ReadConfig): PeriodicLog[] {
    const { SIPStatsLog, SIPStatsInterval, SharedMemoryStatsLog, SharedMemoryStatsInterval } = config
    const common = { clock: this.#clock, log: this.log }
    const stats = new PeriodicLog({
      ...common,
      name: 'stats_log',
      periodMs: SIPStatsInterval * 1000,
      sink: { write: (text) => this.#logs.write('stats', text) },
      compose: async () =>
        this.#statisticsText.next(this.totals.snapshot(), {
          nowMs: this.#clock.now(),
          monotonicMs: this.#clock.monotonicMs(),
        }),
    })
    const memory = new PeriodicLog({
      ...common,
      name: 'sharedmem_stats_log',
      periodMs: SharedMemoryStatsInterval * 60_000,
      sink: { write: (text) => this.#logs.write('memory', text) },
      compose: async () => formatMemory(this.#clock.now(), this.#memory()),
    })
    return [...(SIPStatsLog ? [stats] : []), ...(SharedMemoryStatsLog ? [memory] : [])]
  }

  #memory(): ProcessMemory[] {
    const { rss, heapUsed, heapTotal, external } = memoryUse()
    const parent: ProcessMemory = {
      role: 'parent',
      pid: process.pid,
      generation: this.generation,
      rssOctets: rss,
      heapUsedOctets: heapUsed,
      heapTotalOctets: heapTotal,
      externalOctets: external,
      liveTransactions: 0,
      finishedTransactions: 0,
      bindings: 0,
      connections: 0,
    }
    const workers = (this.#pool?.workers ?? []).flatMap(({ pid, generation, report }) =>
      report ? [{ role: 'worker', pid, generation, ...report, finishedTransactions: report.heldTransactions }] : [],
    )
    return [parent, ...workers]
  }

  /** Whoever supervises sipd starts it again, as root. */
  #portsLost(error: Error): void {
    this.log.error('no worker has the ports any more, and only root can open them again; sipd ends', {
      error: error.message,
    })
    this.onLost()
  }

  #poolSettings({ config }: ReadConfig): PoolSettings {
    return {
      workers: config.StartServers,
      maxRequests: config.MaxRequestsPerChild,
      drainMs: config.DrainSeconds * 1000,
      files: this.#tlsFiles.kept,
    }
  }

  #explained(error: Error, { config }: ReadConfig): Error {
    if (!(error instanceof WorkerError)) return error
    if (error.code === 'EADDRINUSE') return portTaken(error, config)
    if (error.code !== 'EACCES' || !this.#privileges.account) return error
    return new Error(
      `${error.message}; sipd gave up root, and a port below 1024 that is new needs it: run sip restart`,
      {
        cause: error,
      },
    )
  }
}

/** With who has it. */
function portTaken(error: WorkerError, config: SipdConfig): Error {
  const taken = /(udp|tcp) (\S+):(\d+)/.exec(error.message)
  const protocol = taken?.[1] === 'tcp' ? 'tcp' : 'udp'
  const port = Number(taken?.[3] ?? config.Listen[0]?.port)
  const owner = describePortOwner(protocol, port)
  return new Error(
    `${protocol} ${taken?.[2] ?? ''}:${port} is in use${owner ? ` by ${owner}` : ''}; stop that, or change Listen in sipd.conf`,
  )
}
