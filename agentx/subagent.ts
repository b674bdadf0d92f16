/** A process of modules behind AgentX: what a subagent's main.ts starts and stops. */

import { type Complaint, ConfigurationError } from '../lib/cnf/complaint.ts'
import type { Home } from '../lib/home/home.ts'
import type { Log } from '../lib/log/log.ts'
import type { ResolveName } from '../lib/mib/config.ts'
import { type ConfiguredModule, Hosting } from '../lib/mib/hosting.ts'
import type { ModuleHost } from '../lib/mib/module.ts'
import { varbindsOf } from '../lib/mib/notification.ts'
import { textVarbind } from '../lib/mib/notification-text.ts'
import type { SetVarbind } from '../lib/mib/set.ts'
import { castellanArc } from '../lib/smi/enterprise.ts'
import { type Oid, oid } from '../lib/smi/oid.ts'
import type { Clock } from '../lib/time/clock.ts'
import { AgentxSession } from './subagent-session.ts'

export interface SubagentOptions {
  readonly home: Home
  readonly clock: Clock
  readonly log: Log
  readonly description: string
  readonly address: { readonly path: string } | { readonly host: string; readonly port: number }
  readonly modules: readonly ConfiguredModule[]
  readonly resolveName: ResolveName
  /** Files that hold secrets, and so must be readable by their owner alone. */
  readonly secretFiles?: readonly string[]
  readonly id?: Oid
}

export class Subagent {
  readonly #options: SubagentOptions
  readonly #hosting: Hosting
  readonly #session: AgentxSession
  readonly #stopping = new AbortController()
  #onOpened = (): void => {}

  constructor(options: SubagentOptions) {
    this.#options = options
    const { home, clock, log, description, address, modules, resolveName, secretFiles = [] } = options
    this.#hosting = new Hosting({ home, log, modules, resolveName, secretFiles })
    this.#session = new AgentxSession({
      address,
      id: options.id ?? oid(`${castellanArc}.1.1`),
      description,
      clock,
      log: log.child('agentx'),
      backends: this.#hosting.backends,
      capabilities: modules.map(({ module }) => ({ id: module.oid, description: module.description })),
      onOpened: () => this.#onOpened(),
    })
  }

  /** Resolves when the session with the master is open, or that long has passed. */
  async connected(withinMs: number): Promise<void> {
    if (this.#session.isOpen) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, withinMs)
      this.#onOpened = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  load(): Promise<readonly Complaint[]> {
    return this.#hosting.load()
  }

  /** What is wrong with the files, warnings included; nothing is taken, and nothing written. */
  check(): Promise<readonly Complaint[]> {
    return this.#hosting.check()
  }

  /** The modules work from here on, whether the master is there or not. Throws ConfigurationError. */
  async start(): Promise<void> {
    const complaints = await this.load()
    if (complaints.length > 0) throw new ConfigurationError(complaints)
    this.#session.start()
    await this.#hosting.start((name) => this.#hostOf(name))
  }

  /** Restarts one module, while the others and the session go on. */
  async restart(name: string): Promise<void> {
    await this.#hosting.restart(name, (one) => this.#hostOf(one))
  }

  /** A SET of this process itself of one of its modules. Throws when it is refused. */
  async set(module: string, varbinds: readonly SetVarbind[]): Promise<void> {
    await this.#hosting.set(module, varbinds)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#hosting.stop()
    this.#session.stop()
  }

  #hostOf(name: string): ModuleHost {
    const { clock, log } = this.#options
    return {
      clock,
      log: log.child(name),
      signal: this.#stopping.signal,
      upTimeTicks: () => this.#session.upTimeTicks(),
      notify: (notification, index, values, sentence) => {
        log.notice('notification', { name: notification.name, sentence })
        this.#session.notify(notification.oid, [...varbindsOf(notification, index, values), textVarbind(sentence)])
      },
    }
  }
}
