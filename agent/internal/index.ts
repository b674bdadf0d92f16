/** The modules that only the engine can answer for, and what their tables mean for the engine. */
import { column, defineTable } from '../../lib/mib/declare.ts'
import { anyServing, type MibModule, serve } from '../../lib/mib/module.ts'
import { text } from '../../lib/mib/syntax.ts'
import { oid } from '../../lib/smi/oid.ts'
import { Vacm } from '../access/vacm.ts'
import type { NotificationTarget } from '../notify/originator.ts'
import type { Community } from '../security/community.ts'
import type { Usm, UsmCounter, UsmUser } from '../security/usm/usm.ts'
import type { Statistics } from '../statistics.ts'
import {
  snmpCommunityTable,
  vacmAccessTable,
  vacmSecurityToGroupTable,
  vacmViewTreeFamilyTable,
} from './access-tables.ts'
import { readTransportAddress } from './conventions.ts'
import { snmpEngineGroup, snmpMpdStats, snmpTargetCounters, usmStatsGroup } from './engine-mibs.ts'
import { snmpGroup, snmpSet, sysOrGroup, sysOrTable } from './snmpv2-mib.ts'
import { snmpNotifyTable, snmpTargetAddrTable, snmpTargetParamsTable } from './target-tables.ts'
import { usmUserOf, usmUserTable } from './usm-users.ts'

/** Where the agent listens; a table of the file alone, served to nobody. */
const snmpListenTable = defineTable({
  name: 'snmpListenTable',
  oid: '0.0',
  index: { snmpListenAddress: column(1, text(1, 64), 'not-accessible') },
  columns: {},
  cnf: ['snmpListenAddress'],
})

