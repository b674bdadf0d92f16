/** The two tables of what is installed, kept as the last look at the disk found it; a manager may say what an element is. */
import { basename, dirname } from 'node:path'
import type { RowOf } from '../../lib/mib/declare.ts'
import { anyServing, type Refusal, type Serving, serve } from '../../lib/mib/module.ts'
import { truncateUtf8 } from '../../lib/text/text.ts'
import type { FoundElement, FoundPackage } from './inspect.ts'
import type { Ledger } from './ledger.ts'
import { sysApplInstallElmtTable, sysApplInstallPkgTable } from './mib.ts'
import { plays, type Role } from './syntax.ts'

type ElementRow = RowOf<typeof sysApplInstallElmtTable>

/** An element that may run. */
export interface InstalledProgram {
  readonly packageIndex: number
  readonly elementIndex: number
  readonly path: string
  readonly realPath: string
}

interface Place {
  readonly packageName: string
  readonly path: string
}

export class Installed {
  readonly #ledger: Ledger
  readonly #servedPackages = serve(sysApplInstallPkgTable)
  readonly #servedElements
  readonly #packages = this.#servedPackages.table
  readonly #elements
  readonly #places = new Map<number, Place>()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
    this.#servedElements = serve(sysApplInstallElmtTable, {
      test: ({ after }) => this.#refuseRole(after),
      commit: ({ after }) => (after ? { undo: this.#setRole(after) } : undefined),
    })
    this.#elements = this.#servedElements.table
  }

  get servings(): Serving[] {
    return [anyServing(this.#servedPackages), anyServing(this.#servedElements)]
  }

  /** Makes the tables show these, and gives the programs among them. */
  show(found: readonly FoundPackage[]): InstalledProgram[] {
    const programs: InstalledProgram[] = []
    this.#packages.beginSweep()
    this.#elements.beginSweep()
    this.#places.clear()
    for (const one of found) {
      const packageIndex = this.#ledger.packageIndex(one.name)
      this.#packages.put({
        sysApplInstallPkgIndex: packageIndex,
        sysApplInstallPkgManufacturer: truncateUtf8(one.manufacturer, 255),
        sysApplInstallPkgProductName: truncateUtf8(one.name, 255),
        sysApplInstallPkgVersion: truncateUtf8(one.version, 255),
        sysApplInstallPkgSerialNumber: '',
        sysApplInstallPkgDate: dateOf(one.installedMs),
        sysApplInstallPkgLocation: truncateUtf8(one.location, 1024),
      })
      let hasPrimary = false
      for (const element of one.elements) {
        let role = this.#ledger.roleOf(one.name, element.path) ?? element.role
        // An application has one, and only one primary element: the first that is said to be.
        if (hasPrimary && plays(role, 'primary')) role = new Set([...role].filter((bit) => bit !== 'primary'))
        hasPrimary ||= plays(role, 'primary')
        const elementIndex = this.#show(packageIndex, one, element, role)
        if (element.type === 'nonexecutable') continue
        programs.push({ packageIndex, elementIndex, path: element.path, realPath: element.realPath })
      }
    }
    this.#packages.endSweep()
    this.#elements.endSweep()
    return programs
  }

  #show(packageIndex: number, one: FoundPackage, element: FoundElement, role: Role): number {
    const { index, octets, installedMs } = this.#ledger.element(one.name, element.path, {
      version: one.version,
      octets: element.octets,
      installedMs: one.dpkg === '' ? element.createdMs : (one.installedMs ?? element.createdMs),
    })
    this.#places.set(index, { packageName: one.name, path: element.path })
    this.#elements.put({
      sysApplInstallPkgIndex: packageIndex,
      sysApplInstallElmtIndex: index,
      sysApplInstallElmtName: truncateUtf8(basename(element.path), 255),
      sysApplInstallElmtType: element.type,
      sysApplInstallElmtDate: new Date(installedMs),
      sysApplInstallElmtPath: truncateUtf8(dirname(element.path), 1024),
      sysApplInstallElmtSizeHigh: high(octets),
      sysApplInstallElmtSizeLow: octets >>> 0,
      sysApplInstallElmtRole: role,
      sysApplInstallElmtModifyDate: new Date(element.modifiedMs),
      sysApplInstallElmtCurSizeHigh: high(element.octets),
      sysApplInstallElmtCurSizeLow: element.octets >>> 0,
    })
    return index
  }

  roleOf(packageIndex: number, elementIndex: number): Role | undefined {
    const index = { sysApplInstallPkgIndex: packageIndex, sysApplInstallElmtIndex: elementIndex }
    return this.#elements.get(index)?.sysApplInstallElmtRole
  }

  /** Elements of a package, in the order of their indexes. */
  *elementsOf(packageIndex: number): IterableIterator<ElementRow> {
    for (const row of this.#elements.rows()) if (row.sysApplInstallPkgIndex === packageIndex) yield row
  }

  has(packageIndex: number): boolean {
    return this.#packages.get({ sysApplInstallPkgIndex: packageIndex }) !== undefined
  }

  /** sysApplInstallElmtRole: one, and only one, element of an application is its primary executable. */
  #refuseRole(after: ElementRow | undefined): Refusal | undefined {
    if (!after || !plays(after.sysApplInstallElmtRole, 'primary')) return undefined
    const { sysApplInstallPkgIndex, sysApplInstallElmtIndex } = after
    const isTaken = [...this.elementsOf(sysApplInstallPkgIndex)].some(
      (row) => row.sysApplInstallElmtIndex !== sysApplInstallElmtIndex && plays(row.sysApplInstallElmtRole, 'primary'),
    )
    return isTaken ? { status: 'inconsistentValue', column: 'sysApplInstallElmtRole' } : undefined
  }

  /** Takes what a manager said an element is; gives what takes it back. Durable once the ledger is saved. */
  #setRole({ sysApplInstallElmtIndex, sysApplInstallElmtRole }: ElementRow): () => void {
    const place = this.#places.get(sysApplInstallElmtIndex)
    if (!place) return () => {} // it was removed from the disk in this moment
    const before = this.#ledger.setRole(place.packageName, place.path, sysApplInstallElmtRole)
    return () => this.#ledger.setRole(place.packageName, place.path, before)
  }
}

/** Blocks of 2^32 octets. */
function high(octets: number): number {
  return Math.floor(octets / 0x1_0000_0000)
}

function dateOf(timeMs: number | undefined): Date | undefined {
  return timeMs === undefined ? undefined : new Date(timeMs)
}
