/** What mib2 declares: the system group of SNMPv2-MIB (RFC 3418) here, the others by module in mib/. */
import { column, defineScalars } from '../../lib/mib/declare.ts'
import { displayString, integer32, objectIdentifier, timeTicks } from '../../lib/mib/syntax.ts'

export * from './mib/icmp.ts'
export * from './mib/interfaces.ts'
export * from './mib/ip.ts'
export * from './mib/ip-statistics.ts'
export * from './mib/routes.ts'
export * from './mib/tcp.ts'
export * from './mib/udp.ts'

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
