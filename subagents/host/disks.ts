/** Disks and their partitions as /sys/block tells them, and as rows. */
import type { RowOf } from '../../lib/mib/declare.ts'
import { cutOctets, type Octets, trimOctets } from '../../lib/text/octets.ts'
import type { hrDiskStorageTable, hrPartitionTable } from './mib.ts'
import { toKBytes } from './scale.ts'
import type { Source } from './source.ts'

export interface Partition {
  readonly number: number
  readonly name: Octets
  readonly label: Octets
  /** `major:minor`, as mounts name it. */
  readonly device: string
  readonly sizeOctets: number
}

export interface Disk {
  readonly name: Octets
  readonly device: string
  readonly model: Octets
  readonly sizeOctets: number
  readonly isReadOnly: boolean
  readonly isRemovable: boolean
  readonly errors: number
  readonly partitions: readonly Partition[]
}

/** /sys counts in sectors of 512 octets, whatever the disk's own are. */
const sectorOctets = 512
/** Memory, and what is made of other disks: their capacity is counted there. */
const notADisk = /^(ram|zram|dm-|fd)\d/

/** A virtual disk has the number of a vendor instead of its name. */
const isWord = (part: string): boolean => part !== '' && !part.startsWith('0x')

/** One disk; undefined for what is none, or has no medium and never takes one. */
export function readDisk(source: Source, name: string): Disk | undefined {
  if (notADisk.test(name)) return undefined
  const folder = `/sys/block/${name}`
  const read = (file: string): Octets => trimOctets(source.read(`${folder}/${file}`) ?? '')
  const sizeOctets = Number(read('size')) * sectorOctets
  const isRemovable = read('removable') === '1'
  if (!(sizeOctets > 0) && !(isRemovable && /^(sr|sd)/.test(name))) return undefined
  const partitions = (source.names(folder) ?? [])
    .filter((entry) => entry.startsWith(name))
    .flatMap((entry) => readPartition(source, `${folder}/${entry}`, entry) ?? [])
  return {
    name,
    device: read('dev'),
    model: [read('device/vendor'), read('device/model')].filter(isWord).join(' '),
    sizeOctets: sizeOctets > 0 ? sizeOctets : 0,
    isReadOnly: read('ro') === '1',
    isRemovable,
    errors: Number.parseInt(read('device/ioerr_cnt'), 16) || 0,
    partitions: partitions.sort((a, b) => a.number - b.number),
  }
}

function readPartition(source: Source, folder: string, name: string): Partition | undefined {
  const number = Number(source.read(`${folder}/partition`) ?? 0)
  if (!(number > 0)) return undefined
  const label = /^PARTNAME=(.+)$/m.exec(source.read(`${folder}/uevent`) ?? '')?.[1]
  return {
    number,
    name,
    label: label ?? `/dev/${name}`,
    device: source.read(`${folder}/dev`)?.trim() ?? '',
    sizeOctets: Number(source.read(`${folder}/size`) ?? 0) * sectorOctets,
  }
}

export function toDiskRow(hrDeviceIndex: number, disk: Disk): RowOf<typeof hrDiskStorageTable> {
  return {
    hrDeviceIndex,
    hrDiskStorageAccess: disk.isReadOnly ? 'readOnly' : 'readWrite',
    hrDiskStorageMedia: mediaOf(disk),
    hrDiskStorageRemoveble: disk.isRemovable,
    hrDiskStorageCapacity: toKBytes(disk.sizeOctets),
  }
}

/** `fsIndexOf` gives hrFSIndex of a device. A disk that bears a file system itself shows as its own only partition. */
export function toPartitionRows(
  hrDeviceIndex: number,
  disk: Disk,
  fsIndexOf: (device: string) => number,
): RowOf<typeof hrPartitionTable>[] {
  const { name, device, sizeOctets, partitions } = disk
  const isWhole = partitions.length === 0 && fsIndexOf(device) > 0
  const all = isWhole ? [{ number: 1, name, label: `/dev/${name}`, device, sizeOctets }] : partitions
  return all.map((partition) => ({
    hrDeviceIndex,
    hrPartitionIndex: partition.number,
    hrPartitionLabel: cutOctets(partition.label, 128),
    hrPartitionID: Buffer.from(`/dev/${partition.name}`, 'latin1'),
    hrPartitionSize: toKBytes(partition.sizeOctets),
    hrPartitionFSIndex: fsIndexOf(partition.device),
  }))
}

function mediaOf({ name, isRemovable }: Disk): RowOf<typeof hrDiskStorageTable>['hrDiskStorageMedia'] {
  if (name.startsWith('sr')) return 'opticalDiskROM'
  if (name.startsWith('loop')) return 'other'
  return isRemovable ? 'unknown' : 'hardDisk'
}
