/** IF-MIB (RFC 2863): interfaces, the layers they stand in, the addresses they listen to, linkUp and linkDown. */
import { column, defineNotification, defineScalars, defineTable, foreignIndex } from '../../../lib/mib/declare.ts'
import { octetDisplayString } from '../../../lib/mib/octet-text.ts'
import {
  counter32,
  counter64,
  enumeration,
  gauge32,
  integer32,
  objectIdentifier,
  physAddress,
  rowStatus,
  timeStamp,
  timeTicks,
  truthValue,
} from '../../../lib/mib/syntax.ts'

export const interfacesGroup = defineScalars({
  name: 'interfaces',
  oid: '1.3.6.1.2.1.2',
  objects: { ifNumber: column(1, integer32(), 'read-only', { presence: 'live' }) },
})

const status = { up: 1, down: 2, testing: 3, unknown: 4, dormant: 5, notPresent: 6, lowerLayerDown: 7 } as const

export const ifTable = defineTable({
  name: 'ifTable',
  oid: '1.3.6.1.2.1.2.2',
  index: { ifIndex: column(1, integer32(1, 0x7fff_ffff)) },
  columns: {
    ifDescr: column(2, octetDisplayString()),
    ifType: column(
      3,
      // The types of IANAifType-MIB that a Linux host has; others show as other(1).
      enumeration(
        {
          other: 1,
          ethernetCsmacd: 6,
          ppp: 23,
          softwareLoopback: 24,
          propVirtual: 53,
          ieee80211: 71,
          tunnel: 131,
          l2vlan: 135,
          ieee8023adLag: 161,
          bridge: 209,
        },
        'IANAifType',
      ),
    ),
    ifMtu: column(4, integer32()),
    ifSpeed: column(5, gauge32()),
    ifPhysAddress: column(6, physAddress()),
    ifAdminStatus: column(7, enumeration({ up: 1, down: 2, testing: 3 })),
    ifOperStatus: column(8, enumeration(status)),
    ifLastChange: column(9, timeTicks()),
    ifInOctets: column(10, counter32()),
    ifInUcastPkts: column(11, counter32()),
    ifInNUcastPkts: column(12, counter32()),
    ifInDiscards: column(13, counter32()),
    ifInErrors: column(14, counter32()),
    ifInUnknownProtos: column(15, counter32()),
    ifOutOctets: column(16, counter32()),
    ifOutUcastPkts: column(17, counter32()),
    ifOutNUcastPkts: column(18, counter32()),
    ifOutDiscards: column(19, counter32()),
    ifOutErrors: column(20, counter32()),
    ifOutQLen: column(21, gauge32()),
    ifSpecific: column(22, objectIdentifier()),
  },
})

export const ifXTable = defineTable({
  name: 'ifXTable',
  oid: '1.3.6.1.2.1.31.1.1',
  index: { ifIndex: foreignIndex(ifTable.index.ifIndex) },
  columns: {
    ifName: column(1, octetDisplayString()),
    ifInMulticastPkts: column(2, counter32()),
    ifInBroadcastPkts: column(3, counter32()),
    ifOutMulticastPkts: column(4, counter32()),
    ifOutBroadcastPkts: column(5, counter32()),
    ifHCInOctets: column(6, counter64()),
    ifHCInUcastPkts: column(7, counter64()),
    ifHCInMulticastPkts: column(8, counter64()),
    ifHCInBroadcastPkts: column(9, counter64()),
    ifHCOutOctets: column(10, counter64()),
    ifHCOutUcastPkts: column(11, counter64()),
    ifHCOutMulticastPkts: column(12, counter64()),
    ifHCOutBroadcastPkts: column(13, counter64()),
    ifLinkUpDownTrapEnable: column(14, enumeration({ enabled: 1, disabled: 2 })),
    ifHighSpeed: column(15, gauge32()),
    ifPromiscuousMode: column(16, truthValue()),
    ifConnectorPresent: column(17, truthValue()),
    ifAlias: column(18, octetDisplayString(0, 64)),
    ifCounterDiscontinuityTime: column(19, timeStamp()),
  },
})

export const ifStackTable = defineTable({
  name: 'ifStackTable',
  oid: '1.3.6.1.2.1.31.1.2',
  index: {
    ifStackHigherLayer: column(1, integer32(0, 0x7fff_ffff), 'not-accessible'),
    ifStackLowerLayer: column(2, integer32(0, 0x7fff_ffff), 'not-accessible'),
  },
  columns: { ifStackStatus: column(3, rowStatus()) },
})

export const ifRcvAddressTable = defineTable({
  name: 'ifRcvAddressTable',
  oid: '1.3.6.1.2.1.31.1.4',
  index: {
    ifIndex: foreignIndex(ifTable.index.ifIndex),
    ifRcvAddressAddress: column(1, physAddress(), 'not-accessible'),
  },
  columns: {
    ifRcvAddressStatus: column(2, rowStatus()),
    ifRcvAddressType: column(3, enumeration({ other: 1, volatile: 2, nonVolatile: 3 })),
  },
})

export const ifMibObjects = defineScalars({
  name: 'ifMIBObjects',
  oid: '1.3.6.1.2.1.31.1',
  objects: {
    ifTableLastChange: column(5, timeTicks()),
    ifStackLastChange: column(6, timeTicks()),
  },
})

const { ifIndex, ifAdminStatus, ifOperStatus } = ifTable.columns

export const linkDown = defineNotification({
  name: 'linkDown',
  oid: '1.3.6.1.6.3.1.1.5.3',
  objects: { ifIndex, ifAdminStatus, ifOperStatus },
})

export const linkUp = defineNotification({
  name: 'linkUp',
  oid: '1.3.6.1.6.3.1.1.5.4',
  objects: { ifIndex, ifAdminStatus, ifOperStatus },
})
