/** UDP-MIB (RFC 4113), and udpTable of RFC 1213 for managers that know no other. */
import { column, defineScalars, defineTable } from '../../../lib/mib/declare.ts'
import { counter32, counter64, integer32, ipAddress, unsigned32 } from '../../../lib/mib/syntax.ts'
import { inetAddress, inetAddressType, inetPortNumber } from './inet-address.ts'

export const udpGroup = defineScalars({
  name: 'udp',
  oid: '1.3.6.1.2.1.7',
  objects: {
    udpInDatagrams: column(1, counter32()),
    udpNoPorts: column(2, counter32()),
    udpInErrors: column(3, counter32()),
    udpOutDatagrams: column(4, counter32()),
    udpHCInDatagrams: column(8, counter64()),
    udpHCOutDatagrams: column(9, counter64()),
  },
})

export const udpTable = defineTable({
  name: 'udpTable',
  oid: '1.3.6.1.2.1.7.5',
  entryName: 'udpEntry',
  index: { udpLocalAddress: column(1, ipAddress()), udpLocalPort: column(2, integer32(0, 65_535)) },
  columns: {},
})

export const udpEndpointTable = defineTable({
  name: 'udpEndpointTable',
  oid: '1.3.6.1.2.1.7.7',
  index: {
    udpEndpointLocalAddressType: column(1, inetAddressType(), 'not-accessible'),
    udpEndpointLocalAddress: column(2, inetAddress(), 'not-accessible'),
    udpEndpointLocalPort: column(3, inetPortNumber(), 'not-accessible'),
    udpEndpointRemoteAddressType: column(4, inetAddressType(), 'not-accessible'),
    udpEndpointRemoteAddress: column(5, inetAddress(), 'not-accessible'),
    udpEndpointRemotePort: column(6, inetPortNumber(), 'not-accessible'),
    udpEndpointInstance: column(7, unsigned32(1), 'not-accessible'),
  },
  columns: { udpEndpointProcess: column(8, unsigned32()) },
})
