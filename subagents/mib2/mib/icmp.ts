/** The icmp group of RFC 1213 and the ICMP tables of IP-MIB (RFC 4293). */
import { column, defineScalars, defineTable } from '../../../lib/mib/declare.ts'
import { counter32, integer32 } from '../../../lib/mib/syntax.ts'
import { inetVersion } from './inet-address.ts'

export const icmpGroup = defineScalars({
  name: 'icmp',
  oid: '1.3.6.1.2.1.5',
  objects: {
    icmpInMsgs: column(1, counter32()),
    icmpInErrors: column(2, counter32()),
    icmpInDestUnreachs: column(3, counter32()),
    icmpInTimeExcds: column(4, counter32()),
    icmpInParmProbs: column(5, counter32()),
    icmpInSrcQuenchs: column(6, counter32()),
    icmpInRedirects: column(7, counter32()),
    icmpInEchos: column(8, counter32()),
    icmpInEchoReps: column(9, counter32()),
    icmpInTimestamps: column(10, counter32()),
    icmpInTimestampReps: column(11, counter32()),
    icmpInAddrMasks: column(12, counter32()),
    icmpInAddrMaskReps: column(13, counter32()),
    icmpOutMsgs: column(14, counter32()),
    icmpOutErrors: column(15, counter32()),
    icmpOutDestUnreachs: column(16, counter32()),
    icmpOutTimeExcds: column(17, counter32()),
    icmpOutParmProbs: column(18, counter32()),
    icmpOutSrcQuenchs: column(19, counter32()),
    icmpOutRedirects: column(20, counter32()),
    icmpOutEchos: column(21, counter32()),
    icmpOutEchoReps: column(22, counter32()),
    icmpOutTimestamps: column(23, counter32()),
    icmpOutTimestampReps: column(24, counter32()),
    icmpOutAddrMasks: column(25, counter32()),
    icmpOutAddrMaskReps: column(26, counter32()),
  },
})

export const icmpStatsTable = defineTable({
  name: 'icmpStatsTable',
  oid: '1.3.6.1.2.1.5.29',
  index: { icmpStatsIPVersion: column(1, inetVersion(), 'not-accessible') },
  columns: {
    icmpStatsInMsgs: column(2, counter32()),
    icmpStatsInErrors: column(3, counter32()),
    icmpStatsOutMsgs: column(4, counter32()),
    icmpStatsOutErrors: column(5, counter32()),
  },
})

export const icmpMsgStatsTable = defineTable({
  name: 'icmpMsgStatsTable',
  oid: '1.3.6.1.2.1.5.30',
  index: {
    icmpMsgStatsIPVersion: column(1, inetVersion(), 'not-accessible'),
    icmpMsgStatsType: column(2, integer32(0, 255), 'not-accessible'),
  },
  columns: {
    icmpMsgStatsInPkts: column(3, counter32()),
    icmpMsgStatsOutPkts: column(4, counter32()),
  },
})
