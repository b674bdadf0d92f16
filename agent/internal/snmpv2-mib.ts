/** SNMPv2-MIB (RFC 3418) as far as only the engine can answer: the snmp and set groups, sysORTable. */
import { column, defineNotification, defineScalars, defineTable } from '../../lib/mib/declare.ts'
import {
  counter32,
  displayString,
  enumeration,
  integer32,
  objectIdentifier,
  testAndIncr,
  timeStamp,
} from '../../lib/mib/syntax.ts'

const counter = (number: number) => column(number, counter32(), 'read-only', { presence: 'live' })

export const snmpGroup = defineScalars({
  name: 'snmp',
  oid: '1.3.6.1.2.1.11',
  objects: {
    snmpInPkts: counter(1),
    snmpOutPkts: counter(2),
    snmpInBadVersions: counter(3),
    snmpInBadCommunityNames: counter(4),
    snmpInBadCommunityUses: counter(5),
    snmpInASNParseErrs: counter(6),
    snmpInTotalReqVars: counter(13),
    snmpInTotalSetVars: counter(14),
    snmpInGetRequests: counter(15),
    snmpInGetNexts: counter(16),
    snmpInSetRequests: counter(17),
    snmpOutTooBigs: counter(20),
    snmpOutGetResponses: counter(28),
    snmpOutTraps: counter(29),
    snmpEnableAuthenTraps: column(30, enumeration({ enabled: 1, disabled: 2 }), 'read-write'),
    snmpSilentDrops: counter(31),
    snmpProxyDrops: counter(32),
  },
  cnf: ['snmpEnableAuthenTraps'],
})

export const snmpSet = defineScalars({
  name: 'snmpSet',
  oid: '1.3.6.1.6.3.1.1.6',
  objects: { snmpSetSerialNo: column(1, testAndIncr(), 'read-write') },
})

export const sysOrGroup = defineScalars({
  name: 'systemOr',
  oid: '1.3.6.1.2.1.1',
  objects: { sysORLastChange: column(8, timeStamp()) },
})

export const sysOrTable = defineTable({
  name: 'sysORTable',
  oid: '1.3.6.1.2.1.1.9',
  index: { sysORIndex: column(1, integer32(1, 0x7fff_ffff), 'not-accessible') },
  columns: {
    sysORID: column(2, objectIdentifier()),
    sysORDescr: column(3, displayString()),
    sysORUpTime: column(4, timeStamp()),
  },
})

export const coldStart = defineNotification({ name: 'coldStart', oid: '1.3.6.1.6.3.1.1.5.1', objects: {} })
export const warmStart = defineNotification({ name: 'warmStart', oid: '1.3.6.1.6.3.1.1.5.2', objects: {} })
export const authenticationFailure = defineNotification({
  name: 'authenticationFailure',
  oid: '1.3.6.1.6.3.1.1.5.5',
  objects: {},
})
