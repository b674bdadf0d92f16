/** SNMP-FRAMEWORK-MIB (RFC 3411), SNMP-MPD-MIB (RFC 3412) and the counters of SNMP-USER-BASED-SM-MIB and SNMP-TARGET-MIB. */
import { column, defineScalars } from '../../lib/mib/declare.ts'
import { counter32, integer32, octetString } from '../../lib/mib/syntax.ts'

const counter = (number: number) => column(number, counter32(), 'read-only', { presence: 'live' })

export const snmpEngineGroup = defineScalars({
  name: 'snmpEngine',
  oid: '1.3.6.1.6.3.10.2.1',
  objects: {
    snmpEngineID: column(1, octetString(5, 32, 'SnmpEngineID'), 'read-only', { presence: 'live' }),
    snmpEngineBoots: column(2, integer32(1, 0x7fff_ffff), 'read-only', { presence: 'live' }),
    snmpEngineTime: column(3, integer32(0, 0x7fff_ffff), 'read-only', { presence: 'live' }),
    snmpEngineMaxMessageSize: column(4, integer32(484, 0x7fff_ffff), 'read-only', { presence: 'live' }),
  },
})

export const snmpMpdStats = defineScalars({
  name: 'snmpMPDStats',
  oid: '1.3.6.1.6.3.11.2.1',
  objects: {
    snmpUnknownSecurityModels: counter(1),
    snmpInvalidMsgs: counter(2),
    snmpUnknownPDUHandlers: counter(3),
  },
})

export const usmStatsGroup = defineScalars({
  name: 'usmStats',
  oid: '1.3.6.1.6.3.15.1.1',
  objects: {
    usmStatsUnsupportedSecLevels: counter(1),
    usmStatsNotInTimeWindows: counter(2),
    usmStatsUnknownUserNames: counter(3),
    usmStatsUnknownEngineIDs: counter(4),
    usmStatsWrongDigests: counter(5),
    usmStatsDecryptionErrors: counter(6),
  },
})

export const snmpTargetCounters = defineScalars({
  name: 'snmpTargetCounters',
  oid: '1.3.6.1.6.3.12.1',
  objects: { snmpUnavailableContexts: counter(4), snmpUnknownContexts: counter(5) },
})
