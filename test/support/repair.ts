/** An appliance whose processes die: sipd, one that stays in front, and one that dies at once for ever. */
import assert from 'node:assert/strict'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readProcess } from '../../lib/proc/process.ts'
import { Appliance, makeHome, until } from './appliance.ts'
import { netsnmp, TrapDaemon } from './netsnmp.ts'

export interface ShownApp {
  readonly name: string
  readonly state: string
  readonly status: string
  readonly health?: string
  readonly pid: number
  readonly lastError: string
}

/** The rows of critAppProcTable, by their indices. */
export const rows = { sipd: 1, front: 2, flaps: 3 } as const

export class RepairedAppliance {
  readonly appliance: Appliance
  readonly traps: TrapDaemon

  private constructor(appliance: Appliance, traps: TrapDaemon) {
    this.appliance = appliance
    this.traps = traps
  }

  /** Resolves when sipd and the one in front are up. Their restart interval is 1 s. */
  static async start(): Promise<RepairedAppliance> {
    const appliance = new Appliance(await makeHome())
    const traps = new TrapDaemon(appliance.at.trapPort)
    await traps.started()
    const { root, conf } = appliance.at.home
    const program = (name: string, script: string): void => {
      writeFileSync(join(root, name), `#!/bin/sh\n${script}\n`)
      chmodSync(join(root, name), 0o755)
    }
    program('front', 'while :; do sleep 0.1; done')
    program('flaps', 'exit 1')
    const file = join(conf, 'subagents', 'critagt.cnf')
    const sipd = readFileSync(file, 'utf8').replace('up true 300', 'up true 100')
    writeFileSync(
      file,
      `${sipd}
critAppProcEntry ${rows.front} front ${root}/front - up true 100 true true true 5
critAppProcEntry ${rows.flaps} flaps ${root}/flaps - down true 10 true true true 5 nonVolatile - 5 60
`,
      { mode: 0o600 },
    )
    const repaired = new RepairedAppliance(appliance, traps)
    try {
      assert.equal(await appliance.start(), undefined, appliance.output)
      const areUp = async (): Promise<boolean> =>
        (await repaired.apps()).slice(0, 2).every(({ status }) => status === 'up')
      await until(areUp, 10_000, 'the start')
      return repaired
    } catch (error) {
      await repaired.stop()
      throw error
    }
  }

  /** Ends what it supervised too. */
  async stop(): Promise<void> {
    const left = await this.apps().catch(() => [])
    await this.appliance.stop()
    for (const { name, pid } of left) if (name !== 'sipd' && pid > 0 && readProcess(pid)) process.kill(-pid, 'SIGKILL')
    await this.traps.stop()
  }

  async apps(): Promise<ShownApp[]> {
    return JSON.parse((await this.appliance.castellan('apps', '--json')).out)
  }

  async app(name: string): Promise<ShownApp> {
    const found = (await this.apps()).find((app) => app.name === name)
    assert.ok(found, name)
    return found
  }

  /** critAppOperStatus, asked by Net-SNMP. */
  async isUp(row: number): Promise<boolean> {
    const { out } = await netsnmp('snmpget', [
      ...['-v2c', '-cpublic', '-Oqv', this.appliance.at.snmp],
      `.1.3.6.1.4.1.32473.12.29.1.1.1.11.${row}`,
    ])
    return out.trim() === '1'
  }

  /** By SIGKILL; what was notified before is forgotten. */
  async kill(name: string): Promise<void> {
    const { pid } = await this.app(name)
    assert.ok(pid > 0, 'zero would mean ourselves')
    this.traps.forget()
    process.kill(pid, 'SIGKILL')
  }
}
