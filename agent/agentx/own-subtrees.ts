/** What the agent answers for by itself and leaves to no subagent: whole MIB modules, what they have no object for too. */
import { anyDefinition } from '../../lib/mib/declare.ts'
import type { ConfiguredModule } from '../../lib/mib/hosting.ts'
import { compareOid, formatOid, type Oid, oid, startsWith } from '../../lib/smi/oid.ts'

/** What it configures engines by, their keys and access rights among it (RFC 3411 and those that follow it). */
const snmpModules = oid('1.3.6.1.6.3')

/** The subtrees of the MIB modules that these serve, each once and in order. */
export function ownSubtrees(modules: readonly Pick<ConfiguredModule, 'module'>[]): readonly Oid[] {
  const found = new Map<string, Oid>()
  for (const { module } of modules) {
    const tables = module.tables.map(({ table }) => anyDefinition(table.definition).entry)
    for (const name of [module.oid, ...tables]) {
      const root = mibModuleOf(name)
      found.set(formatOid(root), root)
    }
  }
  return [...found.values()].toSorted(compareOid)
}

/** `1.3.6.1.2.1.92` of whatever NOTIFICATION-LOG-MIB has, `1.3.6.1.4.1.N` of an enterprise; all of snmpModules is one. */
function mibModuleOf(name: Oid): Oid {
  return startsWith(name, snmpModules) ? snmpModules : name.slice(0, 7)
}
