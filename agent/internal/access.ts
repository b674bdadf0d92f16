/** Who may do what, as tables: SNMP-COMMUNITY-MIB and SNMP-VIEW-BASED-ACM-MIB, and what they mean for the engine. */
import { anyServing, type MibModule, serve } from '../../lib/mib/module.ts'
import { oid } from '../../lib/smi/oid.ts'
import { Vacm } from '../access/vacm.ts'
import type { Community, Source } from '../security/community.ts'
import {
  defineCommunityTable,
  vacmAccessTable,
  vacmContextTable,
  vacmSecurityToGroupTable,
  vacmViews,
  vacmViewTreeFamilyTable,
} from './access-tables.ts'

/** `sourcesOf` gives the addresses that a transport tag names in snmpTargetAddrTable. */
export function accessTables(localEngineId: () => Uint8Array, sourcesOf: (tag: string) => readonly Source[]) {
  const communities = serve(defineCommunityTable(localEngineId))
  const contexts = serve(vacmContextTable)
  contexts.table.put({ vacmContextName: '' })
  const groups = serve(vacmSecurityToGroupTable)
  const access = serve(vacmAccessTable)
  const families = serve(vacmViewTreeFamilyTable)
  const lock = serve(vacmViews)
  lock.table.put({ vacmViewSpinLock: Math.floor(Math.random() * 0x7fff_ffff) })

  const module: MibModule = {
    name: 'snmp-access',
    description: 'SNMP-VIEW-BASED-ACM-MIB: who may do what (RFC 3415), and the communities of RFC 3584',
    oid: oid('1.3.6.1.6.3.16'),
    tables: [communities, contexts, groups, access, families, lock].map(anyServing),
  }
  return {
    module,
    configured: [communities, groups, access, families].map(anyServing),
    communities: (): Community[] =>
      [...communities.table.rows()]
        .filter((row) => row.snmpCommunityStatus === 'active')
        .map((row) => ({
          name: row.snmpCommunityName,
          securityName: row.snmpCommunitySecurityName,
          contextName: row.snmpCommunityContextName,
          sources: row.snmpCommunityTransportTag === '' ? undefined : sourcesOf(row.snmpCommunityTransportTag),
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
        new Set([...contexts.table.rows()].map(({ vacmContextName }) => vacmContextName)),
      ),
  }
}
