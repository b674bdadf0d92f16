/** Rules about scripts.cnf: scripts that cannot be run, and launches of scripts that are not there. */
import type { RowOf } from '../../lib/mib/declare.ts'
import type { Rule } from '../../lib/mib/rules.ts'
import { smLaunchTable, smScriptTable } from './mib.ts'
import { argvOf } from './program.ts'
import { wordsOf } from './run.ts'
import { isEditing, programOf } from './scripts.ts'

type LaunchRow = RowOf<typeof smLaunchTable>

export const scriptRule: Rule = (rows, report) => {
  for (const { row, placeOf } of rows.of(smScriptTable))
    if (isEditing(row))
      report.error(
        placeOf('smScriptAdminStatus'),
        'smScriptAdminStatus must be enabled or disabled; code is not edited here',
      )
}

/** A script that cannot be run is served all the same, and says so in smScriptOperStatus. */
export const programRule: Rule = (rows, report) => {
  for (const { row, placeOf } of rows.of(smScriptTable)) {
    if (row.smScriptAdminStatus !== 'enabled') continue
    const found = argvOf(programOf(row), [])
    if ('status' in found)
      report.warn(placeOf(found.status === 'wrongLanguage' ? 'smScriptLanguage' : 'scriptCommand'), found.sentence)
  }
}

export const launchRule: Rule = (rows, report) => {
  const scripts = new Map(rows.of(smScriptTable).map(({ row }) => [`${row.smScriptOwner}/${row.smScriptName}`, row]))
  for (const { row, placeOf } of rows.of(smLaunchTable)) {
    const name = `${row.smLaunchScriptOwner}/${row.smLaunchScriptName}`
    const script = scripts.get(name)
    const at = placeOf('smLaunchScriptName')
    if (!script) report.warn(at, `there is no smScriptEntry ${name}; the launch cannot start`)
    else if (isOn(row) && script.smScriptAdminStatus !== 'enabled')
      report.warn(at, `script ${name} is ${script.smScriptAdminStatus}; the launch cannot start`)
    const words = wordsOf(row.smLaunchArgument)
    if ('error' in words) report.warn(placeOf('smLaunchArgument'), `smLaunchArgument: ${words.error}`)
  }
}

function isOn({ smLaunchAdminStatus }: LaunchRow): boolean {
  return smLaunchAdminStatus !== 'disabled'
}
