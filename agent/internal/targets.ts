/** Who is told what, as tables: SNMP-TARGET-MIB and SNMP-NOTIFICATION-MIB, and what they mean for the originator. */
import { anyServing, type Change, type MibModule, type Refusal, serve } from '../../lib/mib/module.ts'
import { View } from '../../lib/mib/view.ts'
import { oid } from '../../lib/smi/oid.ts'
import type { Source } from '../../snmp/security/community.ts'
import { readTransport } from '../../snmp/transport/transport-address.ts'
import type { NotificationTarget } from '../notify/target.ts'
import { tagsOf } from './conventions.ts'
import { hasFittingMask } from './target-rules.ts'
import {
  snmpNotifyFilterProfileTable,
  snmpNotifyFilterTable,
  snmpNotifyTable,
  snmpTargetAddrTable,
  snmpTargetObjects,
  snmpTargetParamsTable,
} from './target-tables.ts'

export function targetTables() {
  const lock = serve(snmpTargetObjects)
  lock.table.put({ snmpTargetSpinLock: Math.floor(Math.random() * 0x7fff_ffff) })
  const addresses = serveAddresses()
  const params = serveParams()
  const notify = serve(snmpNotifyTable)
  const filters = serveFilters()

  const module: MibModule = {
    name: 'snmp-targets',
    description: 'SNMP-TARGET-MIB and SNMP-NOTIFICATION-MIB: who is told what (RFC 3413)',
    oid: oid('1.3.6.1.6.3.13'),
    tables: [...[lock, addresses, params, notify].map(anyServing), ...filters.tables],
  }
  return {
    module,
    configured: [...[addresses, params, notify].map(anyServing), ...filters.tables],
    filterNamed: filters.named,
    /** Addresses that a tag names, each with its mask. */
    sourcesOf: (tag: string): Source[] =>
      [...addresses.table.rows()]
        .filter((row) => row.snmpTargetAddrRowStatus === 'active' && tagsOf(row.snmpTargetAddrTagList).includes(tag))
        .map((row) => ({ address: row.snmpTargetAddrTAddress, mask: row.snmpTargetAddrTMask })),
    /** One for each address and kind of notification that a tag of it asks for. */
    targets(): NotificationTarget[] {
      const wanted = [...notify.table.rows()].filter((row) => row.snmpNotifyRowStatus === 'active')
      return [...addresses.table.rows()].flatMap((row) => {
        // One that is not ready has no address and no parameters yet.
        if (row.snmpTargetAddrRowStatus !== 'active') return []
        const address = readTransport(row.snmpTargetAddrTDomain, row.snmpTargetAddrTAddress)
        const parameters = params.table.get({ snmpTargetParamsName: row.snmpTargetAddrParams })
        if (!address || parameters?.snmpTargetParamsRowStatus !== 'active') return []
        const tags = tagsOf(row.snmpTargetAddrTagList)
        const kinds = new Set(wanted.filter((one) => tags.includes(one.snmpNotifyTag)).map((one) => one.snmpNotifyType))
        return [...kinds].map((kind) => ({
          name: row.snmpTargetAddrName,
          kind,
          ...address,
          timeoutMs: row.snmpTargetAddrTimeout * 10,
          retries: row.snmpTargetAddrRetryCount,
          version: parameters.snmpTargetParamsMPModel,
          securityModel: parameters.snmpTargetParamsSecurityModel,
          securityName: parameters.snmpTargetParamsSecurityName,
          securityLevel: parameters.snmpTargetParamsSecurityLevel,
          filter: filters.of(row.snmpTargetAddrParams),
        }))
      })
    },
  }
}

function serveAddresses() {
  return serve(snmpTargetAddrTable, {
    test(change) {
      const { after } = change
      if (after && !hasFittingMask(after)) return { status: 'inconsistentValue', column: 'snmpTargetAddrTMask' }
      return keepsWhileActive(change, 'snmpTargetAddrRowStatus', [
        'snmpTargetAddrTDomain',
        'snmpTargetAddrTAddress',
        'snmpTargetAddrTMask',
      ])
    },
  })
}

function serveParams() {
  return serve(snmpTargetParamsTable, {
    test: (change) =>
      keepsWhileActive(change, 'snmpTargetParamsRowStatus', [
        'snmpTargetParamsMPModel',
        'snmpTargetParamsSecurityModel',
        'snmpTargetParamsSecurityName',
        'snmpTargetParamsSecurityLevel',
      ]),
  })
}

/** Filter profiles, and the filters that they name. */
function serveFilters() {
  const profiles = serve(snmpNotifyFilterProfileTable)
  const filters = serve(snmpNotifyFilterTable)

  const named = (name: string): View | undefined => {
    const families = [...filters.table.rows()]
      .filter((row) => row.snmpNotifyFilterProfileName === name && row.snmpNotifyFilterRowStatus === 'active')
      .map((row) => ({
        subtree: row.snmpNotifyFilterSubtree,
        mask: row.snmpNotifyFilterMask,
        included: row.snmpNotifyFilterType === 'included',
      }))
    return families.length > 0 ? new View(families) : undefined
  }
  const of = (snmpTargetParamsName: string): View | undefined => {
    const profile = profiles.table.get({ snmpTargetParamsName })
    return profile?.snmpNotifyFilterProfileRowStatus === 'active'
      ? named(profile.snmpNotifyFilterProfileName)
      : undefined
  }
  return { tables: [profiles, filters].map(anyServing), named, of }
}

/** Columns that RFC 3413 lets be changed only while their row is not in service. */
function keepsWhileActive<R extends object>(
  { before, after, changes }: Change<R>,
  status: keyof R & string,
  columns: readonly (keyof R & string)[],
): Refusal | undefined {
  if (before?.[status] !== 'active' || after?.[status] !== 'active') return undefined
  const changed = columns.find((name) => name in changes && !isSame(before[name], after[name]))
  return changed && { status: 'inconsistentValue', column: changed }
}

function isSame(a: unknown, b: unknown): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0
  return Array.isArray(a) && Array.isArray(b) ? a.join('.') === b.join('.') : a === b
}
