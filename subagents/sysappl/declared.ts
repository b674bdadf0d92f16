/** Packages and elements that lines of sysappl.cnf declare. */
import { anyServing, type Serving, serve } from '../../lib/mib/module.ts'
import { castellanApplElementTable, castellanApplPackageTable } from './mib.ts'
import type { DeclaredPackage } from './packages.ts'

export class Declared {
  readonly #packages
  readonly #elements

  /** `changed`: other lines are in force. */
  constructor(changed: () => void) {
    const handlers = { commit: () => ({ finish: changed }) }
    this.#packages = serve(castellanApplPackageTable, handlers)
    this.#elements = serve(castellanApplElementTable, handlers)
  }

  get servings(): Serving[] {
    return [this.#packages, this.#elements].map(anyServing)
  }

  get packages(): DeclaredPackage[] {
    const all = [...this.#elements.table.rows()]
    return [...this.#packages.table.rows()].map((row) => ({
      name: row.castellanApplPackageName,
      manufacturer: row.castellanApplPackageManufacturer,
      version: row.castellanApplPackageVersion,
      location: row.castellanApplPackageLocation,
      dpkg: row.castellanApplPackageDpkg,
      elements: all
        .filter(({ castellanApplPackageName }) => castellanApplPackageName === row.castellanApplPackageName)
        .map((element) => ({
          path: element.castellanApplElementPath,
          type: element.castellanApplElementType,
          role: element.castellanApplElementRole,
        })),
    }))
  }

  /** Lines that have no rows, in words: the name of a package is Castellan's own, or that of an element is of no package. */
  unusable(ownNames: ReadonlySet<string>): string[] {
    const names = new Set([...this.#packages.table.rows()].map((row) => row.castellanApplPackageName))
    const homeless = [...this.#elements.table.rows()].filter((row) => !names.has(row.castellanApplPackageName))
    return [
      ...[...names].filter((name) => ownNames.has(name)).map((name) => `${name} (a package of Castellan's own)`),
      ...homeless.map((row) => `${row.castellanApplElementPath} (without castellanApplPackageEntry)`),
    ]
  }
}
