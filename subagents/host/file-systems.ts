/** File systems as rows of hrFSTable, hrStorageTable and castellanMountTable. */
import type { RowOf } from '../../lib/mib/declare.ts'
import { cutOctets } from '../../lib/text/octets.ts'
import type { castellanMountTable, hrFSTable, hrStorageTable } from './mib.ts'
import type { Mount } from './mounts.ts'
import { scaled } from './scale.ts'
import type { FileSystemSize } from './statfs.ts'
import { fileSystemType, storageTypes } from './types.ts'

type FsRow = RowOf<typeof hrFSTable>
type StorageRow = RowOf<typeof hrStorageTable>
type MountRow = RowOf<typeof castellanMountTable>

/** hrStorageIndex of a file system is its hrFSIndex and this: below it is memory. */
export const storageIndexOf = (hrFSIndex: number): number => 30 + hrFSIndex

/** `bootMountPoint` is where the kernel lies; `hasSize` whether there is a row in hrStorageTable. */
export function toFsRow(hrFSIndex: number, mount: Mount, bootMountPoint: string, hasSize: boolean): FsRow {
  return {
    hrFSIndex,
    hrFSMountPoint: cutOctets(mount.mountPoint, 128),
    hrFSRemoteMountPoint: mount.kind === 'network' ? cutOctets(mount.source, 128) : '',
    hrFSType: fileSystemType(mount.fsType),
    hrFSAccess: mount.isReadOnly ? 'readOnly' : 'readWrite',
    hrFSBootable: mount.mountPoint === bootMountPoint,
    hrFSStorageIndex: hasSize ? storageIndexOf(hrFSIndex) : 0,
    hrFSLastFullBackupDate: 'unknown',
    hrFSLastPartialBackupDate: 'unknown',
  }
}

export function toStorageRow(
  hrFSIndex: number,
  mount: Mount,
  { blockOctets, blocks, freeBlocks }: FileSystemSize,
  isRemovable: boolean,
): StorageRow {
  const { units, size, used } = scaled(blockOctets, blocks, Math.max(0, blocks - freeBlocks))
  return {
    hrStorageIndex: storageIndexOf(hrFSIndex),
    hrStorageType: storageTypeOf(mount, isRemovable),
    hrStorageDescr: cutOctets(mount.mountPoint, 255),
    hrStorageAllocationUnits: units,
    hrStorageSize: size,
    hrStorageUsed: used,
    hrStorageAllocationFailures: 0,
  }
}

/** A file system that cannot be written to has no percents: it is as full as it will ever be, which is no alarm. */
export function toMountRow(
  hrFSIndex: number,
  castellanMountState: MountRow['castellanMountState'],
  size: FileSystemSize | undefined,
  isReadOnly: boolean,
): MountRow {
  const row = { hrFSIndex, castellanMountState }
  if (!size || isReadOnly) return row
  const used = size.blocks - size.freeBlocks
  const inodesUsed = size.inodes - size.freeInodes
  return {
    ...row,
    castellanMountUsedPercent: percentUp(used, used + size.availableBlocks),
    ...(size.inodes > 0
      ? {
          castellanMountInodes: Math.min(0xffff_ffff, size.inodes),
          castellanMountInodesPercent: percentUp(inodesUsed, size.inodes),
        }
      : {}), // btrfs and others have no fixed number of inodes
  }
}

/** Rounded up, as `df` does. */
function percentUp(part: number, whole: number): number {
  return whole > 0 ? Math.min(100, Math.max(0, Math.ceil((part * 100) / whole))) : 0
}

function storageTypeOf({ kind, fsType }: Mount, isRemovable: boolean): StorageRow['hrStorageType'] {
  if (kind === 'network') return storageTypes.networkDisk
  if (kind === 'memory') return storageTypes.ramDisk
  if (kind === 'overlay') return storageTypes.other
  if (fsType === 'iso9660' || fsType === 'udf') return storageTypes.compactDisc
  return isRemovable ? storageTypes.removableDisk : storageTypes.fixedDisk
}
