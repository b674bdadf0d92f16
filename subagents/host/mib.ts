/** HOST-RESOURCES-MIB (RFC 2790) but for printers, and CASTELLAN-HOST-MIB: what it has no place for. */

import { column, defineScalars, defineTable, foreignIndex } from '../../lib/mib/declare.ts'
import { octetDisplayString } from '../../lib/mib/octet-text.ts'
import {
  counter32,
  dateAndTime,
  displayString,
  enumeration,
  gauge32,
  integer32,
  octetString,
  timeTicks,
  truthValue,
} from '../../lib/mib/syntax.ts'
import { castellanArc } from '../../lib/smi/enterprise.ts'
import { autonomousType, dateOrUnknown, internationalDisplayString, kBytes, productId } from './syntax.ts'

const index = () => integer32(1, 0x7fff_ffff)
const indexOrZero = () => integer32(0, 0x7fff_ffff)
const maybe = { presence: 'maybe' } as const
const live = { presence: 'live' } as const

export const hrSystem = defineScalars({
  name: 'hrSystem',
  oid: '1.3.6.1.2.1.25.1',
  objects: {
    hrSystemUptime: column(1, timeTicks(), 'read-only', live),
    hrSystemDate: column(2, dateAndTime(), 'read-only', live),
    hrSystemInitialLoadDevice: column(3, index(), 'read-only', maybe),
    hrSystemInitialLoadParameters: column(4, internationalDisplayString(0, 128), 'read-only', { contents: true }),
    hrSystemNumUsers: column(5, gauge32()),
    hrSystemProcesses: column(6, gauge32(), 'read-only', live),
    hrSystemMaxProcesses: column(7, indexOrZero()),
  },
})

export const hrStorage = defineScalars({
  name: 'hrStorage',
  oid: '1.3.6.1.2.1.25.2',
  objects: { hrMemorySize: column(2, kBytes(), 'read-only', maybe) },
})

export const hrStorageTable = defineTable({
  name: 'hrStorageTable',
  oid: '1.3.6.1.2.1.25.2.3',
  index: { hrStorageIndex: column(1, index()) },
  columns: {
    hrStorageType: column(2, autonomousType()),
    hrStorageDescr: column(3, octetDisplayString()),
    hrStorageAllocationUnits: column(4, index()),
    hrStorageSize: column(5, indexOrZero()),
    hrStorageUsed: column(6, indexOrZero()),
    hrStorageAllocationFailures: column(7, counter32()),
  },
})

export const hrDeviceTable = defineTable({
  name: 'hrDeviceTable',
  oid: '1.3.6.1.2.1.25.3.2',
  index: { hrDeviceIndex: column(1, index()) },
  columns: {
    hrDeviceType: column(2, autonomousType()),
    hrDeviceDescr: column(3, octetDisplayString(0, 64)),
    hrDeviceID: column(4, productId()),
    hrDeviceStatus: column(5, enumeration({ unknown: 1, running: 2, warning: 3, testing: 4, down: 5 })),
    hrDeviceErrors: column(6, counter32()),
  },
})

const hrDeviceIndex = foreignIndex(hrDeviceTable.index.hrDeviceIndex)

export const hrProcessorTable = defineTable({
  name: 'hrProcessorTable',
  oid: '1.3.6.1.2.1.25.3.3',
  index: { hrDeviceIndex },
  columns: { hrProcessorFrwID: column(1, productId()), hrProcessorLoad: column(2, integer32(0, 100)) },
})

export const hrNetworkTable = defineTable({
  name: 'hrNetworkTable',
  oid: '1.3.6.1.2.1.25.3.4',
  index: { hrDeviceIndex },
  columns: { hrNetworkIfIndex: column(1, indexOrZero()) },
})

const access = { readWrite: 1, readOnly: 2 } as const

export const hrDiskStorageTable = defineTable({
  name: 'hrDiskStorageTable',
  oid: '1.3.6.1.2.1.25.3.6',
  index: { hrDeviceIndex },
  columns: {
    hrDiskStorageAccess: column(1, enumeration(access)),
    hrDiskStorageMedia: column(
      2,
      enumeration({
        other: 1,
        unknown: 2,
        hardDisk: 3,
        floppyDisk: 4,
        opticalDiskROM: 5,
        opticalDiskWORM: 6,
        opticalDiskRW: 7,
        ramDisk: 8,
      }),
    ),
    hrDiskStorageRemoveble: column(3, truthValue()), // so spelt in RFC 2790
    hrDiskStorageCapacity: column(4, kBytes()),
  },
})

export const hrPartitionTable = defineTable({
  name: 'hrPartitionTable',
  oid: '1.3.6.1.2.1.25.3.7',
  index: { hrDeviceIndex, hrPartitionIndex: column(1, index()) },
  columns: {
    hrPartitionLabel: column(2, internationalDisplayString(0, 128)),
    hrPartitionID: column(3, octetString()),
    hrPartitionSize: column(4, kBytes()),
    hrPartitionFSIndex: column(5, indexOrZero()),
  },
})

