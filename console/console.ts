/** The console: receives the agent's informs, each a hint that there is something new in its notification log. */
import { messageOf } from '../lib/errors.ts'
import type { Home } from '../lib/home/home.ts'
import type { Log } from '../lib/log/log.ts'
import { describePortOwner } from '../lib/proc/port-owner.ts'
import type { Clock } from '../lib/time/clock.ts'
import { engineIdToStart, isLatched, latchedAdvice, startIdentity } from '../snmp/engine/engine-identity.ts'
import { NotificationReceiver } from '../snmp/manager/receiver.ts'
import { formatAddress } from '../snmp/transport/udp.ts'
import { type ConsoleConfig, readConsoleConfig } from './config.ts'
import { type ConsoleCredentials, consoleEnginePath, readConsoleCredentials } from './credentials.ts'

export interface ConsoleOptions {
  readonly home: Home
  readonly log: Log
  readonly clock: Clock
}

export class Console {
  readonly #options: ConsoleOptions
  readonly #config: ConsoleConfig
  readonly #credentials: ConsoleCredentials
  #receiver: NotificationReceiver | undefined

  static async create(options: ConsoleOptions): Promise<Console> {
    const config = await readConsoleConfig(options.home)
    const credentials = await readConsoleCredentials(options.home)
    if (!credentials)
      throw new Error('the console has no SNMP user to ask the agent with; run: castellan init, which makes them')
    return new Console(options, config, credentials)
  }

  private constructor(options: ConsoleOptions, config: ConsoleConfig, credentials: ConsoleCredentials) {
    this.#options = options
    this.#config = config
    this.#credentials = credentials
  }

  async start(): Promise<void> {
    const { home, log, clock } = this.#options
    const path = consoleEnginePath(home)
    const identity = await startIdentity(path, clock, await engineIdToStart(path))
    if ('retry' in identity) throw identity.reason
    if (isLatched(identity)) log.error(latchedAdvice, { file: path })
    const { host, port } = this.#config.listenAddress
    const receiver = new NotificationReceiver({ host, v3: { identity, users: [this.#credentials.read] } })
    await receiver.start(host, port).catch((error: unknown) => {
      const owner = describePortOwner('udp', port)
      throw new Error(
        `listen on udp ${formatAddress({ host, port })}: ${messageOf(error)}${owner ? `; held by ${owner}` : ''}`,
      )
    })
    this.#receiver = receiver
    log.notice('the console receives notifications', { address: formatAddress({ host, port }) })
  }

  async stop(): Promise<void> {
    this.#receiver?.stop()
    this.#options.log.notice('the console stopped')
  }
}
