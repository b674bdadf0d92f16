/** A supervisor over processes in memory, on a clock that is moved by hand. */
import assert from 'node:assert/strict'
import { createLog } from '../../../lib/log/log.ts'
import { ManualClock } from '../../../lib/time/clock.ts'
import type { Verdict } from '../../../subagents/critapp/health/health.ts'
import type { ProcessSpec } from '../../../subagents/critapp/process/process.ts'
import { type Request, Supervisor, type SupervisorOptions } from '../../../subagents/critapp/supervision/supervisor.ts'
import type { MemoryProcess } from '../../support/memory-process.ts'
import { MemoryHost } from '../../support/process-host.ts'
import { noHealth } from '../../support/supervision.ts'

export const path = '/opt/unit'
const stepMs = 50

export function specOf(spec: Partial<ProcessSpec> = {}): ProcessSpec {
  return {
    index: 1,
    name: 'unit',
    startCommand: path,
    terminateCommand: '',
    adminStatus: 'up',
    restartOnExit: false,
    restartIntervalMs: 1000,
    findOnStartup: true,
    stopTimeoutSeconds: 5,
    gracefulCommand: '',
    maxRestarts: 0,
    restartWindowMs: 600_000,
    startOrder: 0,
    unit: '',
    health: noHealth,
    ...spec,
  }
}

export class Rig {
  readonly clock = new ManualClock()
  readonly host = new MemoryHost(this.clock)
  /** Every sentence for people, with what it is about. */
  readonly notified: string[] = []
  /** Each new state of the row with index 1. */
  readonly states: string[] = []
  logged = ''
  /** What a health check finds now. */
  verdict: Verdict

  /** Not started yet. */
  supervisor(options: Partial<SupervisorOptions> = {}): Supervisor {
    return new Supervisor({
      clock: this.clock,
      log: createLog({ component: 'critapp', write: (line) => (this.logged += line) }),
      home: '/home/of/this',
      host: this.host,
      check: async () => this.verdict,
      systemctl: ['systemctl'],
      events: {
        changed: ({ spec, state }) => {
          if (spec.index === 1 && this.states.at(-1) !== state) this.states.push(state)
        },
        happened: (what, _, sentence) => this.notified.push(`${what}: ${sentence}`),
      },
      ...options,
    })
  }

  /** One row, at work; its program lives until it is ended unless the test has said what it does. */
  supervise(spec: Partial<ProcessSpec> = {}, options: Partial<SupervisorOptions> = {}) {
    const supervisor = this.supervisor(options)
    supervisor.configure(specOf(spec))
    supervisor.start()
    const shown = () => {
      const found = supervisor.find(1)
      assert.ok(found)
      return found
    }
    const set = (changes: Partial<ProcessSpec>, request: Partial<Request> = {}): void =>
      supervisor.configureAll([{ spec: { ...shown().spec, ...changes }, ...request }])
    return { supervisor, shown, set, reaches: (state: string) => this.until(() => shown().state === state, state) }
  }

  /** Lets time pass, and what comes of it happen. */
  async pass(ms: number): Promise<void> {
    for (let passedMs = 0; passedMs < ms; passedMs += stepMs) {
      await settle()
      this.clock.advance(stepMs)
    }
    await settle()
  }

  /** The same until it holds, for a quarter of an hour at most. */
  async until(holds: () => boolean, what: string): Promise<void> {
    for (let passedMs = 0; passedMs < 900_000; passedMs += stepMs) {
      await settle()
      if (holds()) return
      this.clock.advance(stepMs)
    }
    assert.fail(`${what} did not come; states: ${this.states.join(', ')}\n${this.logged}`)
  }

  /** The process that runs with this last word; fails where none does. */
  process(word = path) {
    const found = [...this.host.running.values()].find(({ command }) => command.includes(word))
    assert.ok(found, `${word} runs`)
    return found
  }
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

/** The unit x.service, kept by a systemd in memory. */
export class MemoryUnit {
  readonly #host: MemoryHost
  #main: MemoryProcess | undefined
  #isOrdered = false

  constructor(host: MemoryHost) {
    this.#host = host
    host.program('systemctl', (self) => {
      const [, verb] = self.command
      if (verb === 'start') this.start()
      if (verb === 'stop') this.stop()
      self.after(stepMs, () => self.exit(0))
    })
    host.systemctlShow = () => this.#show()
  }

  get main(): MemoryProcess {
    assert.ok(this.#main)
    return this.#main
  }

  start(): void {
    this.#isOrdered = false
    this.#main = this.#host.spawn(['/opt/unitd'])
  }

  /** As `systemctl stop` by hand. */
  stop(): void {
    this.#isOrdered = true
    this.#main?.deliver('SIGTERM')
  }

  #show(): string {
    const isActive = this.#main?.isRunning === true
    const [activeExit, mainExit] = isActive ? [0, 0] : this.#isOrdered ? [1, 2] : [2, 1]
    const pid = this.#main?.pid ?? 0
    const properties = {
      Id: 'x.service',
      LoadState: 'loaded',
      ActiveState: isActive ? 'active' : 'inactive',
      MainPID: isActive ? pid : 0,
      ExecMainPID: pid,
      ExecMainCode: isActive ? 0 : 2,
      ExecMainStatus: isActive ? 0 : 15,
      Result: 'success',
      ActiveExitTimestampMonotonic: activeExit,
      ExecMainExitTimestampMonotonic: mainExit,
    }
    return Object.entries(properties)
      .map(([name, value]) => `${name}=${value}\n`)
      .join('')
  }
}
