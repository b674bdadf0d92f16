/** The registrations of HOST-RESOURCES-TYPES (RFC 2790) that a Linux host has a use for. */
import { type Oid, oid } from '../../lib/smi/oid.ts'

const of = (branch: string, number: number): Oid => oid(`1.3.6.1.2.1.25.${branch}.${number}`)

export const storageTypes = {
  other: of('2.1', 1),
  ram: of('2.1', 2),
  virtualMemory: of('2.1', 3),
  fixedDisk: of('2.1', 4),
  removableDisk: of('2.1', 5),
  compactDisc: of('2.1', 7),
  ramDisk: of('2.1', 8),
  networkDisk: of('2.1', 10),
} as const

export const deviceTypes = {
  processor: of('3.1', 3),
  network: of('3.1', 4),
  diskStorage: of('3.1', 6),
} as const

const fileSystemTypes = {
  other: of('3.9', 1),
  fat: of('3.9', 5),
  hfs: of('3.9', 7),
  ntfs: of('3.9', 9),
  journaled: of('3.9', 11),
  iso9660: of('3.9', 12),
  nfs: of('3.9', 14),
  afs: of('3.9', 16),
  fat32: of('3.9', 22),
  linuxExt2: of('3.9', 23),
} as const

const byKernelName: ReadonlyMap<string, Oid> = new Map(
  Object.entries({
    ext2: fileSystemTypes.linuxExt2,
    ext3: fileSystemTypes.linuxExt2,
    ext4: fileSystemTypes.linuxExt2,
    xfs: fileSystemTypes.journaled,
    jfs: fileSystemTypes.journaled,
    msdos: fileSystemTypes.fat,
    vfat: fileSystemTypes.fat32,
    hfs: fileSystemTypes.hfs,
    hfsplus: fileSystemTypes.hfs,
    ntfs: fileSystemTypes.ntfs,
    ntfs3: fileSystemTypes.ntfs,
    iso9660: fileSystemTypes.iso9660,
    nfs: fileSystemTypes.nfs,
    nfs4: fileSystemTypes.nfs,
    afs: fileSystemTypes.afs,
  }),
)

/** hrFSType of what the kernel calls a file system's type; hrFSOther for the many that have no registration. */
export function fileSystemType(name: string): Oid {
  return byKernelName.get(name) ?? fileSystemTypes.other
}
