/** drsFileTable: the backups on each device, as it was asked last. */
import type { StoredSet } from '../../lib/backup/inquiry.ts'
import { serve } from '../../lib/mib/module.ts'
import { truncateUtf8 } from '../../lib/text/text.ts'
import { kBytes } from './device-table.ts'
import { drsFileTable } from './mib.ts'

export class FileTable {
  readonly served = serve(drsFileTable, {})

  /** `version` is that of this program. */
  show(drsDeviceIndex: number, sets: readonly StoredSet[], version: string): void {
    this.forget(drsDeviceIndex)
    for (const [at, set] of sets.toSorted((a, b) => a.timeMs - b.timeMs).entries())
      this.served.table.put({
        drsDeviceIndex,
        drsFileIndex: at + 1,
        drsFileName: truncateUtf8(set.name, 255),
        drsFileTime: new Date(set.timeMs),
        drsFileKBytes: kBytes(set.octets),
        drsFileVersion: truncateUtf8(set.version, 255),
        drsFileFeatures: truncateUtf8(set.features.join(','), 1024),
        drsFileRestorable: set.isComplete && set.version === version,
        drsFileNodes: truncateUtf8(set.nodes.join(','), 1024),
      })
  }

  forget(drsDeviceIndex: number): void {
    for (const row of [...this.served.table.rows()])
      if (row.drsDeviceIndex === drsDeviceIndex) this.served.table.delete(row)
  }
}
