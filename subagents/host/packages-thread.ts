/** The thread that reads which packages are installed, once: thousands of small files. Started by PackageSampler. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { type Octets, octetsOf, pathOf } from '../../lib/text/octets.ts'
import { packageTitle, parseDpkgStatus } from './packages.ts'
import { parseRpmList } from './rpm.ts'

export type PackagesThreadData =
  /** dpkg's folder, with `status` and `info/`. */
  | { readonly kind: 'dpkg'; readonly path: string }
  /** The report of rpmProgram. */
  | { readonly kind: 'rpm'; readonly path: string }

export interface PackageReport {
  /** In octets, as names of packages are. */
  readonly title: Octets
  readonly type: 'operatingSystem' | 'application'
  /** Milliseconds since 1970: of dpkg's list of its files, or when rpm installed it; undefined when nobody says. */
  readonly changedMs: number | undefined
}

const { kind, path }: PackagesThreadData = workerData
parentPort?.postMessage(kind === 'dpkg' ? ofDpkg(path) : ofRpm(path))

function ofDpkg(folder: string): PackageReport[] {
  const changeOf = (list: string): number | undefined =>
    statSync(pathOf(octetsOf(join(folder, 'info/')) + list), { throwIfNoEntry: false })?.mtimeMs
  return parseDpkgStatus(readFileSync(join(folder, 'status'), 'latin1')).map((one) => {
    const changedMs = one.lists.map(changeOf).find((found) => found !== undefined)
    return { title: packageTitle(one), type: one.type, changedMs }
  })
}

function ofRpm(report: string): PackageReport[] {
  return parseRpmList(readFileSync(report, 'latin1')).map(({ title, type, installedMs }) => {
    return { title, type, changedMs: installedMs }
  })
}
