/** Keeps hrSWInstalledTable as dpkg's status file is, or rpm's report: read again, in a thread, only when it has changed. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { RowOf } from '../../lib/mib/declare.ts'
import type { ServedTable } from '../../lib/mib/served.ts'
import { type Pace, runInSlices } from '../../lib/process/slices.ts'
import { zeroDotZero } from '../../lib/smi/oid.ts'
import { cutOctets } from '../../lib/text/octets.ts'
import type { hrSWInstalled, hrSWInstalledTable } from './mib.ts'
import type { PackageReport, PackagesThreadData } from './packages-thread.ts'

type Row = RowOf<typeof hrSWInstalledTable>

export interface PackageSamplerOptions {
  /** dpkg's folder. */
  readonly folder: string
  /** The report of rpmProgram, for where there is no dpkg; nothing is shown without either. */
  readonly rpmReport?: string | undefined
  readonly table: ServedTable<typeof hrSWInstalledTable>
  readonly scalars: ServedTable<typeof hrSWInstalled>
}

interface Found {
  readonly data: PackagesThreadData
  /** Another one means that it has to be read again. */
  readonly version: string
  readonly isCurrent: boolean
}

/** Three rounds of rpmProgram. */
const rpmStaleMs = 180_000

export class PackageSampler {
  readonly #options: PackageSamplerOptions
  #version: string | undefined
  #isRunning = false

  constructor(options: PackageSamplerOptions) {
    this.#options = options
  }

  /** False when there are no packages here, or nobody renews what is known of them, or the round before still goes on. */
  async sample(pace: Pace, upTimeTicks: () => number): Promise<boolean> {
    if (this.#isRunning) return false
    this.#isRunning = true
    try {
      // What is current now is what the file said at this moment.
      const askedTicks = upTimeTicks()
      const found = await this.#find()
      if (!found) return false
      if (found.version !== this.#version && !(await this.#read(found.data, pace, upTimeTicks))) return false
      this.#version = found.version
      if (!found.isCurrent) return false
      this.#put({ hrSWInstalledLastUpdateTime: askedTicks })
      return true
    } finally {
      this.#isRunning = false
    }
  }

  async #find(): Promise<Found | undefined> {
    const { folder, rpmReport } = this.#options
    const dpkg = await stat(join(folder, 'status')).catch(() => undefined)
    if (dpkg) return { data: { kind: 'dpkg', path: folder }, version: `dpkg ${dpkg.mtimeMs}`, isCurrent: true }
    if (rpmReport === undefined) return undefined
    const rpm = await stat(rpmReport).catch(() => undefined)
    if (!rpm) return undefined
    // Another report is another file; the time of one is when it was last found to be true.
    const version = `rpm ${rpm.ino} ${rpm.birthtimeMs} ${rpm.size}`
    return { data: { kind: 'rpm', path: rpmReport }, version, isCurrent: Date.now() - rpm.mtimeMs < rpmStaleMs }
  }

  async #read(data: PackagesThreadData, pace: Pace, upTimeTicks: () => number): Promise<boolean> {
    const reports = await readPackages(data, pace.signal)
    if (!reports) return false
    const before = new Map([...this.#options.table.rows()].map((row) => [row.hrSWInstalledIndex, row]))
    let isOther = before.size !== reports.length
    const { table } = this.#options
    function* put(reports: readonly PackageReport[]): Iterable<void> {
      table.beginSweep()
      for (const [position, report] of reports.entries()) {
        const row = toRow(position + 1, report)
        const old = before.get(row.hrSWInstalledIndex)
        isOther ||= old?.hrSWInstalledName !== row.hrSWInstalledName
        if (old && isSame(old, row)) table.put(old)
        else table.put(row)
        yield
      }
      table.endSweep()
    }
    if (!(await runInSlices(put(reports), pace))) return false
    if (isOther) this.#put({ hrSWInstalledLastChange: upTimeTicks() })
    return true
  }

  #put(change: Partial<RowOf<typeof hrSWInstalled>>): void {
    const { scalars } = this.#options
    const before = scalars.get({}) ?? { hrSWInstalledLastChange: 0, hrSWInstalledLastUpdateTime: 0 }
    scalars.put({ ...before, ...change })
  }
}

/** RFC 2790: the indexes are 1 up to the number of packages. */
function toRow(hrSWInstalledIndex: number, { title, type, changedMs }: PackageReport): Row {
  return {
    hrSWInstalledIndex,
    hrSWInstalledName: cutOctets(title, 64),
    hrSWInstalledID: zeroDotZero,
    hrSWInstalledType: type,
    hrSWInstalledDate: changedMs === undefined ? 'unknown' : new Date(changedMs),
  }
}

function isSame(a: Row, b: Row): boolean {
  return (
    a.hrSWInstalledName === b.hrSWInstalledName &&
    a.hrSWInstalledType === b.hrSWInstalledType &&
    String(a.hrSWInstalledDate) === String(b.hrSWInstalledDate)
  )
}

/** Undefined when it was told to stop before the answer. */
function readPackages(data: PackagesThreadData, signal: AbortSignal): Promise<readonly PackageReport[] | undefined> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./packages-thread.js', import.meta.url), { workerData: data })
    worker.unref()
    const stop = (): void => void worker.terminate()
    signal.addEventListener('abort', stop, { once: true })
    worker.once('message', (reports: readonly PackageReport[]) => resolve(reports))
    worker.once('error', (cause) => reject(new Error(`read the packages of ${data.path}`, { cause })))
    worker.once('exit', () => {
      signal.removeEventListener('abort', stop)
      resolve(undefined)
    })
  })
}
