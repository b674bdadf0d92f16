/** What castellan check says of access rights that are legal, and still a mistake: of snmpd.cnf alone, and beside what is shipped. */

import { join } from 'node:path'
import { consoleView } from '../../agent/access/guarded-families.ts'
import { vacmOf } from '../../agent/internal/access.ts'
import { vacmAccessTable, vacmViewTreeFamilyTable } from '../../agent/internal/access-tables.ts'
import { nlmLogVariableTable } from '../../agent/internal/notification-log-tables.ts'
import { declaredDefinitions, declaredNames } from '../../catalogue.ts'
import type { Complaint } from '../../lib/cnf/complaint.ts'
import { parseDocument } from '../../lib/cnf/document.ts'
import { type Home, readTemplates } from '../../lib/home/home.ts'
import { configuredRows, type LoadedFile } from '../../lib/mib/configured-rows.ts'
import { anyDefinition, type RowOf } from '../../lib/mib/declare.ts'
import { entryTypes } from '../../lib/mib/entry-types.ts'
import { guardedSubtrees } from '../../lib/mib/guarded.ts'
import type { Serving } from '../../lib/mib/module.ts'
import { applyRules, type Rule } from '../../lib/mib/rules.ts'
import { formatOid, type Oid } from '../../lib/smi/oid.ts'
import { eventModule } from '../../subagents/event/index.ts'
import { scheduleModule } from '../../subagents/schedule/index.ts'
import { configFileOf } from '../agent/config-file.ts'
import { openConfiguration } from '../agent/configuration.ts'
import { eventRightsRule, scheduleRightsRule } from './rights.ts'

type FamilyRow = RowOf<typeof vacmViewTreeFamilyTable>

/** The one view that may have what holds commands, and secrets. */
const adminView = 'admin'
const guarded = guardedSubtrees(declaredDefinitions)
/** What the console's view has, since the history is made of it. */
const loggedVariables = formatOid(nlmLogVariableTable.entry.slice(0, -1))

/** Of the files of the agent together; each can be read. */
export async function checkAccess(home: Home): Promise<Complaint[]> {
  const { loaded } = await openConfiguration(home)
  const files = [
    loaded,
    await read(home, 'agent/eventagt.cnf', eventModule().configured),
    await read(home, 'agent/schedule.cnf', scheduleModule(home).configured),
  ]
  const rules = [
    commandsRule,
    exposureRule(await shippedFamilies()),
    eventRightsRule(declaredNames, guarded),
    scheduleRightsRule(declaredNames, guarded),
  ]
  return applyRules(rules, configuredRows(files))
}

async function read(home: Home, file: string, configured: readonly Serving[]): Promise<LoadedFile> {
  return (await configFileOf(home, file, configured).prepare()).loaded
}

/** An error: one who knows the community could run any program. */
const commandsRule: Rule = (rows, report) => {
  const vacm = vacmOf(rows, guarded)
  const commands = declaredDefinitions.flatMap(({ readable }) => readable.filter(({ command }) => command))
  for (const { row, placeOf } of rows.of(vacmAccessTable)) {
    const { vacmGroupName, vacmAccessSecurityLevel: level, vacmAccessWriteViewName: viewName } = row
    const view = viewName === '' ? undefined : vacm.viewNamed(viewName)
    if (!view || (level === 'authPriv' && viewName === adminView)) continue
    const opened = commands.filter((column) => view.decide(column) !== 'out').map(({ name }) => name)
    if (opened.length > 0)
      report.error(
        placeOf('vacmAccessWriteViewName'),
        `vacmAccessEntry ${vacmGroupName} lets ${level} write view ${viewName}, which has columns that hold commands (${opened.slice(0, 3).join(', ')}); only view ${adminView} at authPriv may have them`,
      )
  }
}

/** Communities, users, commands, contents of logs: what the shipped view `read` has not, another one seldom means to show. */
function exposureRule(shipped: readonly FamilyRow[]): Rule {
  const excluded = shipped.filter(
    (row) => row.vacmViewTreeFamilyViewName === 'read' && row.vacmViewTreeFamilyType === 'excluded',
  )
  const secret = [...excluded.map((one) => one.vacmViewTreeFamilySubtree), ...guarded]
  return (rows, report) => {
    const vacm = vacmOf(rows, guarded)
    const seen = new Set<string>()
    for (const { row, placeOf } of rows.of(vacmAccessTable)) {
      const { vacmAccessReadViewName: viewName, vacmAccessSecurityLevel: level } = row
      const view = vacm.viewNamed(viewName)
      if (!view || seen.has(viewName) || (level === 'authPriv' && viewName === adminView)) continue
      seen.add(viewName)
      const meant = viewName === consoleView && level === 'authPriv' ? loggedVariables : undefined
      const shown = secret.filter((oid) => view.decide({ oid }) !== 'out' && formatOid(oid) !== meant)
      if (shown.length === 0) continue
      const lines = shown.map((oid) => familyLine(viewName, oid, 'excluded'))
      report.warn(
        placeOf('vacmAccessReadViewName'),
        `view ${viewName} shows ${shown.map((oid) => declaredNames.format(oid)).join(', ')} at ${level}, which the shipped view read excludes; add: ${lines.join('; ')}`,
      )
    }
  }
}

/** The line of snmpd.cnf that puts a subtree into a view, or takes it out. */
export function familyLine(viewName: string, subtree: Oid, type: 'included' | 'excluded'): string {
  return `vacmViewTreeFamilyEntry ${viewName} ${declaredNames.format(subtree)} - ${type} nonVolatile`
}

/** The views of the snmpd.cnf that a new home gets. */
async function shippedFamilies(): Promise<FamilyRow[]> {
  const template = (await readTemplates()).find(({ file }) => file === join('agent', 'snmpd.cnf'))
  const { entryName } = vacmViewTreeFamilyTable
  const lines = (template?.text ?? '').split('\n').filter((line) => line.startsWith(`${entryName} `))
  const types = entryTypes(anyDefinition(vacmViewTreeFamilyTable), (name) => declaredNames.resolve(name))
  return parseDocument(lines.join('\n'), 'snmpd.cnf', types).entries.map(({ values }) => values as FamilyRow)
}
