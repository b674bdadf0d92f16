/** SYSAPPL-MIB (RFC 2287): what is installed, what of it runs and ran; and CASTELLAN-SYSAPPL-MIB: packages that a file adds. */

import { column, defineScalars, defineTable, foreignIndex } from '../../lib/mib/declare.ts'
import { counter32, dateAndTime, enumeration, gauge32, text, timeTicks, unsigned32 } from '../../lib/mib/syntax.ts'
import { castellanArc } from '../../lib/smi/enterprise.ts'
import { elementType, longUtf8String, role, runState, unknownRole, utf8String } from './syntax.ts'

const installed = '1.3.6.1.2.1.54.1.1'
const run = '1.3.6.1.2.1.54.1.2'
const index = (number: number, min = 1) => column(number, unsigned32(min), 'not-accessible')
const maybe = { presence: 'maybe' } as const
const live = { presence: 'live' } as const

export const sysApplInstallPkgTable = defineTable({
  name: 'sysApplInstallPkgTable',
  oid: `${installed}.1`,
  index: { sysApplInstallPkgIndex: index(1) },
  columns: {
    sysApplInstallPkgManufacturer: column(2, utf8String()),
    sysApplInstallPkgProductName: column(3, utf8String()),
    sysApplInstallPkgVersion: column(4, utf8String()),
    sysApplInstallPkgSerialNumber: column(5, utf8String()),
    sysApplInstallPkgDate: column(6, dateAndTime(), 'read-only', maybe),
    sysApplInstallPkgLocation: column(7, longUtf8String()),
  },
})

const sysApplInstallPkgIndex = foreignIndex(sysApplInstallPkgTable.index.sysApplInstallPkgIndex)

export const sysApplInstallElmtTable = defineTable({
  name: 'sysApplInstallElmtTable',
  oid: `${installed}.2`,
  index: { sysApplInstallPkgIndex, sysApplInstallElmtIndex: index(1) },
  columns: {
    sysApplInstallElmtName: column(2, utf8String()),
    sysApplInstallElmtType: column(3, elementType()),
    sysApplInstallElmtDate: column(4, dateAndTime()),
    sysApplInstallElmtPath: column(5, longUtf8String()),
    sysApplInstallElmtSizeHigh: column(6, unsigned32()),
    sysApplInstallElmtSizeLow: column(7, unsigned32()),
    sysApplInstallElmtRole: column(8, role(), 'read-write'),
    sysApplInstallElmtModifyDate: column(9, dateAndTime()),
    sysApplInstallElmtCurSizeHigh: column(10, unsigned32()),
    sysApplInstallElmtCurSizeLow: column(11, unsigned32()),
  },
})

export const sysApplRunTable = defineTable({
  name: 'sysApplRunTable',
  oid: `${run}.1`,
  index: { sysApplInstallPkgIndex, sysApplRunIndex: index(1) },
  columns: {
    sysApplRunStarted: column(2, dateAndTime(), 'read-only', maybe),
    sysApplRunCurrentState: column(3, runState()),
  },
})

export const sysApplPastRunTable = defineTable({
  name: 'sysApplPastRunTable',
  oid: `${run}.2`,
  index: { sysApplInstallPkgIndex, sysApplPastRunIndex: index(1) },
  columns: {
    sysApplPastRunStarted: column(2, dateAndTime(), 'read-only', maybe),
    sysApplPastRunExitState: column(3, enumeration({ complete: 1, failed: 2, other: 3 })),
    sysApplPastRunTimeEnded: column(4, dateAndTime()),
  },
})

export const sysApplElmtRunTable = defineTable({
  name: 'sysApplElmtRunTable',
  oid: `${run}.3`,
  index: {
    sysApplElmtRunInstallPkg: index(1, 0),
    sysApplElmtRunInvocID: index(2, 0),
    sysApplElmtRunIndex: index(3, 0),
  },
  columns: {
    sysApplElmtRunInstallID: column(4, unsigned32()),
    sysApplElmtRunTimeStarted: column(5, dateAndTime(), 'read-only', maybe),
    sysApplElmtRunState: column(6, runState()),
    sysApplElmtRunName: column(7, longUtf8String()),
    sysApplElmtRunParameters: column(8, utf8String(), 'read-only', { contents: true }),
    sysApplElmtRunCPU: column(9, timeTicks()),
    sysApplElmtRunMemory: column(10, gauge32()),
    sysApplElmtRunNumFiles: column(11, gauge32(), 'read-only', maybe),
    sysApplElmtRunUser: column(12, utf8String()),
  },
})

