/** The tables of the host module; samplers fill them. */
import { anyServing, type Serving, serve } from '../../lib/mib/module.ts'
import { SingleRow } from '../../lib/mib/single-row.ts'
import {
  castellanHost,
  hrDeviceTable,
  hrDiskStorageTable,
  hrFSTable,
  hrNetworkTable,
  hrPartitionTable,
  hrProcessorTable,
  hrStorage,
  hrStorageTable,
  hrSWInstalled,
  hrSWInstalledTable,
  hrSWRun,
  hrSWRunTable,
} from './mib.ts'
import type { ShownKinds } from './mounts.ts'

export class HostTables {
  readonly memory = serve(hrStorage)
  readonly storage = serve(hrStorageTable)
  readonly devices = serve(hrDeviceTable)
  readonly processors = serve(hrProcessorTable)
  readonly networks = serve(hrNetworkTable)
  readonly disks = serve(hrDiskStorageTable)
  readonly partitions = serve(hrPartitionTable)
  readonly fileSystems = serve(hrFSTable)
  readonly operatingSystem = serve(hrSWRun)
  readonly running = serve(hrSWRunTable)
  readonly installed = serve(hrSWInstalled)
  readonly packages = serve(hrSWInstalledTable)
  /** What is shown, which is configured, and how full the machine is. */
  readonly own = new SingleRow(castellanHost, {
    castellanHostNetworkMounts: 'shown',
    castellanHostOverlayMounts: 'hidden',
    castellanHostMemoryMounts: 'shown',
  })

  get servings(): Serving[] {
    const { memory, storage, devices, processors, networks, disks, partitions, fileSystems } = this
    const { operatingSystem, running, installed, packages, own } = this
    const ofHardware = [memory, storage, devices, processors, networks, disks, partitions, fileSystems]
    return [...ofHardware, operatingSystem, running, installed, packages, own].map(anyServing)
  }

  get shownMounts(): ShownKinds {
    const { castellanHostNetworkMounts, castellanHostOverlayMounts, castellanHostMemoryMounts } = this.own.values
    return {
      network: castellanHostNetworkMounts === 'shown',
      overlay: castellanHostOverlayMounts === 'shown',
      memory: castellanHostMemoryMounts === 'shown',
    }
  }
}
