/** Rules about sysappl.cnf: elements without a package or a file, and packages of a name that is taken. */
import { isNothingAt } from '../../lib/files/files.ts'
import type { Rule } from '../../lib/mib/rules.ts'
import { castellanApplElementTable, castellanApplPackageTable } from './mib.ts'
import { ownPackageNames } from './packages.ts'

export const packageRule: Rule = (rows, report) => {
  const packages = rows.of(castellanApplPackageTable)
  const names = new Set(packages.map(({ row }) => row.castellanApplPackageName))
  for (const { row, placeOf } of packages)
    if (ownPackageNames.includes(row.castellanApplPackageName))
      report.warn(
        placeOf('castellanApplPackageName'),
        `${row.castellanApplPackageName} is a package of Castellan's own; this line has no rows`,
      )
  for (const { row, placeOf } of rows.of(castellanApplElementTable))
    if (!names.has(row.castellanApplPackageName))
      report.warn(
        placeOf('castellanApplPackageName'),
        `there is no castellanApplPackageEntry ${row.castellanApplPackageName}`,
      )
}

export const elementRule: Rule = (rows, report) => {
  for (const { row, placeOf } of rows.of(castellanApplElementTable)) {
    const path = row.castellanApplElementPath
    if (isNothingAt(path)) report.warn(placeOf('castellanApplElementPath'), `there is no file ${path}`)
  }
}
