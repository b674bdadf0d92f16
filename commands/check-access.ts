/** What castellan check says of access rights that are legal, and still a mistake. */
import { vacmAccessTable } from '../agent/internal/access-tables.ts'
import type { Home } from '../lib/home.ts'
import { openConfiguration } from './configuration.ts'
import { declaredDefinitions } from './declared-names.ts'

/** The one view that may have what holds commands. */
const adminView = 'admin'

/** One sentence for each entry that opens more than it should. */
export async function checkAccess(home: Home): Promise<string[]> {
  const { rows, internal } = await openConfiguration(home)
  const vacm = internal.vacm()
  const commands = declaredDefinitions.flatMap(({ readable }) => readable.filter(({ command }) => command))
  const complaints: string[] = []
  for (const entry of rows(vacmAccessTable)) {
    const { vacmGroupName, vacmAccessSecurityLevel: level, vacmAccessWriteViewName: viewName } = entry
    const view = viewName === '' ? undefined : vacm.viewNamed(viewName)
    if (!view || (level === 'authPriv' && viewName === adminView)) continue
    const opened = commands.filter((column) => view.decide(column) !== 'out').map(({ name }) => name)
    if (opened.length > 0)
      complaints.push(
        `snmpd.cnf: vacmAccessEntry ${vacmGroupName} lets ${level} write view ${viewName}, which has columns that hold commands (${opened.slice(0, 3).join(', ')}); only view ${adminView} at authPriv may have them`,
      )
  }
  return complaints
}