/** `usm` gives nothing until the engine knows its boots; its objects are not there before. */
export function internalModules(statistics: Statistics, usm: () => Usm | undefined = () => undefined) {
  const count = (name: keyof Statistics) => () => statistics[name] >>> 0
  const refused = (name: UsmCounter) => () => {
    const found = usm()
    return found && found.stats[name] >>> 0
  }
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
  const serial = serve(snmpSet)
  serial.table.put({ snmpSetSerialNo: Math.floor(Math.random() * 0x7fff_ffff) })
  const lastChange = serve(sysOrGroup)
  lastChange.table.put({ sysORLastChange: 0 })
  const resources = serve(sysOrTable)

  const engine = serve(snmpEngineGroup, {
    live: {
      snmpEngineID: () => usm()?.identity.engineId,
      snmpEngineBoots: () => usm()?.identity.boots,
      snmpEngineTime: () => usm()?.identity.time(),
      snmpEngineMaxMessageSize: () => 65_507,
    },
  })
  const mpd = serve(snmpMpdStats, {
    live: {
      snmpUnknownSecurityModels: count('snmpUnknownSecurityModels'),
      snmpInvalidMsgs: count('snmpInvalidMsgs'),
      snmpUnknownPDUHandlers: count('snmpUnknownPDUHandlers'),
    },
  })
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
  const contexts = serve(snmpTargetCounters, {
    live: { snmpUnavailableContexts: () => 0, snmpUnknownContexts: count('snmpUnknownContexts') },
  })
  engine.table.put({})
  mpd.table.put({})
  usmStats.table.put({})
  contexts.table.put({})

  const users = serve(usmUserTable)
  const communities = serve(snmpCommunityTable)
  const groups = serve(vacmSecurityToGroupTable)
  const access = serve(vacmAccessTable)
  const families = serve(vacmViewTreeFamilyTable)
  const addresses = serve(snmpTargetAddrTable)
  const params = serve(snmpTargetParamsTable)
  const notify = serve(snmpNotifyTable)
  const listen = serve(snmpListenTable)

  const module: MibModule = {
    name: 'snmp',
    description: 'SNMPv2-MIB: the SNMP entity itself (RFC 3418)',
    oid: oid('1.3.6.1.6.3.1'),
    tables: [snmp, serial, lastChange, resources, engine, mpd, usmStats, contexts].map(anyServing),
  }
  const administration: MibModule = {
    name: 'snmp-administration',
    description: 'SNMP-COMMUNITY, VIEW-BASED-ACM, TARGET and NOTIFICATION MIBs: who may do what, and who is told',
    oid: oid('1.3.6.1.6.3.16'),
    tables: [communities, groups, access, families, addresses, params, notify].map(anyServing),
  }

  return {
    modules: [module, administration],
    /** Tables whose rows snmpd.cnf holds. */
    configured: [snmp, listen, users, communities, groups, access, families, addresses, params, notify].map(anyServing),
    administration,
    isAuthenTrapsEnabled: () => snmp.table.get({})?.snmpEnableAuthenTraps === 'enabled',
    listenAddresses: () => [...listen.table.rows()].map(({ snmpListenAddress }) => snmpListenAddress),
    /** Users whose rows make sense; `broken` names the others. */
    users: (): { users: UsmUser[]; broken: string[] } => {
      const rows = [...users.table.rows()].map((row) => ({ row, user: usmUserOf(row) }))
      return {
        users: rows.flatMap(({ user }) => user ?? []),
        broken: rows.filter(({ user }) => !user).map(({ row }) => row.usmUserName),
      }
    },
    communities: (): Community[] =>
      [...communities.table.rows()]
        .filter((row) => row.snmpCommunityStatus === 'active')
        .map((row) => ({
          name: row.snmpCommunityName,
          securityName: row.snmpCommunitySecurityName,
          contextName: row.snmpCommunityContextName,
        })),
    vacm: (): Vacm =>
      new Vacm(
        [...groups.table.rows()]
          .filter((row) => row.vacmSecurityToGroupStatus === 'active')
          .map((row) => ({
            securityModel: row.vacmSecurityModel,
            securityName: row.vacmSecurityName,
            groupName: row.vacmGroupName,
          })),
        [...access.table.rows()]
          .filter((row) => row.vacmAccessStatus === 'active')
          .map((row) => ({
            groupName: row.vacmGroupName,
            contextPrefix: row.vacmAccessContextPrefix,
            contextMatch: row.vacmAccessContextMatch,
            securityModel: row.vacmAccessSecurityModel,
            securityLevel: row.vacmAccessSecurityLevel,
            views: {
              read: row.vacmAccessReadViewName,
              write: row.vacmAccessWriteViewName,
              notify: row.vacmAccessNotifyViewName,
            },
          })),
        [...families.table.rows()]
          .filter((row) => row.vacmViewTreeFamilyStatus === 'active')
          .map((row) => ({
            viewName: row.vacmViewTreeFamilyViewName,
            subtree: row.vacmViewTreeFamilySubtree,
            mask: row.vacmViewTreeFamilyMask,
            included: row.vacmViewTreeFamilyType === 'included',
          })),
      ),
    targets: (): NotificationTarget[] => {
      const tags = new Set(
        [...notify.table.rows()].filter((row) => row.snmpNotifyRowStatus === 'active').map((row) => row.snmpNotifyTag),
      )
      return [...addresses.table.rows()].flatMap((row) => {
        const address = readTransportAddress(row.snmpTargetAddrTAddress)
        const parameters = params.table.get({ snmpTargetParamsName: row.snmpTargetAddrParams })
        const isChosen = row.snmpTargetAddrTagList.split(/\s+/).some((word) => tags.has(word))
        if (row.snmpTargetAddrRowStatus !== 'active' || parameters?.snmpTargetParamsRowStatus !== 'active') return []
        if (!address || !isChosen) return []
        return [
          {
            name: row.snmpTargetAddrName,
            ...address,
            version: parameters.snmpTargetParamsMPModel,
            securityModel: parameters.snmpTargetParamsSecurityModel,
            securityName: parameters.snmpTargetParamsSecurityName,
            securityLevel: parameters.snmpTargetParamsSecurityLevel,
          },
        ]
      })
    },
    /** Says in sysORTable which modules this agent serves (RFC 3418). */
    describeModules: (served: readonly MibModule[], upTimeTicks: number): void => {
      for (const [i, { oid: sysORID, description }] of served.entries()) {
        resources.table.put({ sysORIndex: i + 1, sysORID, sysORDescr: description, sysORUpTime: upTimeTicks })
      }
      lastChange.table.put({ sysORLastChange: upTimeTicks })
    },
  }
}
