/** The system group of SNMPv2-MIB (RFC 3418) and IF-MIB (RFC 2863). */
import { column, defineNotification, defineScalars, defineTable, foreignIndex } from '../../lib/mib/declare.ts'
import {
  counter32,
  counter64,
  displayString,
  enumeration,
  gauge32,
  integer32,
  objectIdentifier,
  physAddress,
  timeStamp,
  timeTicks,
  truthValue,
} from '../../lib/mib/syntax.ts'

export const systemGroup = defineScalars({
  name: 'system',
  oid: '1.3.6.1.2.1.1',
  objects: {
    sysDescr: column(1, displayString()),
    sysObjectID: column(2, objectIdentifier()),
    sysUpTime: column(3, timeTicks(), 'read-only', { presence: 'live' }),
    sysContact: column(4, displayString(), 'read-write'),
    sysName: column(5, displayString(), 'read-write'),
    sysLocation: column(6, displayString(), 'read-write'),
    sysServices: column(7, integer32(0, 127)),
  },
  cnf: ['sysDescr', 'sysContact', 'sysName', 'sysLocation'],
})

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
    ifDescr: column(2, displayString()),
    ifType: column(
      3,
      // The types of IANAifType-MIB that a Linux host has; others show as other(1).
      enumeration(
        {
          other: 1,
          ethernetCsmacd: 6,
          ppp: 23,
          softwareLoopback: 24,
          ieee80211: 71,
          tunnel: 131,
          l2vlan: 135,
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
    ifName: column(1, displayString()),
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
    ifAlias: column(18, displayString(0, 64)),
    ifCounterDiscontinuityTime: column(19, timeStamp()),
  },
})

export const ifMibObjects = defineScalars({
  name: 'ifMIBObjects',
  oid: '1.3.6.1.2.1.31.1',
  objects: { ifTableLastChange: column(5, timeTicks()) },
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
