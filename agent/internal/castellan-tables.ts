/** The tables of CASTELLAN-AGENT-MIB over what they show: targets, accounts, and whether files can be written. */
import type { OctetFigures } from '../../lib/bounds/octet-account.ts'
import { noFailures, type StorageFigures } from '../../lib/files/storage.ts'
import { anyServing, serve } from '../../lib/mib/module.ts'
import { reasonText } from '../../lib/mib/storage-group.ts'
import type { TargetCounts } from '../notify/originator.ts'
import type { Accounts } from '../trust/accounts.ts'
import { castellanAccountTable, castellanNotify, castellanStorage, castellanTargetTable } from './castellan-agent.ts'

export interface CastellanTablesOptions {
  readonly accounts: Accounts
  readonly storage: (() => StorageFigures) | undefined
  readonly counts: TargetCounts
}

export function castellanTables({ accounts, storage, counts }: CastellanTablesOptions) {
  const targets = serveTargets(counts)
  return {
    tables: [targets, serve(castellanNotify), serveAccounts(accounts), serveStorage(storage)].map(anyServing),
    /** castellanTargetTable has a row for each of these from here on. */
    showTargets(shown: readonly { readonly name: string }[]): void {
      targets.table.replaceAll(shown.map(({ name }) => ({ snmpTargetAddrName: name })))
    },
  }
}

function serveTargets(counts: TargetCounts) {
  return serve(castellanTargetTable, {
    live: {
      castellanTargetSent: ({ snmpTargetAddrName }) => counts.countsOf(snmpTargetAddrName).sent >>> 0,
      castellanTargetAcknowledged: ({ snmpTargetAddrName }) => counts.countsOf(snmpTargetAddrName).acknowledged >>> 0,
      castellanTargetLost: ({ snmpTargetAddrName }) => counts.countsOf(snmpTargetAddrName).lost >>> 0,
      castellanTargetWaiting: ({ snmpTargetAddrName }) => counts.countsOf(snmpTargetAddrName).waiting,
      castellanTargetLastError: ({ snmpTargetAddrName }) => counts.countsOf(snmpTargetAddrName).lastError,
    },
  })
}

function serveAccounts(accounts: Accounts) {
  const figures = new Map<string, OctetFigures>(Object.entries(accounts))
  const served = serve(castellanAccountTable, {
    live: {
      castellanAccountHeld: ({ castellanAccountName }) => figures.get(castellanAccountName)?.held ?? 0,
      castellanAccountMost: ({ castellanAccountName }) => figures.get(castellanAccountName)?.most ?? 0,
      castellanAccountRefused: ({ castellanAccountName }) => (figures.get(castellanAccountName)?.refused ?? 0) >>> 0,
    },
  })
  for (const castellanAccountName of figures.keys()) served.table.put({ castellanAccountName })
  return served
}

function serveStorage(storage: () => StorageFigures = noFailures) {
  const served = serve(castellanStorage, {
    live: {
      castellanStorageFailures: () => storage().failures >>> 0,
      castellanStorageUnkept: () => storage().unkept,
      castellanStorageReason: () => reasonText(storage()),
    },
  })
  served.table.put({})
  return served
}