export const hrFSTable = defineTable({
  name: 'hrFSTable',
  oid: '1.3.6.1.2.1.25.3.8',
  index: { hrFSIndex: column(1, index()) },
  columns: {
    hrFSMountPoint: column(2, internationalDisplayString(0, 128)),
    hrFSRemoteMountPoint: column(3, internationalDisplayString(0, 128)),
    hrFSType: column(4, autonomousType()),
    hrFSAccess: column(5, enumeration(access)),
    hrFSBootable: column(6, truthValue()),
    hrFSStorageIndex: column(7, indexOrZero()),
    hrFSLastFullBackupDate: column(8, dateOrUnknown()),
    hrFSLastPartialBackupDate: column(9, dateOrUnknown()),
  },
})

export const hrSWRun = defineScalars({
  name: 'hrSWRun',
  oid: '1.3.6.1.2.1.25.4',
  objects: { hrSWOSIndex: column(1, index()) },
})

const softwareType = () => enumeration({ unknown: 1, operatingSystem: 2, deviceDriver: 3, application: 4 })
const performance = { entry: '1.3.6.1.2.1.25.5.1.1' } // hrSWRunPerfEntry augments hrSWRunEntry

export const hrSWRunTable = defineTable({
  name: 'hrSWRunTable',
  oid: '1.3.6.1.2.1.25.4.2',
  index: { hrSWRunIndex: column(1, index()) },
  columns: {
    hrSWRunName: column(2, internationalDisplayString(0, 64)),
    hrSWRunID: column(3, productId()),
    hrSWRunPath: column(4, internationalDisplayString(0, 128)),
    hrSWRunParameters: column(5, internationalDisplayString(0, 128), 'read-only', { contents: true }),
    hrSWRunType: column(6, softwareType()),
    hrSWRunStatus: column(7, enumeration({ running: 1, runnable: 2, notRunnable: 3, invalid: 4 })),
    hrSWRunPerfCPU: column(1, indexOrZero(), 'read-only', performance),
    hrSWRunPerfMem: column(2, kBytes(), 'read-only', performance),
  },
})

export const hrSWInstalled = defineScalars({
  name: 'hrSWInstalled',
  oid: '1.3.6.1.2.1.25.6',
  objects: {
    hrSWInstalledLastChange: column(1, timeTicks()),
    hrSWInstalledLastUpdateTime: column(2, timeTicks()),
  },
})

export const hrSWInstalledTable = defineTable({
  name: 'hrSWInstalledTable',
  oid: '1.3.6.1.2.1.25.6.3',
  index: { hrSWInstalledIndex: column(1, index()) },
  columns: {
    hrSWInstalledName: column(2, internationalDisplayString(0, 64)),
    hrSWInstalledID: column(3, productId()),
    hrSWInstalledType: column(4, softwareType()),
    hrSWInstalledDate: column(5, dateOrUnknown()),
  },
})

const own = `${castellanArc}.12.25.1`
const shown = { shown: 1, hidden: 2 } as const

export const castellanHost = defineScalars({
  name: 'castellanHost',
  oid: own,
  objects: {
    castellanHostNetworkMounts: column(1, enumeration(shown), 'read-write'),
    castellanHostOverlayMounts: column(2, enumeration(shown), 'read-write'),
    castellanHostMemoryMounts: column(3, enumeration(shown), 'read-write'),
    castellanHostMemoryPercent: column(4, gauge32(), 'read-only', maybe),
    castellanHostSwapPercent: column(5, gauge32(), 'read-only', maybe),
    castellanHostLoad1: column(6, gauge32(), 'read-only', maybe),
    castellanHostLoad5: column(7, gauge32(), 'read-only', maybe),
    castellanHostLoad15: column(8, gauge32(), 'read-only', maybe),
  },
  cnf: ['castellanHostNetworkMounts', 'castellanHostOverlayMounts', 'castellanHostMemoryMounts'],
})

export const castellanMountTable = defineTable({
  name: 'castellanMountTable',
  oid: `${own}.20`,
  index: { hrFSIndex: foreignIndex(hrFSTable.index.hrFSIndex) },
  columns: {
    castellanMountState: column(1, enumeration({ answering: 1, hung: 2, failing: 3 })),
    castellanMountAge: column(2, timeTicks(), 'read-only', live),
    castellanMountUsedPercent: column(3, gauge32(), 'read-only', maybe),
    castellanMountInodes: column(4, gauge32(), 'read-only', maybe),
    castellanMountInodesPercent: column(5, gauge32(), 'read-only', maybe),
  },
})

export const castellanSampleTable = defineTable({
  name: 'castellanSampleTable',
  oid: `${own}.21`,
  index: { castellanSampleIndex: column(1, integer32(1, 64), 'not-accessible') },
  columns: {
    castellanSampleName: column(2, displayString(1, 32)),
    castellanSampleAge: column(3, timeTicks(), 'read-only', live),
    castellanSampleState: column(4, enumeration({ fresh: 1, stale: 2, missing: 3 }), 'read-only', live),
    castellanSampleRows: column(5, gauge32(), 'read-only', live),
  },
})
