/** The modules of the agent's process, and every object and notification that it knows by name. */

import { anyDefinition, type Definition, type Notification } from '../lib/mib/declare.ts'
import type { ConfiguredModule } from '../lib/mib/hosting.ts'
import { ownNotifications } from './internal/own-notifications.ts'

export interface Declared {
  readonly definitions: readonly Definition[]
  readonly notifications: readonly Notification[]
}

/** The modules of the engine itself come first; `alsoNamed` is served in other processes. */
export function declaredBy(
  internal: readonly Omit<ConfiguredModule, 'file' | 'isWhole'>[],
  { modules: others, alsoNamed }: { readonly modules: readonly ConfiguredModule[]; readonly alsoNamed?: Declared },
): Declared & { readonly modules: readonly ConfiguredModule[] } {
  const modules = [...internal.map((module) => ({ ...module, file: 'agent/snmpd.cnf', isWhole: true })), ...others]
  return {
    modules,
    definitions: [
      ...modules.flatMap(({ module }) => module.tables.map(({ table }) => anyDefinition(table.definition))),
      ...(alsoNamed?.definitions ?? []),
    ],
    notifications: [
      ...modules.flatMap(({ module }) => module.notifications ?? []),
      ...ownNotifications,
      ...(alsoNamed?.notifications ?? []),
    ],
  }
}
