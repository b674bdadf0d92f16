/** A supervisor of a test's own, with real processes that go by a name of the test's own, and a folder that goes after it. */
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '../../lib/log/log.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { healthCheck, type SipPing } from '../../subagents/critapp/health/health.ts'
import { LinuxHost, type LinuxHostOptions } from '../../subagents/critapp/host/linux-host.ts'
import type { ProcessSpec } from '../../subagents/critapp/process/process.ts'
import { Supervisor, type SupervisorOptions } from '../../subagents/critapp/supervision/supervisor.ts'
import { until } from './appliance.ts'

export const noHealth = { kind: 'none', target: '', intervalMs: 1000, timeoutMs: 1000, failures: 3 } as const
/** Where no row asks by SIP. */
export const noSip: SipPing = () => Promise.reject(new Error('there is no SIP server here'))
/** A program that lives until it is ended. */
export const forever = 'while :; do sleep 0.1; done'

export class Bench {
  readonly folder = mkdtempSync(join(tmpdir(), 'critapp-'))
  /** So that tests side by side do not find each other's processes. */
  readonly name = `unit${this.folder.slice(-6).toLowerCase().replace(/\W/g, 'x')}`
  readonly supervisors: Supervisor[] = []

  /** A shell script in the folder; by default it goes by the test's name. */
  program(script: string, name = this.name): string {
    const path = join(this.folder, name)
    writeFileSync(path, `#!/bin/sh\n${script}\n`)
    chmodSync(path, 0o755)
    return path
  }

  spec(spec: Partial<ProcessSpec>): ProcessSpec {
    return {
      index: 1,
      name: this.name,
      startCommand: '',
      terminateCommand: '',
      adminStatus: 'up',
      restartOnExit: false,
      restartIntervalMs: 100,
      findOnStartup: true,
      stopTimeoutSeconds: 1,
      gracefulCommand: '',
      maxRestarts: 0,
      restartWindowMs: 600_000,
      startOrder: 0,
      unit: '',
      health: noHealth,
      ...spec,
    }
  }

  /** The processes of this machine. */
  host(options: Partial<LinuxHostOptions> = {}): LinuxHost {
    return new LinuxHost({
      log: silentLog,
      pidFileOf: (name) => join(this.folder, `${name}.pid`),
      pidFolders: [this.folder],
      outputFolder: this.folder,
      ...options,
    })
  }

  /** Not started yet. */
  supervisor(options: Partial<SupervisorOptions & LinuxHostOptions> = {}): Supervisor {
    const supervisor = new Supervisor({
      clock: systemClock,
      log: silentLog,
      home: this.folder,
      host: this.host(options),
      check: healthCheck(noSip),
      systemctl: ['/bin/false'],
      events: { changed: () => {}, happened: () => {} },
      ...options,
    })
    this.supervisors.push(supervisor)
    return supervisor
  }

  /** One row, at work. */
  supervise(spec: Partial<ProcessSpec>, options: Partial<SupervisorOptions & LinuxHostOptions> = {}) {
    const notified: string[] = []
    const happened = (_: unknown, __: unknown, sentence: string): void => void notified.push(sentence)
    const events = { changed: () => {}, happened }
    const supervisor = this.supervisor({ events, ...options })
    supervisor.configure(this.spec(spec))
    supervisor.start()
    const shown = () => supervisor.find(1)!
    const reaches = (state: string, withinMs = 5000) =>
      until(() => shown().state === state, withinMs, `state ${state}, not ${shown().state}: ${shown().lastError}`)
    return { supervisor, notified, shown, reaches }
  }

  /** Ends what still runs. */
  async clear(): Promise<void> {
    for (const supervisor of this.supervisors) {
      supervisor.stop()
      for (const { pid } of supervisor.processes()) {
        try {
          if (pid > 0) process.kill(pid, 'SIGKILL')
        } catch {
          // It ended just now.
        }
      }
    }
    await rm(this.folder, { recursive: true, force: true })
  }
}
