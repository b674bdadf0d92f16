/** A .cnf file of a home, as the daemon whose file it is reads it: with what was set over SNMP since a person edited it. */
import { join } from 'node:path'
import { declaredNames } from '../../catalogue.ts'
import type { Home } from '../../lib/home/home.ts'
import { ConfigFile } from '../../lib/mib/config.ts'
import type { Serving } from '../../lib/mib/module.ts'

/** `file` is below conf/, such as `subagents/critagt.cnf`. */
export function configFileOf(home: Home, file: string, configured: readonly Serving[], { secret = false } = {}) {
  return new ConfigFile(configured, {
    path: join(home.conf, file),
    overlayPath: join(home.data, file),
    ...(secret ? { secret } : {}),
    resolveName: (name) => declaredNames.resolve(name),
  })
}
