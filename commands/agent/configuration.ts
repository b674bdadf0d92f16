/** snmpd.cnf as the agent reads it, for commands that look into it or change it. */
import { internalModules } from '../../agent/internal/index.ts'
import { declaredDefinitions } from '../../catalogue.ts'
import { ConfigurationError } from '../../lib/cnf/complaint.ts'
import { type Home, requireHome } from '../../lib/home/home.ts'
import type { Definition } from '../../lib/mib/declare.ts'
import { guardedSubtrees } from '../../lib/mib/guarded.ts'
import { type AnyRow, anyRow } from '../../lib/mib/served.ts'
import { enginePath, keepEngineId, readEngineId } from '../../snmp/engine/engine-identity.ts'
import { Statistics } from '../../snmp/engine/statistics.ts'
import { LocalV3 } from '../../snmp/local-v3.ts'
import { mib2Modules } from '../../subagents/mib2/index.ts'
import { configFileOf } from './config-file.ts'
import { rowsAmong } from './rows.ts'

/** Throws HomeError where there is no home or no access to it, and ConfigurationError for a broken file. */
export async function openConfiguration(home: Home) {
  requireHome(home, ['conf'])
  // Who only reads writes nothing: an engine that never started has no engineID yet.
  const engineId = (await readEngineId(enginePath(home))) ?? new Uint8Array(0)
  const internal = internalModules({ statistics: new Statistics(), v3: new LocalV3(engineId) })
  const configured = [
    ...internal.modules.flatMap((module) => module.configured),
    ...mib2Modules().flatMap((one) => one.configured),
  ]
  const config = configFileOf(home, 'agent/snmpd.cnf', configured, { secret: true })
  const { complaints, loaded, apply } = await config.prepare()
  if (complaints.length > 0) throw new ConfigurationError(complaints)
  apply()
  internal.guard(guardedSubtrees(declaredDefinitions))
  return {
    config,
    /** As it is in the files, for complaints about it. */
    loaded,
    /** For keys, which are good for this engine alone; makes its engineID when there is none. */
    keepEngineId: () => keepEngineId(enginePath(home)),
    internal,
    address: internal.listenAddresses()[0] ?? '127.0.0.1:161',
    /** The rows of a table, by its declaration. */
    rowsOf: ({ entryName }: Definition): AnyRow[] =>
      configured
        .filter(({ table }) => table.definition.entryName === entryName)
        .flatMap(({ table }) => [...table.rows()].map(anyRow)),
    rows: <D extends { readonly entry: readonly number[] }>(declared: D) => rowsAmong(configured, declared),
  }
}

export type Configuration = Awaited<ReturnType<typeof openConfiguration>>
