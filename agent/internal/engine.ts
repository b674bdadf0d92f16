/** The SNMP entity itself: SNMPv2-MIB, SNMP-FRAMEWORK-MIB, SNMP-MPD-MIB, and the counters of the USM and TARGET modules. */
import { anyServing, type MibModule, serve } from '../../lib/mib/module.ts'
import { formatOid, type Oid, oid } from '../../lib/smi/oid.ts'
import { truncateUtf8 } from '../../lib/text/text.ts'
import type { Statistics } from '../../snmp/engine/statistics.ts'
import type { LocalV3 } from '../../snmp/local-v3.ts'
import type { UsmCounter } from '../../snmp/security/usm/usm.ts'
import { snmpEngineGroup, snmpMpdStats, snmpTargetCounters, usmStatsGroup } from './engine-mibs.ts'
import { snmpGroup, snmpSet, sysOrGroup, sysOrTable } from './snmpv2-mib.ts'

/** The objects of an engine whose SNMPv3 does not serve yet are not there. */
export function engineModule(statistics: Statistics, v3: LocalV3) {
  const snmp = serveSnmpGroup(statistics)
  const serial = serve(snmpSet)
  serial.table.put({ snmpSetSerialNo: Math.floor(Math.random() * 0x7fff_ffff) })
  const resources = serveResources()

  const engine = serve(snmpEngineGroup, {
    live: {
      snmpEngineID: () => v3.usm?.identity.engineId,
      snmpEngineBoots: () => v3.usm?.identity.boots,
      snmpEngineTime: () => v3.usm?.identity.time(),
      snmpEngineMaxMessageSize: () => 65_507,
    },
  })
  const mpd = serve(snmpMpdStats, {
    live: {
      snmpUnknownSecurityModels: () => statistics.snmpUnknownSecurityModels >>> 0,
      snmpInvalidMsgs: () => statistics.snmpInvalidMsgs >>> 0,
      snmpUnknownPDUHandlers: () => statistics.snmpUnknownPDUHandlers >>> 0,
    },
  })
  const usmStats = serveUsmStats(v3)
  const contexts = serve(snmpTargetCounters, {
    live: { snmpUnavailableContexts: () => 0, snmpUnknownContexts: () => statistics.snmpUnknownContexts >>> 0 },
  })
  engine.table.put({})
  mpd.table.put({})
  contexts.table.put({})

  const module: MibModule = {
    name: 'snmp',
    description: 'SNMPv2-MIB: the SNMP entity itself (RFC 3418)',
    oid: oid('1.3.6.1.6.3.1'),
    tables: [...[snmp, serial, engine, mpd, usmStats, contexts].map(anyServing), ...resources.tables],
  }
  return {
    module,
    configured: [anyServing(snmp)],
    isAuthenTrapsEnabled: () => snmp.table.get({})?.snmpEnableAuthenTraps === 'enabled',
    describeModules: resources.describe,
  }
}

function serveSnmpGroup(statistics: Statistics) {
  const count = (name: keyof Statistics) => () => statistics[name] >>> 0
  const snmp = serve(snmpGroup, {
    live: {
      snmpInPkts: count('snmpInPkts'),
      snmpOutPkts: count('snmpOutPkts'),
      snmpInBadVersions: count('snmpInBadVersions'),
      snmpInBadCommunityNames: count('snmpInBadCommunityNames'),
      snmpInBadCommunityUses: count('snmpInBadCommunityUses'),
      snmpInASNParseErrs: count('snmpInASNParseErrs'),
      snmpInTotalReqVars: count('snmpInTotalReqVars'),
      snmpInTotalSetVars: count('snmpInTotalSetVars'),
      snmpInGetRequests: count('snmpInGetRequests'),
      snmpInGetNexts: count('snmpInGetNexts'),
      snmpInSetRequests: count('snmpInSetRequests'),
      snmpOutTooBigs: count('snmpOutTooBigs'),
      snmpOutGetResponses: count('snmpOutGetResponses'),
      snmpOutTraps: count('snmpOutTraps'),
      snmpSilentDrops: count('snmpSilentDrops'),
      snmpProxyDrops: count('snmpProxyDrops'),
    },
  })
  snmp.table.put({ snmpEnableAuthenTraps: 'enabled' })
  return snmp
}

function serveUsmStats(v3: LocalV3) {
  const refused = (name: UsmCounter) => () => v3.usm && v3.usm.stats[name] >>> 0
  const usmStats = serve(usmStatsGroup, {
    live: {
      usmStatsUnsupportedSecLevels: refused('usmStatsUnsupportedSecLevels'),
      usmStatsNotInTimeWindows: refused('usmStatsNotInTimeWindows'),
      usmStatsUnknownUserNames: refused('usmStatsUnknownUserNames'),
      usmStatsUnknownEngineIDs: refused('usmStatsUnknownEngineIDs'),
      usmStatsWrongDigests: refused('usmStatsWrongDigests'),
      usmStatsDecryptionErrors: refused('usmStatsDecryptionErrors'),
    },
  })
  usmStats.table.put({})
  return usmStats
}

/** sysORTable. */
function serveResources() {
  const lastChange = serve(sysOrGroup)
  lastChange.table.put({ sysORLastChange: 0 })
  const resources = serve(sysOrTable)
  return {
    tables: [lastChange, resources].map(anyServing),
    /** Says what is supported here and by subagents (RFC 3418); rows that stay keep their time. */
    describe(served: readonly { readonly id: Oid; readonly description: string }[], upTimeTicks: number): void {
      const known = [...resources.table.rows()]
      resources.table.replaceAll(
        served.map(({ id: sysORID, description }, i) => {
          const sysORDescr = truncateUtf8(description, 255)
          const before = known.find(
            (row) => row.sysORDescr === sysORDescr && formatOid(row.sysORID) === formatOid(sysORID),
          )
          return { sysORIndex: i + 1, sysORID, sysORDescr, sysORUpTime: before?.sysORUpTime ?? upTimeTicks }
        }),
      )
      lastChange.table.put({ sysORLastChange: upTimeTicks })
    },
  }
}
