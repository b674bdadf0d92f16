/** Keeps hrDeviceTable and the tables of each kind of device. Processors come first: the first has hrDeviceIndex 1. */
import type { RowOf } from '../../lib/mib/declare.ts'
import type { ServedTable } from '../../lib/mib/served.ts'
import { zeroDotZero } from '../../lib/smi/oid.ts'
import { cutOctets, type Octets } from '../../lib/text/octets.ts'
import { type Disk, readDisk, toDiskRow, toPartitionRows } from './disks.ts'
import { Indexes } from './indexes.ts'
import type { hrDeviceTable, hrDiskStorageTable, hrNetworkTable, hrPartitionTable, hrProcessorTable } from './mib.ts'
import { parseErrors, readNetworkDevice } from './network.ts'
import { ProcessorLoads, parseCpuinfo, parseStat } from './processors.ts'
import type { Source } from './source.ts'
import { deviceTypes } from './types.ts'

export interface DeviceTables {
  readonly devices: ServedTable<typeof hrDeviceTable>
  readonly processors: ServedTable<typeof hrProcessorTable>
  readonly networks: ServedTable<typeof hrNetworkTable>
  readonly disks: ServedTable<typeof hrDiskStorageTable>
  readonly partitions: ServedTable<typeof hrPartitionTable>
}

/** Each kind has numbers of its own, as Net-SNMP's agent gives them: 4 and 6 are their numbers in hrDeviceTypes. */
const firstNetworkIndex = 4 << 16
const firstDiskIndex = 6 << 16
const lastIndex = 0x7fff_ffff

export class DeviceSampler {
  readonly #source: Source
  readonly #tables: DeviceTables
  readonly #loads = new ProcessorLoads()
  readonly #models = new Map<number, string>()
  readonly #processors = new Set<number>()
  readonly #networkIndexes = new Indexes(firstNetworkIndex + 1, firstDiskIndex)
  readonly #diskIndexes = new Indexes(firstDiskIndex + 1, lastIndex)
  #disks: readonly { readonly index: number; readonly disk: Disk }[] = []

  constructor(source: Source, tables: DeviceTables) {
    this.#source = source
    this.#tables = tables
  }

  /** False when there is no /proc/stat to be read. */
  sampleProcessors(atMs: number): boolean {
    const text = this.#source.need('/proc/stat')
    if (text === undefined) return false
    const all = parseStat(text)
    this.#loads.add(atMs, all)
    if (all.some(({ number }) => !this.#processors.has(number))) this.#readModels()
    for (const { number } of all) this.#processors.add(number)
    const online = new Set(all.map(({ number }) => number))
    for (const number of this.#processors) this.#putProcessor(number, online.has(number))
    return true
  }

  /** A step is a device; when it is through, devices that are gone have gone. */
  *scan(fsIndexOf: (device: string) => number, nowMs: number): Iterable<void> {
    const found = new Set<number>()
    const links = new Set<Octets>()
    const errors = parseErrors(this.#source.need('/proc/net/dev') ?? '')
    for (const name of this.#source.needNames('/sys/class/net')) {
      const device = readNetworkDevice(this.#source, name, errors.get(name) ?? 0)
      const hrDeviceIndex = device && this.#networkIndexes.of(name, nowMs)
      if (device && hrDeviceIndex !== undefined) {
        links.add(name)
        found.add(hrDeviceIndex)
        const { status, ifIndex } = device
        this.#putDevice(hrDeviceIndex, deviceTypes.network, `network interface ${name}`, status, device.errors)
        this.#tables.networks.put({ hrDeviceIndex, hrNetworkIfIndex: ifIndex })
      }
      yield
    }
    const disks: { index: number; disk: Disk }[] = []
    for (const name of this.#source.needNames('/sys/block')) {
      const disk = readDisk(this.#source, name)
      const index = disk && this.#diskIndexes.of(name, nowMs)
      if (disk && index !== undefined) {
        found.add(index)
        disks.push({ index, disk })
        const description = disk.model === '' ? `disk ${name}` : `disk ${name}: ${disk.model}`
        this.#putDevice(index, deviceTypes.diskStorage, description, 'running', disk.errors)
        this.#tables.disks.put(toDiskRow(index, disk))
      }
      yield
    }
    this.#disks = disks
    this.#networkIndexes.keepOnly((name) => links.has(name), nowMs)
    const diskNames = new Set(disks.map(({ disk }) => disk.name))
    this.#diskIndexes.keepOnly((name) => diskNames.has(name), nowMs)
    this.#tables.partitions.replaceAll(disks.flatMap(({ index, disk }) => toPartitionRows(index, disk, fsIndexOf)))
    for (const { hrDeviceIndex } of [...this.#tables.devices.rows()]) {
      if (hrDeviceIndex >= firstNetworkIndex && !found.has(hrDeviceIndex)) this.#remove(hrDeviceIndex)
    }
  }

  isRemovable(device: string): boolean {
    return this.#holding(device)?.disk.isRemovable ?? false
  }

  /** hrDeviceIndex of the disk that a device `major:minor` is, or is a partition of. */
  diskIndexOf(device: string): number | undefined {
    return this.#holding(device)?.index
  }

  #holding(device: string): { readonly index: number; readonly disk: Disk } | undefined {
    return this.#disks.find(
      ({ disk }) => disk.device === device || disk.partitions.some((partition) => partition.device === device),
    )
  }

  #readModels(): void {
    for (const [number, model] of parseCpuinfo(this.#source.need('/proc/cpuinfo') ?? ''))
      this.#models.set(number, model)
  }

  #putProcessor(number: number, isOnline: boolean): void {
    const hrDeviceIndex = number + 1
    const description = this.#models.get(number) ?? `processor ${number}`
    this.#putDevice(hrDeviceIndex, deviceTypes.processor, description, isOnline ? 'running' : 'down', 0)
    this.#tables.processors.put({
      hrDeviceIndex,
      hrProcessorFrwID: zeroDotZero,
      hrProcessorLoad: isOnline ? this.#loads.loadPercent(number) : 0,
    })
  }

  #putDevice(
    hrDeviceIndex: number,
    hrDeviceType: RowOf<typeof hrDeviceTable>['hrDeviceType'],
    description: Octets,
    hrDeviceStatus: RowOf<typeof hrDeviceTable>['hrDeviceStatus'],
    hrDeviceErrors: number,
  ): void {
    this.#tables.devices.put({
      hrDeviceIndex,
      hrDeviceType,
      hrDeviceDescr: cutOctets(description, 64),
      hrDeviceID: zeroDotZero,
      hrDeviceStatus,
      hrDeviceErrors,
    })
  }

  #remove(hrDeviceIndex: number): void {
    this.#tables.devices.delete({ hrDeviceIndex })
    this.#tables.networks.delete({ hrDeviceIndex })
    this.#tables.disks.delete({ hrDeviceIndex })
  }
}
