/** Who may do what, as tables: SNMP-COMMUNITY-MIB and SNMP-VIEW-BASED-ACM-MIB, and what they mean for the engine. */
import type { RowOf } from '../../lib/mib/declare.ts'
import { anyServing, type MibModule, serve } from '../../lib/mib/module.ts'
import type { ConfiguredRows } from '../../lib/mib/rules.ts'
import { type Oid, oid } from '../../lib/smi/oid.ts'
import type { Community, Source } from '../../snmp/security/community.ts'
import { guardedFamilies } from '../access/guarded-families.ts'
import { type AccessEntry, type GroupMember, type NamedFamily, Vacm } from '../access/vacm.ts'
import {
  defineCommunityTable,
  vacmAccessTable,
  vacmContextTable,
  vacmSecurityToGroupTable,
  vacmViews,
  vacmViewTreeFamilyTable,
} from './access-tables.ts'

/** `sourcesOf` gives the addresses that a transport tag names in snmpTargetAddrTable. */
export function accessTables(localEngineId: Uint8Array, sourcesOf: (tag: string) => readonly Source[]) {
  const communities = serve(defineCommunityTable(localEngineId))
  const contexts = serve(vacmContextTable)
  contexts.table.put({ vacmContextName: '' })
  const groups = serve(vacmSecurityToGroupTable)
  const access = serve(vacmAccessTable)
  const families = serve(vacmViewTreeFamilyTable)
  const lock = serve(vacmViews)
  lock.table.put({ vacmViewSpinLock: Math.floor(Math.random() * 0x7fff_ffff) })
  let guarded: readonly Oid[] = []

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
    /**
     * Keeps these subtrees out of the views of operators, and shows so in vacmViewTreeFamilyTable: to be called after its rows
     * have changed. The rows are readOnly, for only the file may say otherwise.
     */
    guard(subtrees: readonly Oid[]): void {
      guarded = subtrees
      for (const { viewName, subtree, mask } of guardedFamilies([...families.table.rows()].map(placeOf), guarded))
        families.table.put({
          vacmViewTreeFamilyViewName: viewName,
          vacmViewTreeFamilySubtree: subtree,
          vacmViewTreeFamilyMask: mask,
          vacmViewTreeFamilyType: 'excluded',
          vacmViewTreeFamilyStorageType: 'readOnly',
          vacmViewTreeFamilyStatus: 'active',
        })
    },
    vacm: (): Vacm =>
      new Vacm(
        membersOf(groups.table.rows()),
        entriesOf(access.table.rows()),
        familiesOf(families.table.rows(), guarded),
        new Set([...contexts.table.rows()].map(({ vacmContextName }) => vacmContextName)),
      ),
  }
}

/** The access rights that rows of files give, for rules about them; `guarded` subtrees as `guard` of accessTables has them. */
export function vacmOf(rows: ConfiguredRows, guarded: readonly Oid[] = []): Vacm {
  const only = <R>({ row }: { readonly row: R }): R => row
  return new Vacm(
    membersOf(rows.of(vacmSecurityToGroupTable).map(only)),
    entriesOf(rows.of(vacmAccessTable).map(only)),
    familiesOf(rows.of(vacmViewTreeFamilyTable).map(only), guarded),
  )
}

function membersOf(rows: Iterable<RowOf<typeof vacmSecurityToGroupTable>>): GroupMember[] {
  return [...rows]
    .filter((row) => row.vacmSecurityToGroupStatus === 'active')
    .map((row) => ({
      securityModel: row.vacmSecurityModel,
      securityName: row.vacmSecurityName,
      groupName: row.vacmGroupName,
    }))
}

function entriesOf(rows: Iterable<RowOf<typeof vacmAccessTable>>): AccessEntry[] {
  return [...rows]
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
    }))
}

type FamilyRow = RowOf<typeof vacmViewTreeFamilyTable>

function familiesOf(rows: Iterable<FamilyRow>, guarded: readonly Oid[]): NamedFamily[] {
  const active = [...rows]
    .filter((row) => row.vacmViewTreeFamilyStatus === 'active')
    .map((row) => ({
      ...placeOf(row),
      mask: row.vacmViewTreeFamilyMask,
      included: row.vacmViewTreeFamilyType === 'included',
    }))
  // A row that is out of service says nothing, and so takes no exclusion away.
  return [...active, ...guardedFamilies(active, guarded)]
}

function placeOf(row: FamilyRow): { readonly viewName: string; readonly subtree: Oid } {
  return { viewName: row.vacmViewTreeFamilyViewName, subtree: row.vacmViewTreeFamilySubtree }
}
