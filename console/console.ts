/** The console: receives the agent's informs, keeps the history of what was notified and of what it samples. */
import { declaredNames } from '../catalogue.ts'
import { messageOf } from '../lib/errors.ts'
import type { Home } from '../lib/home/home.ts'
import type { Log } from '../lib/log/log.ts'
import { describePortOwner } from '../lib/proc/port-owner.ts'
import type { Sqlite } from '../lib/sql/sqlite.ts'
import type { Clock } from '../lib/time/clock.ts'
import { engineIdToStart, isLatched, latchedAdvice, startIdentity } from '../snmp/engine/engine-identity.ts'
import { Manager } from '../snmp/manager/manager.ts'
import { NotificationReceiver } from '../snmp/manager/receiver.ts'
import { formatAddress } from '../snmp/transport/udp.ts'
import { Alerting } from './alerting.ts'
import { type AlertConfig, readAlertConfig } from './alerts/config.ts'
import { type ConsoleConfig, readConsoleConfig } from './config.ts'
import { type ConsoleCredentials, consoleEnginePath, readConsoleCredentials } from './credentials.ts'
import { type HistoryConfig, readHistoryConfig } from './history/config.ts'
import { EventHistory } from './history/events.ts'
import { Retention } from './history/retention.ts'
import { Sampler } from './history/sampler.ts'
import { SampleHistory } from './history/samples.ts'
import { Collector } from './notifications/collector.ts'
import { consoleDatabasePath, openConsoleDatabase } from './store/open.ts'

export interface ConsoleOptions {
  readonly home: Home
  readonly log: Log
  readonly clock: Clock
}

interface Parts {
  readonly config: ConsoleConfig
  readonly history: HistoryConfig
  readonly alerts: AlertConfig
  readonly credentials: ConsoleCredentials
}

export class Console {
  readonly #options: ConsoleOptions
  readonly #config: ConsoleConfig
  readonly #credentials: ConsoleCredentials
  readonly #database: Sqlite
  readonly #manager: Manager
  readonly #collector: Collector
  readonly #alerting: Alerting
  readonly #sampler: Sampler
  #receiver: NotificationReceiver | undefined

  /** Throws ConfigurationError for a broken file, and an Error with what to do where it has no user to ask with. */
  static async create(options: ConsoleOptions): Promise<Console> {
    const { home } = options
    const config = await readConsoleConfig(home)
    const history = await readHistoryConfig(home)
    const alerts = await readAlertConfig(home)
    const credentials = await readConsoleCredentials(home)
    if (!credentials)
      throw new Error('the console has no SNMP user to ask the agent with; run: castellan init, which makes them')
    return new Console(options, { config, history, alerts, credentials })
  }

  private constructor(options: ConsoleOptions, { config, history, alerts, credentials }: Parts) {
    const { home, log, clock } = options
    this.#options = options
    this.#config = config
    this.#credentials = credentials
    this.#database = openConsoleDatabase(consoleDatabasePath(home))
    this.#alerting = new Alerting({ home, config: alerts, database: this.#database, clock, log })
    const security = { version: 'v3', credentials: credentials.read } as const
    this.#manager = new Manager({ ...config.agentAddress, security })
    this.#collector = new Collector({
      agent: this.#manager,
      history: new EventHistory(this.#database),
      names: declaredNames,
      clock,
      log,
      onEvents: () => this.#alerting.onEvents(),
      onAgent: (answers) => {
        log.notice(answers ? 'the agent answers' : 'the agent does not answer')
        this.#alerting.onAgent(answers)
      },
    })
    this.#sampler = new Sampler({
      agent: this.#manager,
      objects: history.objects,
      samples: new SampleHistory(this.#database),
      retention: new Retention(this.#database, history.capOctets),
      names: declaredNames,
      clock,
      log,
    })
  }

  async start(): Promise<void> {
    await this.#receive()
    this.#alerting.start()
    this.#collector.start()
    this.#sampler.start()
  }

  async stop(): Promise<void> {
    this.#receiver?.stop()
    await Promise.all([this.#collector.stop(), this.#sampler.stop()])
    await this.#alerting.stop()
    this.#manager.close()
    this.#database.close()
    this.#options.log.notice('the console stopped')
  }

  /** An order of `castellan incidents`, `alerts` or `maintenance`. Gives what to print. */
  async obey(encoded: readonly string[]): Promise<string> {
    const [command = '', ...words] = encoded.map(decodeURIComponent)
    const { clock } = this.#options
    switch (command) {
      case 'acknowledge': {
        const [id = '', note] = words
        this.#alerting.acknowledge(Number(id), note)
        return `incident ${id} is acknowledged`
      }
      case 'maintenance': {
        const ms = Number(words[0])
        const until = ms > 0 ? clock.now() + ms : 0
        this.#alerting.maintain(until)
        return until > 0 ? `nobody is told of incidents until ${new Date(until).toISOString()}` : 'maintenance is over'
      }
      case 'test':
        return (await this.#alerting.test()).join('\n')
      default:
        throw new Error(`unknown order ${command}; expected acknowledge, maintenance or test`)
    }
  }

  async #receive(): Promise<void> {
    const { home, log, clock } = this.#options
    const path = consoleEnginePath(home)
    const identity = await startIdentity(path, clock, await engineIdToStart(path))
    if ('retry' in identity) throw identity.reason
    if (isLatched(identity)) log.error(latchedAdvice, { file: path })
    const { host, port } = this.#config.listenAddress
    const receiver = new NotificationReceiver({ host, v3: { identity, users: [this.#credentials.read] } })
    receiver.onNotification = ({ version }) => {
      // Anybody can send a trap of version 2c; it would be no harm to look, but for how often.
      if (version === 'v3') this.#collector.hint()
    }
    await receiver.start(host, port).catch((error: unknown) => {
      const owner = describePortOwner('udp', port)
      const address = formatAddress({ host, port })
      throw new Error(`listen on udp ${address}: ${messageOf(error)}${owner ? `; held by ${owner}` : ''}`)
    })
    this.#receiver = receiver
    log.notice('the console receives notifications', { address: formatAddress({ host, port }) })
  }
}
