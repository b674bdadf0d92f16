/** TCP-MIB (RFC 4022), and tcpConnTable of RFC 1213 for managers that know no other. */
import { column, defineScalars, defineTable } from '../../../lib/mib/declare.ts'
import {
  counter32,
  counter64,
  enumeration,
  gauge32,
  integer32,
  ipAddress,
  unsigned32,
} from '../../../lib/mib/syntax.ts'
import { inetAddress, inetAddressType, inetPortNumber } from './inet-address.ts'

export const tcpGroup = defineScalars({
  name: 'tcp',
  oid: '1.3.6.1.2.1.6',
  objects: {
    tcpRtoAlgorithm: column(1, enumeration({ other: 1, constant: 2, rsre: 3, vanj: 4, rfc2988: 5 })),
    tcpRtoMin: column(2, integer32(0, 0x7fff_ffff)),
    tcpRtoMax: column(3, integer32(0, 0x7fff_ffff)),
    tcpMaxConn: column(4, integer32(-1, 0x7fff_ffff)),
    tcpActiveOpens: column(5, counter32()),
    tcpPassiveOpens: column(6, counter32()),
    tcpAttemptFails: column(7, counter32()),
    tcpEstabResets: column(8, counter32()),
    tcpCurrEstab: column(9, gauge32()),
    tcpInSegs: column(10, counter32()),
    tcpOutSegs: column(11, counter32()),
    tcpRetransSegs: column(12, counter32()),
    tcpInErrs: column(14, counter32()),
    tcpOutRsts: column(15, counter32()),
    tcpHCInSegs: column(17, counter64()),
    tcpHCOutSegs: column(18, counter64()),
  },
})

const states = {
  closed: 1,
  listen: 2,
  synSent: 3,
  synReceived: 4,
  established: 5,
  finWait1: 6,
  finWait2: 7,
  closeWait: 8,
  lastAck: 9,
  closing: 10,
  timeWait: 11,
  deleteTCB: 12,
} as const
export type TcpState = keyof typeof states

export const tcpConnTable = defineTable({
  name: 'tcpConnTable',
  oid: '1.3.6.1.2.1.6.13',
  index: {
    tcpConnLocalAddress: column(2, ipAddress()),
    tcpConnLocalPort: column(3, integer32(0, 65_535)),
    tcpConnRemAddress: column(4, ipAddress()),
    tcpConnRemPort: column(5, integer32(0, 65_535)),
  },
  columns: { tcpConnState: column(1, enumeration(states)) },
})

export const tcpConnectionTable = defineTable({
  name: 'tcpConnectionTable',
  oid: '1.3.6.1.2.1.6.19',
  index: {
    tcpConnectionLocalAddressType: column(1, inetAddressType(), 'not-accessible'),
    tcpConnectionLocalAddress: column(2, inetAddress(), 'not-accessible'),
    tcpConnectionLocalPort: column(3, inetPortNumber(), 'not-accessible'),
    tcpConnectionRemAddressType: column(4, inetAddressType(), 'not-accessible'),
    tcpConnectionRemAddress: column(5, inetAddress(), 'not-accessible'),
    tcpConnectionRemPort: column(6, inetPortNumber(), 'not-accessible'),
  },
  columns: {
    tcpConnectionState: column(7, enumeration(states)),
    tcpConnectionProcess: column(8, unsigned32()),
  },
})

export const tcpListenerTable = defineTable({
  name: 'tcpListenerTable',
  oid: '1.3.6.1.2.1.6.20',
  index: {
    tcpListenerLocalAddressType: column(1, inetAddressType(), 'not-accessible'),
    tcpListenerLocalAddress: column(2, inetAddress(), 'not-accessible'),
    tcpListenerLocalPort: column(3, inetPortNumber(), 'not-accessible'),
  },
  columns: { tcpListenerProcess: column(4, unsigned32()) },
})
