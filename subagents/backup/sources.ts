/** What backup.cnf adds to the features of every appliance: rows of drsSourceTable as features, and what is wrong with them. */
import type { Component, Feature } from '../../lib/backup/feature.ts'
import type { RowOf } from '../../lib/mib/declare.ts'
import type { Rule } from '../../lib/mib/rules.ts'
import { parseCommand } from '../../lib/text/command.ts'
import { drsSourceTable } from './mib.ts'

export type SourceRow = RowOf<typeof drsSourceTable>

/** Behind those that every appliance has. */
const addedOrder = 50
const isFeatureName = (name: string): boolean => /^[A-Z0-9_-]{1,64}$/.test(name)
const isComponentName = (name: string): boolean => /^[A-Za-z0-9_-]{1,64}$/.test(name)

/** Rows that sourceRule finds wrong are left out. */
export function declaredFeatures(rows: Iterable<SourceRow>): Feature[] {
  const features = new Map<string, Component[]>()
  for (const row of rows) {
    const component = componentOf(row)
    if (typeof component === 'string') continue
    features.set(row.drsSourceFeature, [...(features.get(row.drsSourceFeature) ?? []), component])
  }
  return [...features].map(([name, components]) => ({ name, components, isRequired: false, order: addedOrder }))
}

/** A sentence where the row is none. */
function componentOf(row: SourceRow): Component | string {
  const { drsSourceName: name, drsSource: source, drsSourceRestoreCommand: restore } = row
  if (!isComponentName(name)) return `drsSourceName must be letters, digits, dashes and underscores, got ${name}`
  if (!isFeatureName(row.drsSourceFeature))
    return `drsSourceFeature must be capital letters, digits, dashes and underscores, got ${row.drsSourceFeature}`
  if (row.drsSourceKind !== 'command') {
    if (restore !== '') return 'drsSourceRestoreCommand is for commands; files and databases are put back as they are'
    const paths = source.split(/\s+/).filter((path) => path !== '')
    if (paths.some((path) => path.split('/').includes('..')))
      return `drsSource must not have .. in a path, got ${source}`
    return row.drsSourceKind === 'files' ? { kind: 'files', name, paths, except: [] } : { kind: 'sqlite', name, paths }
  }
  const argv = parseCommand(source)
  if ('error' in argv) return `drsSource: ${argv.error}`
  const limitMs = row.drsSourceLimitSeconds * 1000
  if (restore === '') return { kind: 'command', name, argv: argv.argv, limitMs }
  const back = parseCommand(restore)
  if ('error' in back) return `drsSourceRestoreCommand: ${back.error}`
  return { kind: 'command', name, argv: argv.argv, restoreArgv: back.argv, limitMs }
}

export const sourceRule: Rule = (rows, report) => {
  const names = new Set<string>()
  for (const { row, placeOf } of rows.of(drsSourceTable)) {
    const component = componentOf(row)
    if (typeof component === 'string') report.error(placeOf('drsSource'), component)
    const name = `${row.drsSourceFeature} ${row.drsSourceName}`
    if (names.has(name))
      report.error(placeOf('drsSourceName'), `${row.drsSourceFeature} has a component ${row.drsSourceName} already`)
    names.add(name)
  }
}
