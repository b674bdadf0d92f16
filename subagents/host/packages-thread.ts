/** The thread that reads which packages are installed, once: thousands of small files. Started by PackageSampler. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { packageTitle, parseDpkgStatus } from './packages.ts'

export interface PackagesThreadData {
  /** dpkg's folder, with `status` and `info/`. */
  readonly folder: string
}

export interface PackageReport {
  readonly title: string
  readonly type: 'operatingSystem' | 'application'
  /** Milliseconds since 1970; undefined when the list of files is not there. */
  readonly changedMs: number | undefined
}

const { folder } = workerData as PackagesThreadData
const packages = parseDpkgStatus(readFileSync(join(folder, 'status'), 'utf8'))
parentPort!.postMessage(
  packages.map((one): PackageReport => {
    const changedMs = one.lists.map(changeOf).find((found) => found !== undefined)
    return { title: packageTitle(one), type: one.type, changedMs }
  }),
)

function changeOf(list: string): number | undefined {
  return statSync(join(folder, 'info', list), { throwIfNoEntry: false })?.mtimeMs
}
