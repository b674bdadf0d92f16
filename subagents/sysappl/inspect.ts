/** Looks at the disk for what declared packages really have there. */
import type { Stats } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { type DebianPackage, DpkgStatus } from './dpkg.ts'
import type { DeclaredElement, DeclaredPackage } from './packages.ts'

export interface FoundElement extends DeclaredElement {
  /** Where the path leads once links are followed: what the kernel calls the program. */
  readonly realPath: string
  readonly octets: number
  readonly modifiedMs: number
  /** When it came to this disk, as far as the file system tells. */
  readonly createdMs: number
}

export interface FoundPackage extends Omit<DeclaredPackage, 'elements'> {
  readonly installedMs: number | undefined
  readonly elements: readonly FoundElement[]
}

export interface Inspection {
  readonly packages: readonly FoundPackage[]
  /** What is declared and not there, in words. */
  readonly missing: readonly string[]
}

/** Declared packages that are there: of those that name a Debian package, the ones that dpkg has installed. */
export async function inspectPackages(declared: readonly DeclaredPackage[], dpkgFolder: string): Promise<Inspection> {
  const missing: string[] = []
  const packages: FoundPackage[] = []
  const dpkg = declared.some((one) => one.dpkg !== '') ? await DpkgStatus.open(dpkgFolder) : undefined
  for (const one of declared) {
    const debian = one.dpkg === '' ? undefined : await dpkg?.find(one.dpkg)
    if (one.dpkg !== '' && !debian) {
      missing.push(`Debian package ${one.dpkg} (not installed)`)
      continue
    }
    packages.push(await inspectPackage(one, debian, missing))
  }
  return { packages, missing }
}

async function inspectPackage(
  declared: DeclaredPackage,
  debian: DebianPackage | undefined,
  missing: string[],
): Promise<FoundPackage> {
  const elements: FoundElement[] = []
  // One after the other: a path on a mount that hangs must not take more than one of Node's few threads.
  for (const element of declared.elements) {
    const found = await inspectElement(element)
    if (found) elements.push(found)
    else missing.push(`${element.path} (not there)`)
  }
  const location = declared.location === '' ? undefined : await statOf(declared.location)
  return {
    ...declared,
    version: declared.version || (debian?.version ?? ''),
    installedMs: debian?.installedMs ?? (location && createdMs(location)),
    elements,
  }
}

async function inspectElement(element: DeclaredElement): Promise<FoundElement | undefined> {
  const found = await statOf(element.path)
  if (!found) return undefined
  const realPath = await realpath(element.path).catch(() => element.path)
  return { ...element, realPath, octets: found.size, modifiedMs: found.mtimeMs, createdMs: createdMs(found) }
}

function statOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch(() => undefined)
}

/** File systems that keep no time of birth tell 0. */
function createdMs({ birthtimeMs, mtimeMs }: Stats): number {
  return birthtimeMs > 0 ? birthtimeMs : mtimeMs
}
