/** For other projects: an SNMP master agent or an AgentX subagent in ten lines. docs/library.md shows both. */

import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AgentxSession } from '../agentx/subagent-session.ts'
import { writeFileAtomic } from '../lib/files/files.ts'
import { foldersOf, makeFolders, resolveHome } from '../lib/home/home.ts'
import { createLog, type Log } from '../lib/log/log.ts'
import { ModuleBackend } from '../lib/mib/backend.ts'
import type { Definition, Notification, NotificationValues } from '../lib/mib/declare.ts'
import { anyServing, type Handlers, type Serving } from '../lib/mib/module.ts'
import { varbindsOf } from '../lib/mib/notification.ts'
import type { AnyRow } from '../lib/mib/served.ts'
import { castellanArc } from '../lib/smi/enterprise.ts'
import { type Oid, oid } from '../lib/smi/oid.ts'
import { systemClock } from '../lib/time/clock.ts'
import { Agent } from './agent.ts'

export { column, defineNotification, defineScalars, defineTable } from '../lib/mib/declare.ts'
export { serve } from '../lib/mib/module.ts'
export * from '../lib/mib/syntax.ts'
export { formatOid, oid } from '../lib/smi/oid.ts'
export { Manager } from '../snmp/manager/manager.ts'
export { NotificationReceiver } from '../snmp/manager/receiver.ts'

/** What is served: tables as `serve` makes them, under a name and the OID of their MIB module. */
export interface LibraryModule {
  readonly name: string
  readonly description: string
  /** Dotted. */
  readonly oid: string
  readonly tables: readonly { readonly handlers: Handlers<Definition> }[]
}

export interface SubagentOptions {
  /** The master's socket, or its host and port. */
  readonly master: { readonly path: string } | { readonly host: string; readonly port: number }
  readonly description: string
  readonly modules: readonly LibraryModule[]
  readonly log?: Log
}

export interface RunningSubagent {
  /** Kept until the master has it; `index` names the row that the values belong to. */
  notify<N extends Notification>(notification: N, index: AnyRow, values: NotificationValues<N>): void
  stop(): void
}

/** Serves modules at an AgentX master, whoever's it is; connects again whenever that is lost. */
export function startSubagent({ master, description, modules, log = plainLog() }: SubagentOptions): RunningSubagent {
  const session = new AgentxSession({
    address: master,
    id: oid('0.0'),
    description,
    clock: systemClock,
    log,
    backends: modules.map((module) => new ModuleBackend(moduleOf(module), { log })),
    capabilities: modules.map((module) => ({ id: oid(module.oid), description: module.description })),
  })
  session.start()
  return {
    notify: (notification, index, values) =>
      session.notify(notification.oid, varbindsOf(notification, index, values as AnyRow)),
    stop: () => session.stop(),
  }
}

export interface MasterOptions {
  /** Its configuration, data and AgentX socket live here; made when it is not there. */
  readonly home: string
  /** Of a home that is made: where on 127.0.0.1 it listens. */
  readonly port?: number
  readonly modules?: readonly LibraryModule[]
  readonly sysObjectId?: Oid
  readonly log?: Log
}

/** Runs a master agent for SNMPv1, v2c, v3 and AgentX; resolves when it serves. */
export async function startMaster({ home: folder, port = 1161, modules = [], ...more }: MasterOptions): Promise<Agent> {
  const home = resolveHome(folder)
  const configuration = join(home.conf, 'agent', 'snmpd.cnf')
  if (!existsSync(configuration)) {
    await mkdir(foldersOf(home, 'agent').conf, { recursive: true, mode: 0o700 })
    makeFolders(home, 'agent')
    await writeFileAtomic(configuration, firstConfiguration(port), 0o600)
  }
  const agent = await Agent.create({
    home,
    clock: systemClock,
    log: more.log ?? plainLog(),
    sysObjectId: more.sysObjectId ?? oid(`${castellanArc}.1`),
    modules: modules.map((module) => ({ module: moduleOf(module), configured: [], file: 'agent/snmpd.cnf' })),
  })
  await agent.start()
  return agent
}

/** A community that reads, on loopback alone; all else is for who owns the home to add. */
function firstConfiguration(port: number): string {
  const hidden = [
    'snmpCommunityTable',
    'vacmSecurityToGroupTable',
    'vacmAccessTable',
    'vacmViewTreeFamilyTable',
    'usmUserTable',
  ]
  return `${[
    `snmpListenEntry 127.0.0.1:${port}`,
    'snmpEnableAuthenTraps enabled',
    'snmpCommunityEntry public public publicSec localSnmpID - - nonVolatile',
    'vacmSecurityToGroupEntry snmpv1 publicSec publicGroup nonVolatile',
    'vacmSecurityToGroupEntry snmpv2c publicSec publicGroup nonVolatile',
    'vacmAccessEntry publicGroup - any noAuthNoPriv exact read - - nonVolatile',
    'vacmViewTreeFamilyEntry read iso - included nonVolatile',
    ...hidden.map((table) => `vacmViewTreeFamilyEntry read ${table} - excluded nonVolatile`),
  ].join('\n')}\n`
}

function moduleOf(module: LibraryModule) {
  const tables: Serving[] = module.tables.map(anyServing)
  return { ...module, oid: oid(module.oid), tables }
}

function plainLog(): Log {
  return createLog({ component: 'agent', level: 'warn', write: (line) => process.stderr.write(line) })
}
