/** The row of critagt.cnf by which critapp controls sipd: as a unit of systemd where the appliance has units. */
import { join } from 'node:path'
import { ConfigurationError } from '../../lib/cnf/complaint.ts'
import type { Home } from '../../lib/home/home.ts'
import { requireOwner } from '../../lib/home/home-trust.ts'
import { configuredRows } from '../../lib/mib/configured-rows.ts'
import { anyDefinition } from '../../lib/mib/declare.ts'
import { critappModule } from '../../subagents/critapp/index.ts'
import { critAppProcTable } from '../../subagents/critapp/mib.ts'
import { configFileOf } from '../agent/config-file.ts'

const sipdUnit = 'castellan-sipd.service'
const file = join('subagents', 'critagt.cnf')

/**
 * Puts the unit in place of the commands that start and stop sipd; the rest of the row, all others and all comments stay.
 * Gives a sentence that says what was done. Throws ConfigurationError when the file is broken.
 */
export async function controlSipdByUnit(home: Home): Promise<string> {
  requireOwner(home, 'castellan units')
  const path = join(home.conf, file)
  const { configured } = critappModule(home, async () => 200)
  const config = configFileOf(home, file, configured)
  const { complaints, loaded } = await config.prepare()
  if (complaints.length > 0) throw new ConfigurationError(complaints)
  const rows = configuredRows([loaded]).of(critAppProcTable)
  const before = rows.map(({ row }) => row).find(({ critAppProcName }) => critAppProcName === 'sipd')
  if (!before) return `${path} has no row of sipd; add one that names ${sipdUnit}, or nothing starts sipd`
  const { critAppUnit: unit } = before
  if (unit === sipdUnit) return `${path} names ${sipdUnit} already`
  if (unit !== '') return `${path} has the unit ${unit} for sipd, which stays; the one written here is ${sipdUnit}`
  const after = { ...before, critAppStartCommand: '', critAppTerminateCommand: '', critAppUnit: sipdUnit }
  await config.persist([{ definition: anyDefinition(critAppProcTable), before, after }])
  return `${path} names ${sipdUnit} now, in place of commands that would start sipd as root`
}