export const sysApplElmtPastRunTable = defineTable({
  name: 'sysApplElmtPastRunTable',
  oid: `${run}.4`,
  index: {
    sysApplInstallPkgIndex,
    sysApplElmtPastRunInvocID: index(1),
    sysApplElmtPastRunIndex: index(2, 0),
  },
  columns: {
    sysApplElmtPastRunInstallID: column(3, unsigned32(1)),
    sysApplElmtPastRunTimeStarted: column(4, dateAndTime(), 'read-only', maybe),
    sysApplElmtPastRunTimeEnded: column(5, dateAndTime()),
    sysApplElmtPastRunName: column(6, longUtf8String()),
    sysApplElmtPastRunParameters: column(7, utf8String(), 'read-only', { contents: true }),
    sysApplElmtPastRunCPU: column(8, timeTicks()),
    sysApplElmtPastRunMemory: column(9, unsigned32()),
    sysApplElmtPastRunNumFiles: column(10, unsigned32(), 'read-only', maybe),
    sysApplElmtPastRunUser: column(11, utf8String()),
  },
})

/** A lesser bound than the MIB's own, as it allows: so many rows are some megabytes. */
export const pastRowsMost = 10_000
const pastRows = () => column(0, unsigned32(0, pastRowsMost), 'read-write', { defaultValue: 500 })
const timeLimitSeconds = () => column(0, unsigned32(), 'read-write', { defaultValue: 7200 })

export const sysApplRun = defineScalars({
  name: 'sysApplRun',
  oid: run,
  objects: {
    sysApplPastRunMaxRows: { ...pastRows(), number: 5 },
    sysApplPastRunTableRemItems: column(6, counter32(), 'read-only', live),
    sysApplPastRunTblTimeLimit: { ...timeLimitSeconds(), number: 7 },
    sysApplElemPastRunMaxRows: { ...pastRows(), number: 8 },
    sysApplElemPastRunTableRemItems: column(9, counter32(), 'read-only', live),
    sysApplElemPastRunTblTimeLimit: { ...timeLimitSeconds(), number: 10 },
    sysApplAgentPollInterval: column(11, unsigned32(), 'read-write', { defaultValue: 60 }),
  },
  cnf: [
    'sysApplPastRunMaxRows',
    'sysApplPastRunTblTimeLimit',
    'sysApplElemPastRunMaxRows',
    'sysApplElemPastRunTblTimeLimit',
    'sysApplAgentPollInterval',
  ],
})

export const sysApplMapTable = defineTable({
  name: 'sysApplMapTable',
  oid: '1.3.6.1.2.1.54.1.3.1',
  index: {
    sysApplElmtRunIndex: foreignIndex(sysApplElmtRunTable.index.sysApplElmtRunIndex),
    sysApplElmtRunInvocID: foreignIndex(sysApplElmtRunTable.index.sysApplElmtRunInvocID),
    sysApplMapInstallElmtIndex: index(1, 0),
  },
  columns: { sysApplMapInstallPkgIndex: column(2, unsigned32()) },
})

const own = `${castellanArc}.12.54.1`
const castellanText = (min = 0, max = 1024) => text(min, max, 'CastellanText')

export const castellanApplPackageTable = defineTable({
  name: 'castellanApplPackageTable',
  oid: `${own}.1`,
  index: { castellanApplPackageName: column(1, castellanText(1, 64), 'not-accessible') },
  columns: {
    castellanApplPackageManufacturer: column(2, castellanText(0, 255)),
    castellanApplPackageVersion: column(3, castellanText(0, 255)),
    castellanApplPackageLocation: column(4, castellanText()),
    castellanApplPackageDpkg: column(5, castellanText(0, 255), 'read-only', { defaultValue: '' }),
  },
  cnf: [
    'castellanApplPackageName',
    'castellanApplPackageManufacturer',
    'castellanApplPackageVersion',
    'castellanApplPackageLocation',
    'castellanApplPackageDpkg',
  ],
})

export const castellanApplElementTable = defineTable({
  name: 'castellanApplElementTable',
  oid: `${own}.2`,
  index: {
    castellanApplPackageName: foreignIndex(castellanApplPackageTable.index.castellanApplPackageName),
    castellanApplElementNumber: index(1),
  },
  columns: {
    castellanApplElementPath: column(2, castellanText(1)),
    castellanApplElementType: column(3, elementType(), 'read-only', { defaultValue: 'application' }),
    castellanApplElementRole: column(4, role(), 'read-only', { defaultValue: unknownRole }),
  },
  cnf: [
    'castellanApplPackageName',
    'castellanApplElementNumber',
    'castellanApplElementPath',
    'castellanApplElementType',
    'castellanApplElementRole',
  ],
})
